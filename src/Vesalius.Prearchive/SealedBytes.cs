using System.Security.Cryptography;

namespace Vesalius.Prearchive;

/// <summary>Small texts encrypted for the database (AES-256-GCM): nonce, tag, ciphertext.</summary>
internal static class SealedBytes
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    /// <summary>Encrypts.</summary>
    public static byte[] Seal(byte[] key, byte[] plain)
    {
        var result = new byte[NonceLength + TagLength + plain.Length];
        RandomNumberGenerator.Fill(result.AsSpan(0, NonceLength));
        using var aes = new AesGcm(key, TagLength);
        aes.Encrypt(result.AsSpan(0, NonceLength), plain, result.AsSpan(NonceLength + TagLength), result.AsSpan(NonceLength, TagLength));
        return result;
    }

    /// <summary>Decrypts.</summary>
    /// <exception cref="CryptographicException">It was changed, or sealed with another key.</exception>
    public static byte[] Unseal(byte[] key, byte[] sealedBytes)
    {
        if (sealedBytes.Length < NonceLength + TagLength)
        {
            throw new CryptographicException("Too short.");
        }

        var plain = new byte[sealedBytes.Length - NonceLength - TagLength];
        using var aes = new AesGcm(key, TagLength);
        aes.Decrypt(sealedBytes.AsSpan(0, NonceLength), sealedBytes.AsSpan(NonceLength + TagLength), sealedBytes.AsSpan(NonceLength, TagLength), plain);
        return plain;
    }
}
