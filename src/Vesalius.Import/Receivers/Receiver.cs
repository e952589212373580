using System.Net;
using System.Text.RegularExpressions;

namespace Vesalius.Import;

/// <summary>A receiver of C-STORE (xapi B.1).</summary>
public sealed record Receiver
{
    /// <summary>Key; 0 for one that is not stored yet.</summary>
    public long Id { get; init; }

    /// <summary>AE title that senders call.</summary>
    public string AeTitle { get; init; } = "";

    /// <summary>TCP port.</summary>
    public int Port { get; init; }

    /// <summary>How objects are identified.</summary>
    public string Identifier { get; init; } = Identifiers[0];

    /// <summary>Bean that names files; kept for clients.</summary>
    public string? FileNamer { get; init; }

    /// <summary>Takes associations.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Archive processors run for it.</summary>
    public bool CustomProcessing { get; init; }

    /// <summary>Objects go straight to the archive.</summary>
    public bool DirectArchive { get; init; }

    /// <summary>False: neither site nor project script runs on what it receives.</summary>
    public bool AnonymizationEnabled { get; init; } = true;

    /// <summary>Only callers on the list may send.</summary>
    public bool WhitelistEnabled { get; init; }

    /// <summary><c>AE</c>, <c>IP</c>, <c>IP/CIDR</c>, <c>AE@IP</c> or <c>AE@IP/CIDR</c>.</summary>
    public string[] Whitelist { get; init; } = [];

    /// <summary>The three expressions are in force.</summary>
    public bool RoutingExpressionsEnabled { get; init; }

    /// <summary>Rules for the project.</summary>
    public string? ProjectRoutingExpression { get; init; }

    /// <summary>Rules for the subject.</summary>
    public string? SubjectRoutingExpression { get; init; }

    /// <summary>Rules for the session.</summary>
    public string? SessionRoutingExpression { get; init; }

    /// <summary>Its port speaks TLS only. Null, where a client does not know of it: as it was.</summary>
    public bool? Tls { get; init; }

    /// <summary>When it was made.</summary>
    public DateTime Created { get; init; }

    /// <summary>Last change.</summary>
    public DateTime Timestamp { get; init; }

    /// <summary>Object identifiers that exist.</summary>
    public static IReadOnlyList<string> Identifiers { get; } = ["dicomObjectIdentifier", "dqrObjectIdentifier"];

    /// <summary>What is wrong with it; null if nothing.</summary>
    public string? Fault()
    {
        if (AeTitle.Length is < 1 or > 16 || AeTitle.Trim() != AeTitle || AeTitle.Any(c => c is < ' ' or > '~' or '\\'))
        {
            return "The AE title must have 1 to 16 printable characters, no blank at either end and no backslash.";
        }

        if (Port is < 1 or > 65535)
        {
            return "The port must be a number from 1 to 65535.";
        }

        if (!Identifiers.Contains(Identifier))
        {
            return $"The receiver names an unknown DICOM Object Identifier '{Identifier}'.";
        }

        if (Identifier == "dqrObjectIdentifier" && RoutingExpressionsEnabled)
        {
            return $"The identifier '{Identifier}' does not support custom routing but custom routing is enabled.";
        }

        return Array.Find(Whitelist, e => WhitelistEntry.Parse(e) is null) is not null
            ? "A whitelist entry is not of the form AE, IP, IP/CIDR, AE@IP or AE@IP/CIDR."
            : new[] { ProjectRoutingExpression, SubjectRoutingExpression, SessionRoutingExpression }
                .Where(e => !string.IsNullOrWhiteSpace(e)).Select(e => RoutingExpression.Parse(e!).Fault).FirstOrDefault(f => f is not null);
    }

    /// <summary>True if a caller may send.</summary>
    public bool Admits(string callingAeTitle, IPAddress address) =>
        !WhitelistEnabled || Whitelist.Any(e => WhitelistEntry.Parse(e)?.Fits(callingAeTitle, address) == true);

    /// <summary>Its rules, if they are in force.</summary>
    public ReceiverRules? Rules() => RoutingExpressionsEnabled
        ? new ReceiverRules(Compile(ProjectRoutingExpression), Compile(SubjectRoutingExpression), Compile(SessionRoutingExpression))
        : null;

    private static RoutingExpression? Compile(string? text) => string.IsNullOrWhiteSpace(text) ? null : RoutingExpression.Parse(text).Expression;
}

/// <summary>An entry of a whitelist.</summary>
/// <param name="AeTitle">AE title; null for any.</param>
/// <param name="Network">Addresses; null for any.</param>
public sealed partial record WhitelistEntry(string? AeTitle, IPNetwork? Network)
{
    [GeneratedRegex(@"^[\x20-\x7E-[\\@]]{1,16}$")]
    private static partial Regex Title();

    /// <summary>Reads an entry; null if it is none.</summary>
    public static WhitelistEntry? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0)
        {
            return Title().IsMatch(text[..at]) && ParseNetwork(text[(at + 1)..]) is { } network ? new WhitelistEntry(text[..at], network) : null;
        }

        if (ParseNetwork(text) is { } only)
        {
            return new WhitelistEntry(null, only);
        }

        return Title().IsMatch(text) && !text.Contains('/', StringComparison.Ordinal) ? new WhitelistEntry(text, null) : null;
    }

    private static IPNetwork? ParseNetwork(string text)
    {
        if (text.Contains('/', StringComparison.Ordinal))
        {
            var parts = text.Split('/');
            if (parts.Length != 2 || !IPAddress.TryParse(parts[0], out var start) || !int.TryParse(parts[1], out var bits)
                || bits < 0 || bits > (start.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128))
            {
                return null;
            }

            // Bits behind the prefix are allowed to be set, as in 10.1.2.3/8.
            var bytes = start.GetAddressBytes();
            for (var i = 0; i < bytes.Length; i++)
            {
                var keep = Math.Clamp(bits - (i * 8), 0, 8);
                bytes[i] &= (byte)(0xFF << (8 - keep));
            }

            return new IPNetwork(new IPAddress(bytes), bits);
        }

        return text.Any(c => c is '.' or ':') && IPAddress.TryParse(text, out var address)
            ? new IPNetwork(address, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128)
            : null;
    }

    /// <summary>True if a caller is meant.</summary>
    public bool Fits(string aeTitle, IPAddress address) => (AeTitle is null || AeTitle == aeTitle) && (Network is null || Network.Value.Contains(address));
}
