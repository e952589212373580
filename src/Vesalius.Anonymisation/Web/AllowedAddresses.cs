namespace Vesalius.Anonymisation;

/// <summary>Web addresses that scripts may read: each entry names scheme, host and port, and perhaps a folder.</summary>
public sealed class AllowedAddresses
{
    private readonly IReadOnlyList<Uri> _entries;

    private AllowedAddresses(IReadOnlyList<Uri> entries) => _entries = entries;

    /// <summary>True if nothing is allowed.</summary>
    public bool IsEmpty => _entries.Count == 0;

    /// <summary>Reads a list separated by blanks, commas or line ends. What is no http or https address with a host of its own allows nothing.</summary>
    public static AllowedAddresses Parse(string? text) => new(
        [.. (text ?? "").Split([' ', ',', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries)
            .Select(a => Uri.TryCreate(a, UriKind.Absolute, out var uri) && IsWeb(uri) && !a.Contains('*', StringComparison.Ordinal) ? uri : null).OfType<Uri>()]);

    /// <summary>True if an entry has this address's scheme, host and port, and its path is the address's or a folder above it.</summary>
    public bool Allow(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return IsWeb(address) && _entries.Any(e => e.Scheme == address.Scheme && e.Port == address.Port && string.Equals(e.IdnHost, address.IdnHost, StringComparison.OrdinalIgnoreCase) && Covers(e.AbsolutePath, address.AbsolutePath));
    }

    private static bool IsWeb(Uri uri) => uri.Scheme is "https" or "http" && uri.Host.Length > 0 && uri.UserInfo.Length == 0;

    // A server may read an encoded slash or dot as a way out of the folder.
    private static bool Covers(string entry, string path) => entry == "/" || path == entry
        || (path.StartsWith(entry.EndsWith('/') ? entry : entry + "/", StringComparison.Ordinal)
            && !path.Contains("%2f", StringComparison.OrdinalIgnoreCase) && !path.Contains("%2e", StringComparison.OrdinalIgnoreCase) && !path.Contains("%5c", StringComparison.OrdinalIgnoreCase));
}
