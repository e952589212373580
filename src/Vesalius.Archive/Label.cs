using System.Text;

namespace Vesalius.Archive;

/// <summary>Rules for project IDs and labels: letters, digits, <c>_</c> and <c>-</c>, at most 64 characters.</summary>
public static class Label
{
    /// <summary>Longest label in characters.</summary>
    public const int MaximumLength = 64;

    /// <summary>True if the text may be used as it is.</summary>
    public static bool IsValid(string? text) => !string.IsNullOrEmpty(text) && text.Length <= MaximumLength && text.All(IsAllowed);

    private static bool IsAllowed(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-';

    /// <summary>Makes a label of any text: trimmed, what is not allowed replaced by <c>_</c>, cut to 64 characters. Empty stays empty.</summary>
    public static string From(string? text)
    {
        var result = new StringBuilder();
        foreach (var c in (text ?? "").Trim())
        {
            result.Append(IsAllowed(c) ? c : '_');
            if (result.Length == MaximumLength)
            {
                break;
            }
        }

        return result.ToString();
    }
}
