using System.Globalization;
using System.Text;
using System.Text.Json;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Downloads;
using Vesalius.Archive.Storage;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary>Downloads of a selection: chosen first, fetched then (rest-api §11.2, D1 to D5).</summary>
internal static class Downloads
{
    public static void MapDownloads(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/xapi/archive/download", async (HttpContext context, DownloadCatalogs catalogs) =>
        {
            var (request, _) = await ChooseAsync(context);
            return request is null ? Results.NoContent() : Results.Text(await catalogs.AddAsync(request, context.Caller().Login, context.RequestAborted));
        });
        endpoints.MapPost("/xapi/archive/downloadwithsize", async (HttpContext context, DownloadCatalogs catalogs) =>
        {
            var (request, files) = await ChooseAsync(context);
            return request is null ? Results.NoContent() : Results.Json(new
            {
                id = await catalogs.AddAsync(request, context.Caller().Login, context.RequestAborted),
                size = files.Sum(f => f.File.Size).ToString(CultureInfo.InvariantCulture),
            });
        });
        endpoints.MapGet("/xapi/archive/download/{id}", (HttpContext context, string id) => CatalogAsync(context, id, isFile: false));
        endpoints.MapGet("/xapi/archive/download/{id}/xml", (HttpContext context, string id) => CatalogAsync(context, id, isFile: true));
        endpoints.MapMethods("/xapi/archive/download/{id}/zip", ["GET", "HEAD"], async (HttpContext context, string id) =>
        {
            var request = await FindAsync(context, id);
            var files = await FilesAsync(context, request);
            return files.Count == 0 ? throw RequestRefusedException.NotFound("The selection has no files.") : await Files.DownloadAsync(context, files, id, id, request.Layout());
        });
        endpoints.MapGet("/xapi/archive/download/{id}/test", async (HttpContext context, string id) =>
        {
            var request = await FindAsync(context, id);
            var layout = request.Layout();
            var where = context.RequestServices.GetRequiredService<ArchiveLayout>();
            var content = "placeholder"u8.ToArray();
            var entries = (await FilesAsync(context, request)).Select(f => DownloadEntry.Of(layout.Name(f.Resource.PlaceIn(where), f.File.Path), content, f.File.Modified)).ToList();
            return new DownloadResult(entries, entries.Select(_ => ""), id, "zip");
        });
    }

    private static async Task<DownloadRequest> FindAsync(HttpContext context, string id)
    {
        var caller = context.SignedIn();
        return await context.RequestServices.GetRequiredService<DownloadCatalogs>().FindAsync(id, caller.Login, context.RequestAborted)
            ?? throw RequestRefusedException.NotFound($"There is no download {(id.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') ? id : "")} of yours.");
    }

    // Rights are looked at anew each time: they may have gone since.
    private static async Task<List<Files.Chosen>> FilesAsync(HttpContext context, DownloadRequest request)
    {
        var chosen = new List<ResourceRecord>();
        foreach (var session in request.Sessions)
        {
            var parent = await ResourceParent.FindAsync(context, new ArchiveAddress(session.ProjectId, Experiment: session.SessionId), ProjectRights.Read);
            chosen.AddRange((await parent.ResourcesAsync(context, null, withChildren: true)).Where(request.Selects));
        }

        return await Files.FilesOfAsync(context, [.. chosen.DistinctBy(r => r.Id)]);
    }

    private static async Task<(DownloadRequest? Request, List<Files.Chosen> Files)> ChooseAsync(HttpContext context)
    {
        context.SignedIn();
        var request = await ReadAsync(context);
        // Whether a project that the caller may not see is there is not told.
        foreach (var project in request.Sessions.Select(s => s.ProjectId).Distinct())
        {
            await Scope.EnterAsync(context, project, invisible: 403);
        }

        return request.Sessions.Count == 0 || (request.ScanTypes.Count == 0 || request.ScanFormats.Count == 0) && request.Resources.Count + request.Reconstructions.Count + request.Assessors.Count == 0
            ? (null, []) : (request, await FilesAsync(context, request));
    }

    private static async Task<DownloadRequest> ReadAsync(HttpContext context)
    {
        JsonDocument json;
        try
        {
            json = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        }
        catch (JsonException)
        {
            throw RequestRefusedException.BadRequest("The body is no JSON object of lists.");
        }

        using (json)
        {
            List<string> Values(params string[] names) => json.RootElement.ValueKind == JsonValueKind.Object
                ? [.. names.SelectMany(n => json.RootElement.TryGetProperty(n, out var value) ? Texts(value) : [])]
                : throw RequestRefusedException.BadRequest("The body is no JSON object of lists.");
            var projects = Values("projectIds", "projectId");
            if (!json.RootElement.EnumerateObject().Any())
            {
                return new DownloadRequest([], [], [], [], [], [], []);
            }

            if (projects.Count == 0)
            {
                throw RequestRefusedException.BadRequest("projectIds is missing.");
            }

            var sessions = Values("sessions").ConvertAll(s => s.Split(':') is [var project, var subject, var label, var id]
                ? new DownloadSession(project, subject, label, id) : throw RequestRefusedException.BadRequest("A session is not of the form PROJECT:SUBJECT:LABEL:ID."));
            return sessions.Exists(s => !projects.Contains(s.ProjectId))
                ? throw RequestRefusedException.Forbidden("A session is of a project that the request does not name.")
                : new DownloadRequest(sessions, Values("scan_types"), Values("scan_formats"), Values("resources"), Values("reconstructions"), Values("assessors"), Values("options"));
        }
    }

    private static IEnumerable<string> Texts(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.EnumerateArray().SelectMany(Texts),
        JsonValueKind.String => value.GetString()!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        JsonValueKind.Null => [],
        _ => throw RequestRefusedException.BadRequest("The lists hold text only."),
    };

    private static async Task<IResult> CatalogAsync(HttpContext context, string id, bool isFile)
    {
        var files = await FilesAsync(context, await FindAsync(context, id));
        var text = CatalogWriter.Write(
            id, null, files.Select(f => new CatalogEntry(f.File.Path, f.File.Size, f.File.Md5, f.File.SopInstanceUid, f.File.InstanceNumber, f.File.Format, f.File.Content) { Uri = $"{f.Resource.Uri}/files/{f.File.Path}" }));
        if (!isFile)
        {
            return Results.Content(text, "application/xml; charset=utf-8");
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        context.Response.ContentLength = bytes.Length;
        return Results.File(bytes, "application/xml", $"{id}.xml");
    }
}
