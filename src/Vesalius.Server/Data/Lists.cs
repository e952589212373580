using System.Globalization;
using Vesalius.Archive.Lists;
using Vesalius.Archive.Search;
using Vesalius.Archive.Types;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Data;

/// <summary>Reads what a list request asks for and answers it (rest-api §1.11).</summary>
internal static class Lists
{
    private static readonly HashSet<string> Control = new(StringComparer.Ordinal)
    {
        "columns", "format", "sortBy", "sortOrder", "offset", "limit", "xsiType", "req_format", "fields", "recent", "XNAT_CSRF", "concealHiddenFields", "restrict", "allDataOverride", "handler",
    };

    /// <summary>Answers a list.</summary>
    /// <param name="context">Request.</param>
    /// <param name="kind">What is listed.</param>
    /// <param name="baseType">Root type before any deduction.</param>
    /// <param name="scope">Where.</param>
    /// <param name="defaults">Columns where the request names none.</param>
    /// <param name="addsProjectAndType">Whether project and type are added where the root is generic.</param>
    /// <param name="adapt">Last word on what is asked for.</param>
    public static async Task<IResult> AnswerAsync(
        HttpContext context, ListKind kind, string baseType, ListScope scope, string[] defaults, bool addsProjectAndType = false, Func<ListRequest, ListRequest>? adapt = null)
    {
        var engine = context.RequestServices.GetRequiredService<ListEngine>();
        if (context.Request.Query.ContainsKey("fields"))
        {
            var known = new ResultTable("key", "xpath");
            foreach (var shortcut in engine.Shortcuts(kind))
            {
                known.Add(shortcut.Name, shortcut.Path);
            }

            return new TableResult(known);
        }

        var request = await ReadAsync(context, new ListRequest(kind, baseType, scope) { Columns = defaults, AddsProjectAndType = addsProjectAndType });
        request = adapt?.Invoke(request) ?? request;
        if (TableResult.FormatOf(context.Request) == "search_xml")
        {
            return Results.Text(SearchDocument.Write(ListAsSearch.Of(context.RequestServices.GetRequiredService<TypeModel>(), request)), "text/xml; charset=utf-8");
        }

        var list = await engine.ListAsync(request, context.RequestAborted);
        var table = new ResultTable([.. list.Columns]) { IsOrdered = true, HasTotalRecords = !list.IsPage };
        table.Rows.AddRange(list.Rows);
        return new TableResult(table);
    }

    private static async Task<ListRequest> ReadAsync(HttpContext context, ListRequest request)
    {
        var pairs = QueryPairs.Of(context.Request).ToList();
        if (context.Request.Query["req_format"] == "form" && context.Request.HasFormContentType)
        {
            try
            {
                pairs.AddRange((await context.Request.ReadFormAsync(context.RequestAborted)).SelectMany(f => f.Value.Select(v => (f.Key, v ?? ""))));
            }
            catch (InvalidDataException)
            {
                throw RequestRefusedException.BadRequest("The form cannot be read.");
            }
        }

        string Text(string name) => string.Join(',', pairs.Where(p => p.Key == name).Select(p => p.Value));
        List<string> Names(string name) => [.. Split(Text(name)).Select(ItemRequest.Once).SelectMany(Split)];
        var columns = Names("columns");
        return request with
        {
            Columns = columns.Count == 0 ? request.Columns : [.. columns.SelectMany(c => c == "DEFAULT" ? request.Columns : [c])],
            XsiTypes = [.. Names("xsiType").Distinct(StringComparer.OrdinalIgnoreCase)],
            Filters = [.. pairs.Where(p => !Control.Contains(p.Key)).GroupBy(p => ItemRequest.Once(p.Key)).Select(g => (g.Key, string.Join(',', g.Select(p => p.Value))))],
            SortBy = Names("sortBy"),
            Descending = Text("sortOrder").Equals("DESC", StringComparison.OrdinalIgnoreCase),
            Offset = long.TryParse(Text("offset"), NumberStyles.None, CultureInfo.InvariantCulture, out var offset) ? offset : 0,
            Limit = long.TryParse(Text("limit"), NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : request.Limit,
        };
    }

    // A comma in a predicate belongs to the path.
    private static IEnumerable<string> Split(string text)
    {
        var depth = 0;
        var start = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i == text.Length || (text[i] == ',' && depth == 0))
            {
                if (text[start..i].Trim() is { Length: > 0 } part)
                {
                    yield return part;
                }

                start = i + 1;
            }
            else if (text[i] == '[')
            {
                depth++;
            }
            else if (text[i] == ']' && depth > 0)
            {
                depth--;
            }
        }
    }
}
