using System.Text.RegularExpressions;
using Dapper;

namespace Vesalius.Archive.DicomQueries;

/// <summary>How the value of a key is compared (PS3.4 §C.2.2.2).</summary>
public enum MatchKind
{
    /// <summary>Text, or wildcards.</summary>
    Text,
    /// <summary>One or several UIDs, or wildcards.</summary>
    Uid,
    /// <summary>DA: one date, a range, or wildcards.</summary>
    Date,
    /// <summary>TM: one time, a range, or wildcards.</summary>
    Time,
    /// <summary>One of several modalities.</summary>
    Modality,
}

/// <summary>Turns the value of a matching key into a condition; case never counts.</summary>
public static partial class AttributeMatch
{
    /// <summary>The condition, or null where every value does (empty, <c>-</c>).</summary>
    /// <exception cref="FormatException">A range with ends of another length than the VR has.</exception>
    internal static string? Condition(string column, MatchKind kind, string value, DynamicParameters parameters)
    {
        value = value.Trim();
        if (value is "" or "-" or "*")
        {
            return null;
        }

        if (kind == MatchKind.Modality)
        {
            return $"exists (select 1 from unnest({column}) m(v) where {Compare("m.v", MatchKind.Text, value.Equals("PET", StringComparison.OrdinalIgnoreCase) ? "PT" : value, parameters)})";
        }

        return Compare(column, kind, value, parameters);
    }

    private static string Compare(string column, MatchKind kind, string value, DynamicParameters parameters)
    {
        if (value.Contains('*', StringComparison.Ordinal) || value.Contains('?', StringComparison.Ordinal))
        {
            var pattern = value.ToLowerInvariant().Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal)
                .Replace("_", "\\_", StringComparison.Ordinal).Replace('*', '%').Replace('?', '_');
            return $"lower({column}) like {Add(parameters, pattern)}";
        }

        if (kind is MatchKind.Date or MatchKind.Time && value.Contains('-', StringComparison.Ordinal))
        {
            var range = (kind == MatchKind.Date ? DateRange() : TimeRange()).Match(value);
            if (!range.Success)
            {
                throw new FormatException(kind == MatchKind.Date ? "A range of dates is YYYYMMDD-YYYYMMDD, with either end left out." : "A range of times is HHMMSS-HHMMSS, with either end left out.");
            }

            // A whole-second end includes the second: times are kept to the second.
            return string.Join(" and ", new[] { (range.Groups[1], ">="), (range.Groups[2], "<=") }.Where(e => e.Item1.Length > 0)
                .Select(e => $"{column} {e.Item2} {Add(parameters, e.Item1.Value)}"));
        }

        return kind == MatchKind.Uid
            ? $"{column} = any({Add(parameters, value.Split([',', '\\'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))})"
            : $"lower({column}) = {Add(parameters, value.ToLowerInvariant())}";
    }

    /// <summary>True if a value that no column holds fits a key.</summary>
    public static bool Fits(string value, string key) => key.Trim() is "" or "-" or "*" || key.Split([',', '\\'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .Any(k => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(k, value, ignoreCase: true));

    private static string Add(DynamicParameters parameters, object value)
    {
        var name = $"k{parameters.ParameterNames.Count()}";
        parameters.Add(name, value);
        return "@" + name;
    }

    [GeneratedRegex(@"^([0-9]{8})?-([0-9]{8})?$")]
    private static partial Regex DateRange();

    [GeneratedRegex(@"^([0-9]{6})?-([0-9]{6})?$")]
    private static partial Regex TimeRange();
}
