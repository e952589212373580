using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Vesalius.Import;

/// <summary>Files that outlive the request that brings them: encrypted (AES in counter mode) with a key of their own, made from the site's cache key and a random number in front of the file (R11).</summary>
internal static class CacheFile
{
    /// <summary>Bytes in front of the content.</summary>
    public const int NonceLength = 16;

    /// <summary>The key of a file.</summary>
    public static Aes KeyOf(ReadOnlyMemory<byte> siteKey, ReadOnlySpan<byte> nonce)
    {
        var aes = Aes.Create();
        aes.Key = HMACSHA256.HashData(siteKey.Span, nonce);
        return aes;
    }

    /// <summary>The key of an open file; null if the file is shorter than its beginning.</summary>
    public static Aes? KeyOf(ReadOnlyMemory<byte> siteKey, SafeFileHandle handle)
    {
        var nonce = new byte[NonceLength];
        return RandomAccess.Read(handle, nonce, 0) < NonceLength ? null : KeyOf(siteKey, nonce);
    }

    /// <summary>Opens a file as it was sent; null if there is none.</summary>
    public static Stream? OpenRead(string path, ReadOnlyMemory<byte> siteKey)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        if (KeyOf(siteKey, handle) is not { } aes)
        {
            handle.Dispose();
            return null;
        }

        return new DecryptingStream(handle, aes);
    }

    private sealed class DecryptingStream(SafeFileHandle handle, Aes aes) : Stream
    {
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => RandomAccess.GetLength(handle) - NonceLength;

        public override long Position
        {
            get => _position;
            set => _position = value;
        }

        public override int Read(Span<byte> buffer)
        {
            var read = RandomAccess.Read(handle, buffer, NonceLength + _position);
            CounterMode.Apply(aes, buffer[..read], _position);
            _position += read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override long Seek(long offset, SeekOrigin origin) => _position = CounterMode.Seek(offset, origin, _position, Length);

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            handle.Dispose();
            aes.Dispose();
            base.Dispose(disposing);
        }
    }
}
