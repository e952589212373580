using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Vesalius.Access;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>File names of received objects by the site's template (xapi B.6).</summary>
public static partial class FileNaming
{
    /// <summary>Template unless the site says otherwise.</summary>
    public const string DefaultTemplate = "${StudyInstanceUID}-${SeriesNumber}-${InstanceNumber}-${HashSOPClassUIDWithSOPInstanceUID}";

    [GeneratedRegex(@"\$\{(\w+)\}")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^Hash(\w+?)With(\w+)$")]
    private static partial Regex HashForm();

    /// <summary>What is wrong with a template; null if nothing.</summary>
    public static string? Fault(string template)
    {
        ArgumentNullException.ThrowIfNull(template);
        var names = Variable().Matches(template).Select(m => m.Groups[1].Value).ToList();
        foreach (var name in names)
        {
            if (Parts(name) is null)
            {
                return $"The file name template names {name}, which is no DICOM keyword and no Hash…With….";
            }
        }

        // Names that meet get a number, but a template that cannot tell objects apart is a mistake.
        return names.Exists(n => n.Contains("SOPInstanceUID", StringComparison.Ordinal) || n == "InstanceNumber") ? null
            : "The file name template tells the objects of a series not apart: it needs SOPInstanceUID or InstanceNumber.";
    }

    // One keyword, or the two of a hash; null if it is neither.
    private static Tag[]? Parts(string name) =>
        DataDictionary.TryFindKeyword(name, out var tag) ? [tag]
        : HashForm().Match(name) is { Success: true } match && DataDictionary.TryFindKeyword(match.Groups[1].Value, out var first) && DataDictionary.TryFindKeyword(match.Groups[2].Value, out var second)
            ? [first, second] : null;

    /// <summary>Names an object.</summary>
    /// <param name="named">The data set that names are taken from. Where a site script ran, the one it made, so that no original UID stands in a file name.</param>
    /// <param name="template">Template.</param>
    public static string Name(DataSet named, string template = DefaultTemplate)
    {
        ArgumentNullException.ThrowIfNull(named);
        var name = Variable().Replace(template, match => Parts(match.Groups[1].Value) switch
        {
            [var only] => Safe(named.GetString(only) ?? ""),
            [var first, var second] => Hash(named.GetString(first) ?? "", named.GetString(second) ?? ""),
            _ => "",
        });
        name = new string([.. name.Take(200).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '_')]).TrimStart('.');
        return (name.Length == 0 ? "object" : name) + ".dcm";
    }

    private static string Safe(string text) => new([.. text.Trim().Take(64).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : '_')]);

    // Base 36, as the original writes its hashes; 64 bits of SHA-256.
    private static string Hash(string first, string second)
    {
        const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";
        var number = new BigInteger(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{first}\n{second}"))).AsSpan(0, 8), isUnsigned: true);
        var text = new StringBuilder();
        while (number > 0)
        {
            text.Insert(0, Digits[(int)(number % 36)]);
            number /= 36;
        }

        return text.ToString();
    }
}

/// <summary>The site's file name template, asked for once in a while.</summary>
public sealed class FileNameTemplate(SiteSettings settings, TimeProvider time)
{
    /// <summary>Site setting that holds it.</summary>
    public const string Setting = "dicomFileNameTemplate";

    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(1);
    private volatile Known? _known;

    private sealed record Known(string Template, DateTimeOffset Until);

    /// <summary>The template in force; the default where the stored one cannot be used.</summary>
    public async Task<string> GetAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_known is { } known && known.Until > now)
        {
            return known.Template;
        }

        var stored = await settings.TextAsync(Setting, cancellationToken).ConfigureAwait(false);
        var template = FileNaming.Fault(stored) is null ? stored : FileNaming.DefaultTemplate;
        _known = new Known(template, now + Kept);
        return template;
    }
}
