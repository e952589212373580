using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Vesalius.Archive.Types;

namespace Vesalius.Archive.Search;

/// <summary>Reads and writes searches as XML (<c>xdat:bundle</c> or <c>xdat:stored_search</c>, rest-api §19.2).</summary>
public static class SearchDocument
{
    /// <summary>Longest document in bytes: a search with ten thousand conditions has half of it.</summary>
    public const int LongestDocument = 4 << 20;

    // A statement may have 1,664 columns.
    private const int MostFields = 1000;
    private const int MostCriteria = 20_000;
    private const int Deepest = 32;
    private static readonly XNamespace Xdat = "http://nrg.wustl.edu/security";
    private static readonly XNamespace Xsi = "http://www.w3.org/2001/XMLSchema-instance";

    private static readonly (string Text, SearchComparison Comparison)[] Comparisons =
    [
        ("=", SearchComparison.Equal), ("!=", SearchComparison.NotEqual), ("<", SearchComparison.Less), ("<=", SearchComparison.LessOrEqual), (">", SearchComparison.Greater),
        (">=", SearchComparison.GreaterOrEqual), ("LIKE", SearchComparison.Like), ("NOT LIKE", SearchComparison.NotLike), ("IN", SearchComparison.In), ("NOT IN", SearchComparison.NotIn),
        ("BETWEEN", SearchComparison.Between), ("NOT BETWEEN", SearchComparison.NotBetween), ("IS NULL", SearchComparison.IsNull), ("IS NOT NULL", SearchComparison.IsNotNull),
        // Also met in documents of XNAT's own pages and of pyxnat, which writes * as %.
        ("<>", SearchComparison.NotEqual), ("%", SearchComparison.Like),
    ];

    /// <summary>Reads a document.</summary>
    /// <exception cref="SearchMalformedException">It is not well-formed, declares a document type, or is no search.</exception>
    public static async Task<SearchDefinition> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var whole = new MemoryStream();
        var buffer = new byte[1 << 14];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (whole.Length + read > LongestDocument)
            {
                throw new SearchMalformedException($"The search is longer than {LongestDocument} bytes.");
            }

            whole.Write(buffer, 0, read);
        }

        var start = Math.Max(whole.GetBuffer().AsSpan(0, (int)whole.Length).IndexOfAnyExcept(" \t\r\n"u8), 0);
        using var trimmed = new MemoryStream(whole.GetBuffer(), start, (int)whole.Length - start, writable: false);
        return Read(Load(settings => XmlReader.Create(trimmed, settings)));
    }

    /// <summary>Reads a document.</summary>
    /// <exception cref="SearchMalformedException">It is not well-formed, declares a document type, or is no search.</exception>
    public static SearchDefinition Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        using var reader = new StringReader(text.TrimStart());
        return Read(Load(settings => XmlReader.Create(reader, settings)));
    }

    // No document type: nothing outside the document is ever read, and no entity can grow.
    private static XElement Load(Func<XmlReaderSettings, XmlReader> open)
    {
        try
        {
            using var reader = open(new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = LongestDocument });
            return XDocument.Load(reader, LoadOptions.None).Root!;
        }
        catch (Exception e) when (e is XmlException or ArgumentException)
        {
            throw new SearchMalformedException("The search is no well-formed XML, or declares a document type, which is not allowed.");
        }
    }

    private static SearchDefinition Read(XElement root)
    {
        if (root.Name.LocalName is not ("bundle" or "stored_search" or "search"))
        {
            throw new SearchMalformedException("A search is an xdat:bundle or xdat:stored_search.");
        }

        var type = Text(root, "root_element_name");
        if (type.Length == 0)
        {
            throw new SearchMalformedException("The search has no root_element_name.");
        }

        var fields = Children(root, "search_field").Select(f => (Sequence: Sequence(f), Field: new SearchField(
            Text(f, "element_name") is { Length: > 0 } element ? element : type,
            FieldId(Text(f, "field_ID"), Text(f, "value")), Text(f, "header"), !IsFalse(Text(f, "visible")) && !IsFalse((string?)f.Attribute("visible") ?? "")))).ToList();
        if (fields.Count > MostFields || root.Descendants().Count(e => e.Name.LocalName == "criteria") > MostCriteria)
        {
            throw new SearchMalformedException($"A search has at most {MostFields} fields and {MostCriteria} criteria.");
        }

        if (fields.Exists(f => f.Field.FieldId.Length == 0))
        {
            throw new SearchMalformedException("A search_field has no field_ID.");
        }

        return new SearchDefinition(type)
        {
            Id = Attribute(root, "ID"), BriefDescription = Attribute(root, "brief-description"), Description = Attribute(root, "description"), Tag = Attribute(root, "tag"),
            Secure = IsTrue(Attribute(root, "secure")), AllowDifferentColumns = IsTrue(Attribute(root, "allow-diff-columns")),
            Fields = [.. fields.OrderBy(f => f.Sequence).Select(f => f.Field)],
            Where = [.. Children(root, "search_where").Select(w => Group(w, 0)).Where(g => g.Criteria.Count + g.Groups.Count > 0)],
            SortBy = Children(root, "sort_by").FirstOrDefault() is { } sort && Text(sort, "field_ID") is { Length: > 0 } by
                ? new SearchField(Text(sort, "element_name") is { Length: > 0 } of ? of : type, by) : null,
            AllowedUsers = [.. Children(root, "allowed_user").SelectMany(u => Children(u, "login")).Select(l => l.Value.Trim()).Where(l => l.Length > 0).Distinct()],
            AllowedGroups = [.. Children(root, "allowed_groups").SelectMany(u => Children(u, "groupID")).Select(l => l.Value.Trim()).Where(l => l.Length > 0).Distinct()],
        };
    }

    // XNAT's pages send the parameter of a field beside it.
    private static string FieldId(string id, string value) =>
        value.Length > 0 && !id.Contains('=', StringComparison.Ordinal) && !id.Contains('/', StringComparison.Ordinal) && DisplayFields.TakesValue(id) ? $"{id}={value}" : id;

    private static SearchGroup Group(XElement element, int depth)
    {
        if (depth > Deepest)
        {
            throw new SearchMalformedException($"Groups of criteria are nested more than {Deepest} deep.");
        }

        var method = Attribute(element, "method").Trim();
        if (method.Length > 0 && !method.Equals("AND", StringComparison.OrdinalIgnoreCase) && !method.Equals("OR", StringComparison.OrdinalIgnoreCase))
        {
            throw new SearchMalformedException("The method of a group of criteria is AND or OR.");
        }

        return new SearchGroup(
            method.Equals("OR", StringComparison.OrdinalIgnoreCase), [.. Children(element, "criteria").Select(Criterion)],
            [.. Children(element, "child_set").Select(c => Group(c, depth + 1)).Where(g => g.Criteria.Count + g.Groups.Count > 0)]);
    }

    private static SearchCriterion Criterion(XElement element)
    {
        var field = Text(element, "schema_field");
        var value = Children(element, "value").FirstOrDefault()?.Value ?? "";
        var asked = string.Join(' ', Text(element, "comparison_type").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).ToUpperInvariant();
        if (asked is "IS" or "IS NOT")
        {
            asked = $"{asked} {value.Trim().ToUpperInvariant()}";
        }

        var found = Array.Find(Comparisons, c => c.Text == (asked.Length == 0 ? "=" : asked));
        if (field.Length == 0 || found.Text is null || !FieldValue.IsText(value))
        {
            throw new SearchMalformedException(field.Length == 0 ? "A criterion has no schema_field."
                : found.Text is null ? "The comparison_type is none of =, !=, <, <=, >, >=, LIKE, NOT LIKE, IN, NOT IN, BETWEEN, NOT BETWEEN, IS NULL, IS NOT NULL."
                : "A value holds a character that no text may hold.");
        }

        return new SearchCriterion(field, found.Comparison, found.Comparison is SearchComparison.IsNull or SearchComparison.IsNotNull ? "" : value.Trim());
    }

    private static IEnumerable<XElement> Children(XElement element, string name) => element.Elements().Where(e => e.Name.LocalName == name);

    private static string Text(XElement element, string name) => Children(element, name).FirstOrDefault()?.Value.Trim() ?? "";

    private static string Attribute(XElement element, string name) => (string?)element.Attribute(name) ?? "";

    private static int Sequence(XElement field) => int.TryParse(Text(field, "sequence"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var place) ? place : int.MaxValue;

    private static bool IsTrue(string text) => text is "1" || text.Equals("true", StringComparison.OrdinalIgnoreCase);

    private static bool IsFalse(string text) => text is "0" || text.Equals("false", StringComparison.OrdinalIgnoreCase);

    /// <summary>The document of a search.</summary>
    public static string Write(SearchDefinition search)
    {
        ArgumentNullException.ThrowIfNull(search);
        var root = new XElement(
            Xdat + "bundle", new XAttribute(XNamespace.Xmlns + "xdat", Xdat), new XAttribute(XNamespace.Xmlns + "xsi", Xsi), new XAttribute("ID", search.Id),
            new XAttribute("allow-diff-columns", search.AllowDifferentColumns ? "1" : "0"), new XAttribute("secure", search.Secure ? "1" : "0"),
            new XAttribute("brief-description", search.BriefDescription), new XAttribute("description", search.Description),
            search.Tag.Length > 0 ? new XAttribute("tag", search.Tag) : null, new XElement(Xdat + "root_element_name", search.RootType),
            search.Fields.Select((f, i) => new XElement(
                Xdat + "search_field", new XElement(Xdat + "element_name", f.ElementName), new XElement(Xdat + "field_ID", f.FieldId),
                new XElement(Xdat + "sequence", i.ToString(CultureInfo.InvariantCulture)), new XElement(Xdat + "type", "string"), new XElement(Xdat + "header", f.Header),
                f.Visible ? null : new XElement(Xdat + "visible", "false"))),
            search.Where.Select(w => Group(w, "search_where")),
            search.SortBy is { } sort ? new XElement(Xdat + "sort_by", new XElement(Xdat + "element_name", sort.ElementName), new XElement(Xdat + "field_ID", sort.FieldId)) : null,
            search.AllowedUsers.Count > 0 ? new XElement(Xdat + "allowed_user", search.AllowedUsers.Select(u => new XElement(Xdat + "login", u))) : null,
            search.AllowedGroups.Count > 0 ? new XElement(Xdat + "allowed_groups", search.AllowedGroups.Select(g => new XElement(Xdat + "groupID", g))) : null);
        var text = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        using (var writer = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true, Indent = true }))
        {
            root.WriteTo(writer);
        }

        return text.Append('\n').ToString();
    }

    private static XElement Group(SearchGroup group, string name) => new(
        Xdat + name, new XAttribute("method", group.Any ? "OR" : "AND"),
        group.Criteria.Select(c => new XElement(
            Xdat + "criteria", new XAttribute("override_value_formatting", "0"), new XElement(Xdat + "schema_field", c.Field),
            new XElement(Xdat + "comparison_type", Array.Find(Comparisons, k => k.Comparison == c.Comparison).Text), new XElement(Xdat + "value", c.Value))),
        group.Groups.Select(g => Group(g, "child_set")));
}
