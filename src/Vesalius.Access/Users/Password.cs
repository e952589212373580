using System.Globalization;
using System.Security.Cryptography;

namespace Vesalius.Access;

/// <summary>Hashes of passwords: PBKDF2 with SHA-512, 210,000 iterations (OWASP's figure), 16 bytes of salt.</summary>
public static class Password
{
    private const int Iterations = 210_000;

    /// <summary>Hashes a password.</summary>
    public static string Hash(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(16);
        return string.Create(CultureInfo.InvariantCulture, $"pbkdf2-sha512${Iterations}${Convert.ToBase64String(salt)}${Convert.ToBase64String(Derive(password, salt, Iterations))}");
    }

    /// <summary>True if the password is the one that was hashed.</summary>
    public static bool Verify(string password, string hash)
    {
        ArgumentNullException.ThrowIfNull(hash);
        var parts = hash.Split('$');
        return parts is ["pbkdf2-sha512", var iterations, var salt, var expected]
            && CryptographicOperations.FixedTimeEquals(
                Derive(password, Convert.FromBase64String(salt), int.Parse(iterations, CultureInfo.InvariantCulture)), Convert.FromBase64String(expected));
    }

    private static byte[] Derive(string password, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA512, 32);

    /// <summary>A random password of 20 letters and digits that cannot be mistaken for each other.</summary>
    public static string Random() => RandomNumberGenerator.GetString("abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", 20);
}
