using System.Globalization;
using System.IO.Compression;
using Microsoft.AspNetCore.Http.Features;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Import;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>The caller's own staging area (rest-api §10.6, U1 to U8).</summary>
internal static class UserCacheEndpoints
{
    private const string Root = "/data/user/cache/resources";

    public static void MapUserCache(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(Root, (HttpContext context, UserCache cache) =>
        {
            var table = new ResultTable("Resource", "URI") { HasTotalRecords = false, DeclaresUriColumn = true, Title = "Cached resources" };
            foreach (var name in cache.Resources(context.SignedIn().UserId))
            {
                table.Add(name, $"{Root}/{name}");
            }

            return new TableResult(table);
        });
        endpoints.MapPut(Root + "/{resource}", (HttpContext context, UserCache cache, string resource) =>
            cache.Create(context.SignedIn().UserId, resource) ? Results.Ok() : throw new RequestRefusedException(412, "A resource of this name is in your cache."));
        endpoints.MapDelete(Root + "/{resource}", (HttpContext context, UserCache cache, string resource) =>
            cache.RemoveResource(context.SignedIn().UserId, resource) ? Results.Ok() : throw RequestRefusedException.NotFound("There is no such resource in your cache."));
        endpoints.MapGet(Root + "/{resource}/files", ListAsync);
        endpoints.MapGet(Root + "/{resource}/files/{**path}", GetAsync);
        endpoints.MapPut(Root + "/{resource}/files/{**path}", (HttpContext context, UserCache cache, string resource, string? path) => StoreAsync(context, cache, resource, path, 200)).TakesFiles();
        endpoints.MapPost(Root + "/{resource}/files/{**path}", (HttpContext context, UserCache cache, string resource, string? path) => StoreAsync(context, cache, resource, path, 201)).TakesFiles();
        endpoints.MapDelete(Root + "/{resource}/files/{**path}", (HttpContext context, UserCache cache, string resource, string path) =>
        {
            var user = context.SignedIn().UserId;
            // Each is tried, whatever becomes of the others.
            var removed = path.Split(',').Select(p => cache.Remove(user, resource, p)).ToList();
            return removed.Contains(true) ? Results.Ok() : throw RequestRefusedException.NotFound("There is no such file in your cache.");
        });
        endpoints.MapPost("/data/services/move-files", MoveAsync);
    }

    private static IResult ListAsync(HttpContext context, UserCache cache, string resource)
    {
        var user = context.SignedIn().UserId;
        if (!cache.HasResource(user, resource))
        {
            throw RequestRefusedException.NotFound("There is no such resource in your cache.");
        }

        var files = cache.Files(user, resource);
        if (context.Request.Query["format"] == "zip")
        {
            context.Features.Get<IHttpBodyControlFeature>()!.AllowSynchronousIO = true;
            context.Response.Headers.ContentDisposition = "attachment; filename=\"cache.zip\"";
            return Results.Stream(output => ZipAsync(output, cache, user, resource, files, context.RequestAborted), "application/zip");
        }

        var table = new ResultTable("Name", "Size", "URI") { HasTotalRecords = false, DeclaresUriColumn = true, Title = "Files" };
        foreach (var (path, size) in files)
        {
            table.Add(Path.GetFileName(path), size.ToString(CultureInfo.InvariantCulture), $"{Root}/{resource}/files/{FileAddress.Of(path)}");
        }

        return new TableResult(table);
    }

    private static async Task ZipAsync(Stream output, UserCache cache, long user, string resource, IReadOnlyList<(string Path, long Size)> files, CancellationToken cancellationToken)
    {
        var zip = await ZipArchive.CreateAsync(output, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancellationToken);
        await using (zip.ConfigureAwait(false))
        {
            foreach (var (path, _) in files)
            {
                if (cache.OpenRead(user, resource, path) is not { } source)
                {
                    continue;
                }

                await using (source.ConfigureAwait(false))
                {
                    var target = await zip.CreateEntry(path, CompressionLevel.Fastest).OpenAsync(cancellationToken);
                    await using (target.ConfigureAwait(false))
                    {
                        await source.CopyToAsync(target, 1 << 17, cancellationToken);
                    }
                }
            }
        }
    }

    private static IResult GetAsync(HttpContext context, UserCache cache, string resource, string path)
    {
        var source = cache.OpenRead(context.SignedIn().UserId, resource, path) ?? throw RequestRefusedException.NotFound("There is no such file in your cache.");
        Files.Guard(context, Files.TypeOf(path), path);
        return Results.Stream(source, Files.TypeOf(path), enableRangeProcessing: true);
    }

    private static async Task<IResult> StoreAsync(HttpContext context, UserCache cache, string resource, string? path, int status)
    {
        var user = context.SignedIn().UserId;
        var body = await UploadBody.OpenAsync(context);
        var name = path is { Length: > 0 } ? path : body.FileName ?? throw RequestRefusedException.BadRequest("Neither address nor body name a file.");
        if (RequestFlags.IsSet(context, "extract") && name.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
        {
            await ExtractAsync(context, cache, user, resource, body.Content);
        }
        else
        {
            await cache.StoreAsync(user, resource, name, body.Content, context.RequestAborted);
        }

        return Results.StatusCode(status);
    }

    // The archive itself may hold images as they came: it is unpacked from an encrypted file.
    private static async Task ExtractAsync(HttpContext context, UserCache cache, long user, string resource, Stream content)
    {
        var limits = context.RequestServices.GetRequiredService<UploadLimits>();
        using var packed = new EncryptedTemporaryStream(context.RequestServices.GetRequiredService<UploadSpool>().Folder);
        await content.CopyToAsync(packed, 1 << 17, context.RequestAborted);
        packed.Position = 0;
        try
        {
            using var zip = new ZipArchive(packed, ZipArchiveMode.Read);
            var members = zip.Entries.Where(e => !e.FullName.EndsWith('/')).ToList();
            members.ForEach(m => ArchiveLayout.Check(m.FullName));
            long total = 0;
            foreach (var member in members)
            {
                var source = await member.OpenAsync(context.RequestAborted);
                await using (source.ConfigureAwait(false))
                {
                    await cache.StoreAsync(user, resource, member.FullName, new CountedStream(source, n => total = Check(total + n, packed.Length, limits)), context.RequestAborted);
                }
            }
        }
        catch (InvalidDataException)
        {
            throw RequestRefusedException.BadRequest("The archive is damaged.");
        }
    }

    private static long Check(long total, long packed, UploadLimits limits) =>
        total > limits.Total || (total > 64L << 20 && total / Math.Max(1, packed) > limits.Ratio) ? throw RequestRefusedException.BadRequest("The archive unpacks to more than is allowed.") : total;

    /// <summary>Reads <c>/user/cache/resources/X/files/F</c>; null if it is another path.</summary>
    public static (string Resource, string Path)? Parse(string text)
    {
        var start = text.IndexOf("/user/cache/resources/", StringComparison.Ordinal);
        var parts = start < 0 ? [] : text[(start + "/user/cache/resources/".Length)..].Split('/').Select(Uri.UnescapeDataString).ToArray();
        return parts is [var resource, "files", _, ..] ? (resource, string.Join('/', parts[2..])) : null;
    }

    private static async Task<IResult> MoveAsync(HttpContext context, UserCache cache)
    {
        var caller = context.SignedIn();
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(context.RequestAborted) : null;
        var all = context.Request.Query.Concat(form ?? Enumerable.Empty<KeyValuePair<string, Microsoft.Extensions.Primitives.StringValues>>()).ToDictionary(p => p.Key, p => p.Value.ToString());
        var pairs = all.Where(p => p.Key.Contains("/user/cache/resources/", StringComparison.Ordinal)).Select(p => (Source: p.Key, Target: p.Value)).ToList();
        if (all.TryGetValue("src", out var source) && all.TryGetValue("dest", out var target))
        {
            pairs.Add((source, target));
        }

        if (pairs.Count == 0)
        {
            throw RequestRefusedException.BadRequest("src and dest are missing.");
        }

        foreach (var pair in pairs)
        {
            var place = Parse(pair.Source) ?? throw RequestRefusedException.BadRequest("src is not of the form /user/cache/resources/X/files/F.");
            var address = ArchiveAddress.Parse(pair.Target) is { Resource: not null, File: not null } parsed
                ? parsed : throw RequestRefusedException.BadRequest("dest is not of the form /archive/…/resources/R/files/F.");
            var content = cache.OpenRead(caller.UserId, place.Resource, place.Path) ?? throw RequestRefusedException.NotFound("There is no such file in your cache.");
            await using (content.ConfigureAwait(false))
            {
                var parent = await ResourceParent.FindAsync(context, address, ProjectRights.Edit);
                var resource = await parent.ResourceAsync(context, address.Resource!, mayExist: true);
                if (!await context.RequestServices.GetRequiredService<ResourceStore>().StoreAsync(
                    resource, address.File!, content, new FileDescription(), RequestFlags.IsTrue(all.GetValueOrDefault("overwrite")), caller.Login, context.RequestAborted))
                {
                    throw RequestRefusedException.BadRequest("A file is there already; overwrite=true replaces it.");
                }
            }

            cache.Remove(caller.UserId, place.Resource, place.Path);
        }

        await Scope.AuditAsync(context, "file.upload", $"{pairs.Count} files from the cache");
        return Results.Ok();
    }
}
