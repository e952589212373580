using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Vesalius.Access;

/// <summary>The form of e-mail addresses.</summary>
public static partial class EmailAddress
{
    /// <summary>True if mail could be sent there: one <c>@</c>, a domain with a dot, no blanks or control characters, at most 254 characters (RFC 5321 §4.5.3.1).</summary>
    public static bool IsValid([NotNullWhen(true)] string? text) => text is { Length: <= 254 } && Form().IsMatch(text);

    [GeneratedRegex(@"^[^@\s\p{C}<>(),;:\\""\[\]]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
