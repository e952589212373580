using Vesalius.Archive.Types;

namespace Vesalius.Archive.Search;

/// <summary>A column of a search's result (rest-api §19.3).</summary>
/// <param name="Key">Name in the rows.</param>
/// <param name="ElementName">Type that it belongs to.</param>
/// <param name="Id">Field ID.</param>
/// <param name="Header">Header for people.</param>
/// <param name="Kind">What its text is.</param>
/// <param name="Visible">Whether people see it.</param>
public sealed record SearchColumn(string Key, string ElementName, string Id, string Header, ValueKind Kind, bool Visible)
{
    /// <summary>Element and field, without a parameter.</summary>
    public string XPath => $"{ElementName}.{Id.Split('=')[0].ToUpperInvariant()}";

    /// <summary>XNAT's name of the kind.</summary>
    public string Type => Kind switch
    {
        ValueKind.Integer => "integer",
        ValueKind.Float => "float",
        ValueKind.Date => "date",
        ValueKind.Time => "time",
        ValueKind.DateTime => "timestamp",
        _ => "string",
    };

    /// <summary>The key of a field (rest-api §19.3): display fields in lower case, those of other types behind their type, paths without slashes.</summary>
    /// <param name="rootType">Type of the search.</param>
    /// <param name="elementName">Type of the field.</param>
    /// <param name="fieldId">Field ID or path.</param>
    public static string KeyOf(string rootType, string elementName, string fieldId)
    {
        ArgumentNullException.ThrowIfNull(elementName);
        ArgumentNullException.ThrowIfNull(fieldId);
        var field = new string([.. fieldId.Replace(":", "_col_", StringComparison.Ordinal).Replace('=', '_').Where(c => c is not ('/' or '[' or ']' or '@' or '"' or '\''))]);
        var isPathWithType = fieldId.Contains('/', StringComparison.Ordinal) && fieldId.Contains(':', StringComparison.Ordinal);
        return (elementName.Equals(rootType, StringComparison.OrdinalIgnoreCase) || isPathWithType ? field : $"{elementName.Replace(':', '_')}_{field}").ToLowerInvariant();
    }
}
