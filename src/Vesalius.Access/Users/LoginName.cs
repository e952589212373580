using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Vesalius.Access;

/// <summary>The form of logins.</summary>
public static partial class LoginName
{
    /// <summary>True for 1 to 255 letters, digits, <c>. _ @ -</c>.</summary>
    public static bool IsValid([NotNullWhen(true)] string? text) => text is not null && Form().IsMatch(text);

    [GeneratedRegex(@"^[\p{L}\p{Nd}._@-]{1,255}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
