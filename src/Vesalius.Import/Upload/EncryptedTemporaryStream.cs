using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Vesalius.Import;

/// <summary>A temporary file that nobody can read afterwards: encrypted with a key that only this process ever held (AES in counter mode). Removed on dispose (R11).</summary>
public sealed class EncryptedTemporaryStream : Stream
{
    private readonly string _path;
    private readonly SafeFileHandle _handle;
    private readonly Aes _aes = Aes.Create();
    private long _position;
    private long _length;

    /// <summary>Makes an empty one.</summary>
    /// <param name="folder">Where the file lies.</param>
    public EncryptedTemporaryStream(string folder)
    {
        Directory.CreateDirectory(folder);
        _path = Path.Combine(folder, $"{Guid.NewGuid():N}.upload");
        _handle = File.OpenHandle(_path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.None);
        _aes.KeySize = 256;
        _aes.GenerateKey();
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override long Position
    {
        get => _position;
        set => _position = value;
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var read = RandomAccess.Read(_handle, buffer[..(int)Math.Min(buffer.Length, Math.Max(0, _length - _position))], _position);
        CounterMode.Apply(_aes, buffer[..read], _position);
        _position += read;
        return read;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        var encrypted = buffer.ToArray();
        CounterMode.Apply(_aes, encrypted, _position);
        RandomAccess.Write(_handle, encrypted, _position);
        _position += buffer.Length;
        _length = Math.Max(_length, _position);
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => _position = CounterMode.Seek(offset, origin, _position, _length);

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _handle.Dispose();
        _aes.Dispose();
        File.Delete(_path);
        base.Dispose(disposing);
    }
}
