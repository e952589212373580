using System.Security.Cryptography;
using System.Text;

namespace Vesalius.QueryRetrieve;

/// <summary>Seals what has to be kept but not read in the database, and hashes what has to be found again but not read at all.</summary>
/// <param name="key">32 bytes, kept outside the database.</param>
public sealed class SecretSeal(byte[] key)
{
    private readonly byte[] _sealKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: "seal"u8.ToArray());
    private readonly byte[] _hashKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: "hash"u8.ToArray());

    /// <summary>Encrypts text (AES-256-GCM).</summary>
    public byte[] Seal(string text)
    {
        var plain = Encoding.UTF8.GetBytes(text);
        var result = new byte[12 + 16 + plain.Length];
        RandomNumberGenerator.Fill(result.AsSpan(0, 12));
        using var aes = new AesGcm(_sealKey, 16);
        aes.Encrypt(result.AsSpan(0, 12), plain, result.AsSpan(28), result.AsSpan(12, 16));
        return result;
    }

    /// <summary>Decrypts what <see cref="Seal"/> made.</summary>
    /// <exception cref="CryptographicException">It was made with another key, or changed.</exception>
    public string Open(byte[] secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        if (secret.Length < 28)
        {
            throw new CryptographicException("Too short.");
        }

        var plain = new byte[secret.Length - 28];
        using var aes = new AesGcm(_sealKey, 16);
        aes.Decrypt(secret.AsSpan(0, 12), secret.AsSpan(28), secret.AsSpan(12, 16), plain);
        return Encoding.UTF8.GetString(plain);
    }

    /// <summary>Keyed hash of a UID, 16 bytes.</summary>
    public byte[] Hash(string uid) => HMACSHA256.HashData(_hashKey, Encoding.UTF8.GetBytes(uid))[..16];
}
