using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Vesalius.Import;

/// <summary>AES in counter mode over a file at any position (NIST SP 800-38A §6.5). Each file needs a key of its own, so that the counter may begin at zero.</summary>
internal static class CounterMode
{
    private const int Block = 16;

    /// <summary>Encrypts or decrypts bytes in place.</summary>
    /// <param name="aes">Holds the file's key.</param>
    /// <param name="bytes">What stands at <paramref name="position"/>.</param>
    /// <param name="position">Position in the file, in bytes.</param>
    public static void Apply(Aes aes, Span<byte> bytes, long position)
    {
        var first = position / Block;
        var blocks = (int)(((position + bytes.Length + Block - 1) / Block) - first);
        var counters = new byte[blocks * Block];
        for (var i = 0; i < blocks; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(counters.AsSpan((i * Block) + 8), first + i);
        }

        var stream = aes.EncryptEcb(counters, PaddingMode.None);
        var offset = (int)(position % Block);
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= stream[offset + i];
        }
    }

    /// <summary>Where a seek leads.</summary>
    /// <exception cref="IOException">Before the start, as with files; readers of damaged archives rely on it.</exception>
    public static long Seek(long offset, SeekOrigin origin, long position, long length)
    {
        var target = offset + origin switch
        {
            SeekOrigin.Begin => 0,
            SeekOrigin.Current => position,
            _ => length,
        };
        return target >= 0 ? target : throw new IOException("A position before the start.");
    }
}
