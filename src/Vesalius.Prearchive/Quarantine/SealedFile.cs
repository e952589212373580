using System.Buffers.Binary;
using System.Security.Cryptography;
using Vesalius.Archive.Storage;

namespace Vesalius.Prearchive;

/// <summary>Files encrypted in blocks (AES-256-GCM): a changed, moved or missing block is noticed.</summary>
/// <remarks>Magic (8 bytes), then blocks: length of the plain text (4, little endian), nonce (12), tag (16), ciphertext. Number and end of the file are authenticated with each
/// block. Files without the magic are of an older form, whose blocks are authenticated singly.</remarks>
internal static class SealedFile
{
    internal const int BlockLength = 1 << 20;
    internal const int NonceLength = 12;
    internal const int TagLength = 16;
    internal const int Overhead = 4 + NonceLength + TagLength;

    internal static ReadOnlySpan<byte> Magic => "VSLSEAL2"u8;

    /// <summary>Writes and flushes a new file and its folder's entry; what could not be written whole is removed.</summary>
    /// <returns>Bytes of plain text.</returns>
    public static async Task<long> WriteAsync(string path, byte[] key, Func<Stream, Task> content)
    {
        try
        {
            var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous);
            using (handle)
            {
                var stream = new SealingStream(handle, key);
                await using (stream.ConfigureAwait(false))
                {
                    await content(stream).ConfigureAwait(false);
                    await stream.FinishAsync().ConfigureAwait(false);
                    DurableFile.Flush(handle);
                    DurableFile.FlushFolder(Path.GetDirectoryName(path)!);
                    return stream.Length;
                }
            }
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Opens a file; it is decrypted block by block as it is read.</summary>
    public static Stream OpenRead(string path, byte[] key) => new UnsealingStream(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16), key);

    /// <summary>What is authenticated with a block.</summary>
    internal static byte[] Authenticated(long number, bool isLast)
    {
        var bytes = new byte[9];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        bytes[8] = isLast ? (byte)1 : (byte)0;
        return bytes;
    }
}

/// <summary>Encrypts what is written to it.</summary>
internal sealed class SealingStream(Microsoft.Win32.SafeHandles.SafeFileHandle handle, byte[] key) : Stream
{
    private readonly AesGcm _cipher = new(key, SealedFile.TagLength);
    private readonly byte[] _block = new byte[SealedFile.BlockLength];
    private int _filled;
    private long _number;
    private long _position;
    private long _length;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _length;

    public override long Position
    {
        get => _length;
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (buffer.Length > 0)
        {
            if (_filled == _block.Length)
            {
                await WriteBlockAsync(isLast: false).ConfigureAwait(false);
            }

            var count = Math.Min(buffer.Length, _block.Length - _filled);
            buffer.Span[..count].CopyTo(_block.AsSpan(_filled));
            _filled += count;
            _length += count;
            buffer = buffer[count..];
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Writes what is left; without it the file is not whole.</summary>
    public Task FinishAsync() => WriteBlockAsync(isLast: true);

    private async Task WriteBlockAsync(bool isLast)
    {
        if (_position == 0)
        {
            await RandomAccess.WriteAsync(handle, SealedFile.Magic.ToArray(), 0).ConfigureAwait(false);
            _position = SealedFile.Magic.Length;
        }

        var sealedBlock = new byte[SealedFile.Overhead + _filled];
        BinaryPrimitives.WriteInt32LittleEndian(sealedBlock, _filled);
        var nonce = sealedBlock.AsSpan(4, SealedFile.NonceLength);
        RandomNumberGenerator.Fill(nonce);
        _cipher.Encrypt(
            nonce, _block.AsSpan(0, _filled), sealedBlock.AsSpan(SealedFile.Overhead), sealedBlock.AsSpan(4 + SealedFile.NonceLength, SealedFile.TagLength), SealedFile.Authenticated(_number, isLast));
        await RandomAccess.WriteAsync(handle, sealedBlock, _position).ConfigureAwait(false);
        _position += sealedBlock.Length;
        _filled = 0;
        _number++;
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        CryptographicOperations.ZeroMemory(_block);
        _cipher.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>Decrypts as it is read, from the beginning to the end.</summary>
internal sealed class UnsealingStream : Stream
{
    private readonly Stream _source;
    private readonly AesGcm _cipher;
    private readonly bool _isNumbered;
    private byte[] _block = [];
    private int _position;
    private long _number;
    private bool _hasEnded;

    public UnsealingStream(Stream source, byte[] key)
    {
        _source = source;
        _cipher = new AesGcm(key, SealedFile.TagLength);
        var magic = new byte[SealedFile.Magic.Length];
        _isNumbered = source.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.AsSpan().SequenceEqual(SealedFile.Magic);
        if (!_isNumbered)
        {
            source.Position = 0;
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="CryptographicException">The file was changed or cut off, or the key is another.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (_position == _block.Length)
        {
            if (_hasEnded || !ReadBlock())
            {
                return 0;
            }
        }

        var count = Math.Min(buffer.Length, _block.Length - _position);
        _block.AsSpan(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    private bool ReadBlock()
    {
        var header = new byte[SealedFile.Overhead];
        var read = _source.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        if (read == 0 && !_isNumbered)
        {
            return false;
        }

        var length = read == header.Length ? BinaryPrimitives.ReadInt32LittleEndian(header) : -1;
        if (length is < 0 or > SealedFile.BlockLength)
        {
            throw new CryptographicException("The file is cut off or changed.");
        }

        var sealedText = new byte[length];
        if (_source.ReadAtLeast(sealedText, length, throwOnEndOfStream: false) < length)
        {
            throw new CryptographicException("The file is cut off.");
        }

        var plain = new byte[length];
        _hasEnded = _isNumbered && _source.Position == _source.Length;
        _cipher.Decrypt(
            header.AsSpan(4, SealedFile.NonceLength), sealedText, header.AsSpan(4 + SealedFile.NonceLength), plain, _isNumbered ? SealedFile.Authenticated(_number, _hasEnded) : null);
        _number++;
        (_block, _position) = (plain, 0);
        return true;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _source.Dispose();
        _cipher.Dispose();
        base.Dispose(disposing);
    }
}
