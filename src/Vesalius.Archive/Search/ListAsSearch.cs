using Vesalius.Archive.Lists;
using Vesalius.Archive.Types;

namespace Vesalius.Archive.Search;

/// <summary>Writes a list as the search that finds the same (rest-api §1.4, <c>format=search_xml</c>), for a client that wants to save or change it.</summary>
public static class ListAsSearch
{
    /// <summary>The search. Columns and filters that the list does not know are left out, as the list does.</summary>
    public static SearchDefinition Of(TypeModel model, ListRequest list)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(list);
        var kind = list.Kind.ToString().ToLowerInvariant();
        var root = model.Find(list.XsiTypes is [var only] ? only : list.BaseType) ?? throw new ListRefusedException("The xsiType is none that this site knows.");
        var where = new List<SearchGroup>();
        var scope = new List<SearchCriterion>();
        if (list.Scope.ProjectId is { } project && root.Family is ObjectFamily.Subject or ObjectFamily.Experiment)
        {
            where.Add(new SearchGroup(
                true, [new SearchCriterion($"{root.Name}/project", SearchComparison.Equal, project), new SearchCriterion($"{root.Name}/sharing/share/project", SearchComparison.Equal, project)], []));
        }

        if (list.Scope.SubjectId is { } subject)
        {
            scope.Add(new SearchCriterion("xnat:subjectData/ID", SearchComparison.Equal, subject));
        }

        if (list.Scope.SessionId is { } session)
        {
            scope.Add(new SearchCriterion("xnat:imageSessionData/ID", SearchComparison.Equal, session));
        }

        var groups = list.Filters.Select(f => (Path: PathOf(model, kind, root, f.Name), f.Value)).Where(f => f.Path is not null).Select(f => Filter(f.Path!, f.Value)).ToList();
        if (scope.Count + groups.Count > 0)
        {
            where.Add(new SearchGroup(false, scope, groups));
        }

        return new SearchDefinition(root.Name)
        {
            Id = $"@{root.Name}", BriefDescription = root.Plural, Description = root.Plural, Where = where,
            Fields = [.. list.Columns.Select(c => PathOf(model, kind, root, c)).OfType<string>().Distinct().Select(p => new SearchField(p[..p.IndexOf('/', StringComparison.Ordinal)], p[(p.IndexOf('/', StringComparison.Ordinal) + 1)..]))],
        };
    }

    // Type and path; null for what the list does not know.
    private static string? PathOf(TypeModel model, string kind, DataType root, string name)
    {
        var text = name.Trim();
        var path = text.Contains('/', StringComparison.Ordinal) ? text : model.Shortcuts.Find(kind, text)?.Path;
        return path is null || FieldPath.Parse(path) is not { } parsed ? null : parsed.TypeName is null ? $"{root.Name}/{path}" : model.Find(parsed.TypeName) is null ? null : path;
    }

    // Alternatives by commas, any text by stars, as lists have it; ranges stay with the comparison that reads them.
    private static SearchGroup Filter(string path, string value) => new(
        true, [.. value.Split(',').Select(v => v.Trim()).Select(v => new SearchCriterion(
            path, v is "" or "NULL" ? SearchComparison.IsNull : v.AsSpan().IndexOfAny("*%") >= 0 ? SearchComparison.Like : Range(v) is not null ? SearchComparison.Between : SearchComparison.Equal,
            v is "" or "NULL" ? "" : Range(v) ?? v.Replace('*', '%')))], []);

    // 1-5, 01/02/2024-03/04/2024 and 2024-01-02-2024-03-04; a label with a dash is none.
    private static string? Range(string value)
    {
        var parts = value.Split('-');
        var (from, to) = parts.Length switch { 2 => (parts[0], parts[1]), 6 => (string.Join('-', parts[..3]), string.Join('-', parts[3..])), _ => ("", "") };
        return from.Length > 0 && to.Length > 0 && (from + to).All(c => char.IsAsciiDigit(c) || c is '/' or '.' or '-') ? $"{from} AND {to}" : null;
    }
}
