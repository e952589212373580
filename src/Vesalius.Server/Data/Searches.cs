using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Vesalius.Archive.Search;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Searches by document, their kept results, and the quick search (rest-api §19.1, H1 to H3).</summary>
internal static class Searches
{
    public static void MapSearches(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/data/search", (Delegate)PostAsync);
        endpoints.MapGet("/data/search", (Delegate)((HttpContext context) => QuickAsync(context, context.Request.Query["text"].ToString(), context.Request.Query["limit"].ToString())));
        endpoints.MapGet("/data/search/{id}", async (HttpContext context, string id) =>
        {
            var (snapshot, visibility) = await SnapshotAsync(context, id);
            return new SearchTable(await context.RequestServices.GetRequiredService<SearchSnapshots>().PageAsync(snapshot, visibility, Page(context), context.RequestAborted), snapshot);
        });
        endpoints.MapGet("/data/search/{id}/{column}", (Delegate)ValuesAsync);
        endpoints.MapSearchElements();
        endpoints.MapSavedSearches();
    }

    private static async Task<(SearchSnapshot Snapshot, Archive.Lists.Visibility Visibility)> SnapshotAsync(HttpContext context, string id)
    {
        var visibility = await Scope.VisibilityAsync(context);
        return (await context.RequestServices.GetRequiredService<SearchSnapshots>().FindAsync(id, context.SignedIn().Login, visibility, context.RequestAborted)
            ?? throw new RequestRefusedException(410, "There is no such result, or it has run out. Search again."), visibility);
    }

    private static async Task<IResult> ValuesAsync(HttpContext context, string id, string column)
    {
        var (snapshot, visibility) = await SnapshotAsync(context, id);
        var values = await context.RequestServices.GetRequiredService<SearchSnapshots>().ValuesAsync(snapshot, column, visibility, context.RequestAborted);
        return Results.Json(new
        {
            ResultSet = new
            {
                ID = snapshot.Id, COLUMN = column, Result = values.Select(v => new { values = v.Value ?? "", count = v.Count.ToString(CultureInfo.InvariantCulture) }),
            },
        }, Unchanged);
    }

    /// <summary>Keys as they are written here.</summary>
    public static System.Text.Json.JsonSerializerOptions Unchanged { get; } = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.Default };

    private static async Task<IResult> PostAsync(HttpContext context)
    {
        var (document, form) = await BodyAsync(context);
        if (document is null)
        {
            return form.TryGetValue("text", out var text) ? await QuickAsync(context, text, form.GetValueOrDefault("limit", ""))
                : throw new SearchMalformedException("The body is no search document.");
        }

        return await RunAsync(context, SearchDocument.Read(document), null);
    }

    /// <summary>Runs a search and answers it, kept if the request asks for that.</summary>
    /// <param name="context">Request.</param>
    /// <param name="search">Search.</param>
    /// <param name="savedId">ID of the saved search; null if it is none.</param>
    public static async Task<IResult> RunAsync(HttpContext context, SearchDefinition search, string? savedId)
    {
        var visibility = await Scope.VisibilityAsync(context);
        var page = Page(context);
        if (!ItemRequest.Flag(context, "cache"))
        {
            return new SearchTable(await context.RequestServices.GetRequiredService<SearchEngine>().RunAsync(search, visibility, page, context.RequestAborted), null);
        }

        var snapshots = context.RequestServices.GetRequiredService<SearchSnapshots>();
        var snapshot = await snapshots.TakeAsync(search, visibility, context.SignedIn().Login, savedId, page, context.RequestAborted);
        // Kept in the order that was asked for.
        return new SearchTable(await snapshots.PageAsync(snapshot, visibility, page with { SortBy = [], Descending = false }, context.RequestAborted), snapshot);
    }

    /// <summary>Order and page that a request asks for.</summary>
    public static SearchPage Page(HttpContext context)
    {
        var query = context.Request.Query;
        return new SearchPage(
            [.. query["sortBy"].ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)],
            query["sortOrder"].ToString().Equals("DESC", StringComparison.OrdinalIgnoreCase), Number("offset") ?? 0, Number("limit"));

        long? Number(string name) => query[name].ToString() is not { Length: > 0 } text ? null
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= int.MaxValue ? number
            : throw RequestRefusedException.BadRequest($"{name} is no number of rows.");
    }

    private static async Task<IResult> QuickAsync(HttpContext context, string text, string limit)
    {
        if (text.Length == 0)
        {
            throw RequestRefusedException.BadRequest("Give the words to find as text, or send a search document by POST.");
        }

        var most = int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 50;
        var found = await context.RequestServices.GetRequiredService<QuickSearch>().FindAsync(text, await Scope.VisibilityAsync(context), most, context.RequestAborted);
        var table = new ResultTable("xsiType", "ID", "label", "project", "subject_label", "date", "URI") { IsOrdered = true, HasTotalRecords = false };
        foreach (var one in found)
        {
            var family = one.XsiType switch { "xnat:projectData" => "projects", "xnat:subjectData" => "subjects", _ => "experiments" };
            table.Add(one.XsiType, one.Id, one.Label, one.ProjectId, one.SubjectLabel, one.Date, $"/data/{family}/{one.Id}");
        }

        return new TableResult(table);
    }

    /// <summary>The search document in a body of any kind: itself, a part, or a field of a form (rest-api §19.1, H1).</summary>
    /// <returns>The document, if there is one, and the fields of the form.</returns>
    public static async Task<(string? Document, Dictionary<string, string> Form)> BodyAsync(HttpContext context)
    {
        var form = new Dictionary<string, string>(StringComparer.Ordinal);
        string? document = null;
        if (context.Request.ContentType?.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) == true)
        {
            try
            {
                var parts = await context.Request.ReadFormAsync(context.RequestAborted);
                foreach (var (name, value) in parts)
                {
                    form[name] = value.ToString();
                }

                if (parts.Files.Count > 0)
                {
                    var stream = parts.Files[0].OpenReadStream();
                    await using (stream.ConfigureAwait(false))
                    {
                        document = await TextAsync(stream, context.RequestAborted);
                    }
                }
            }
            catch (InvalidDataException)
            {
                throw RequestRefusedException.BadRequest("The form cannot be read, or is larger than forms may be.");
            }
        }
        else
        {
            document = await TextAsync(context.Request.Body, context.RequestAborted);
            // Clients send the document as it is under the type of a form.
            if (context.Request.HasFormContentType && !document.AsSpan().TrimStart().StartsWith("<"))
            {
                form = QueryHelpers.ParseQuery(document).ToDictionary(p => p.Key, p => p.Value.ToString());
                document = null;
            }
        }

        document ??= form.Values.FirstOrDefault(v => v.AsSpan().TrimStart().StartsWith("<"));
        return (document, form);
    }

    private static async Task<string> TextAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var text = new StringBuilder();
        var buffer = new char[1 << 13];
        int read;
        while ((read = await reader.ReadAsync(buffer, cancellationToken)) > 0)
        {
            text.Append(buffer, 0, read);
            if (text.Length > SearchDocument.LongestDocument)
            {
                throw new SearchMalformedException($"The search is longer than {SearchDocument.LongestDocument} characters.");
            }
        }

        return text.ToString();
    }
}
