using System.Text.Json;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary>Catalog refresh (rest-api T3, D8) and verification of files (R21).</summary>
internal static class ArchiveService
{
    public static void MapArchiveService(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/data/services/refresh/catalog", (Delegate)RefreshFromFormAsync);
        endpoints.MapPut("/xapi/archive/catalogs/refresh", (Delegate)((HttpContext context) => RefreshFromJsonAsync(context, "all")));
        endpoints.MapPut("/xapi/archive/catalogs/refresh/{operations}", RefreshFromJsonAsync);
        endpoints.MapPost("/xapi/archive/verify", (Delegate)VerifyAsync);
    }

    private static async Task<IResult> RefreshFromFormAsync(HttpContext context)
    {
        context.SignedIn();
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(context.RequestAborted) : null;
        List<string> Values(string name) => [.. context.Request.Query[name].Concat(form?[name] ?? default).OfType<string>().SelectMany(v => v.Split(',')).Where(v => v.Length > 0)];
        var paths = Values("resource");
        if (paths.Count == 0)
        {
            throw RequestRefusedException.BadRequest("resource is missing.");
        }

        await RefreshAsync(context, paths, CatalogRefresh.Parse(Values("options")) ?? throw UnknownOperation());
        return Results.Ok();
    }

    private static RequestRefusedException UnknownOperation() => RequestRefusedException.BadRequest("The operations are append, checksum, delete and populateStats.");

    private static async Task<IResult> RefreshFromJsonAsync(HttpContext context, string operations)
    {
        context.SignedIn();
        var paths = await PathsAsync(context);
        if (paths.Count == 0)
        {
            return Results.NoContent();
        }

        await RefreshAsync(context, paths, CatalogRefresh.Parse(operations.Split(',')) ?? throw UnknownOperation());
        return Results.Ok();
    }

    private static async Task<IReadOnlyList<string>> PathsAsync(HttpContext context)
    {
        if (context.Request.ContentLength == 0)
        {
            return [];
        }

        try
        {
            return await JsonSerializer.DeserializeAsync<List<string>>(context.Request.Body, cancellationToken: context.RequestAborted) ?? [];
        }
        catch (JsonException)
        {
            throw RequestRefusedException.BadRequest("The body is no JSON list of archive paths.");
        }
    }

    private static async Task<IReadOnlyList<ResourceRecord>> ResourcesAsync(HttpContext context, IReadOnlyList<string> paths, ProjectRights needed)
    {
        var all = new List<ResourceRecord>();
        foreach (var path in paths)
        {
            var address = ArchiveAddress.Parse(path) ?? throw RequestRefusedException.BadRequest("A path is not of the form /archive/projects/P/….");
            var parent = await ResourceParent.FindAsync(context, address, needed);
            var found = await parent.ResourcesAsync(context, address.Resource, withChildren: address.Resource is null && parent.Scope is { ScanKeys: null, AssessorIds: null, ReconstructionKeys: null });
            all.AddRange(found.Count == 0 && address.Resource is not null ? throw RequestRefusedException.NotFound("There is no such resource.") : found);
        }

        return [.. all.DistinctBy(r => r.Id)];
    }

    private static async Task RefreshAsync(HttpContext context, IReadOnlyList<string> paths, RefreshOperations operations)
    {
        var refresh = context.RequestServices.GetRequiredService<CatalogRefresh>();
        foreach (var resource in await ResourcesAsync(context, paths, ProjectRights.Edit))
        {
            var (added, removed, summed) = await refresh.RefreshAsync(resource, operations, context.Caller().Login, context.RequestAborted);
            if (added + removed + summed > 0)
            {
                await Scope.AuditAsync(context, "catalog.refresh", $"{resource.Id} (+{added} -{removed} #{summed})");
            }
        }
    }

    // Findings are sent as they are found: reading a large project takes its time.
    private static async Task<IResult> VerifyAsync(HttpContext context)
    {
        context.SignedIn();
        var paths = await PathsAsync(context);
        IReadOnlyList<ResourceRecord> resources;
        if (paths.Count > 0)
        {
            resources = await ResourcesAsync(context, paths, ProjectRights.Edit);
        }
        else
        {
            context.Administrator();
            var directory = context.RequestServices.GetRequiredService<ResourceDirectory>();
            var all = new List<ResourceRecord>();
            foreach (var project in await Scope.ReadableAsync(context))
            {
                all.AddRange(await directory.ListAsync(new ResourceScope(ProjectId: project, WithChildren: true), context.RequestAborted));
            }

            resources = all;
        }

        var withChecksums = RequestFlags.IsSet(context, "checksums", absent: true);
        await Scope.AuditAsync(context, "archive.verify", $"{resources.Count} resources");
        return Results.Stream(output => WriteAsync(context, output, resources, withChecksums), "application/json");
    }

    private static async Task WriteAsync(HttpContext context, Stream output, IReadOnlyList<ResourceRecord> resources, bool withChecksums)
    {
        var tally = new VerificationTally();
        var writer = new Utf8JsonWriter(output);
        await using (writer.ConfigureAwait(false))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("findings");
            await foreach (var finding in context.RequestServices.GetRequiredService<ArchiveVerifier>().VerifyAsync(resources, withChecksums, tally, context.RequestAborted))
            {
                writer.WriteStartObject();
                writer.WriteString("finding", JsonNamingPolicy.CamelCase.ConvertName(finding.Finding.ToString()));
                writer.WriteString("resource", finding.Resource.Uri);
                writer.WriteString("path", finding.Path);
                writer.WriteEndObject();
                await writer.FlushAsync(context.RequestAborted);
            }

            writer.WriteEndArray();
            writer.WriteNumber("resources", tally.Resources);
            writer.WriteNumber("files", tally.Files);
            writer.WriteNumber("bytes", tally.Bytes);
            writer.WriteBoolean("checksums", withChecksums);
            writer.WriteEndObject();
        }
    }
}
