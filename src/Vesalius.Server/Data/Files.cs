using System.Globalization;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Downloads;
using Vesalius.Archive.Storage;
using Vesalius.Server.DicomWeb;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Files of resources: lists, single files, folders, archives, deletion (rest-api §10.4, F5 to F10).</summary>
internal static class Files
{
    private static readonly FileExtensionContentTypeProvider ContentTypes = MakeContentTypes();

    private static FileExtensionContentTypeProvider MakeContentTypes()
    {
        var types = new FileExtensionContentTypeProvider();
        types.Mappings[".dcm"] = "application/dicom";
        types.Mappings[".ima"] = "application/dicom";
        types.Mappings[".nii"] = "application/octet-stream";
        types.Mappings[".gz"] = "application/gzip";
        return types;
    }

    public static void MapFiles(this IEndpointRouteBuilder endpoints)
    {
        foreach (var parent in ArchiveAddress.Patterns())
        {
            foreach (var files in (string[])["/resources/{resource}/files", "/files"])
            {
                endpoints.MapMethods(parent + files, ["GET", "HEAD"], (Delegate)ListAsync);
                endpoints.MapMethods(parent + files + "/{**path}", ["GET", "HEAD"], (Delegate)GetAsync);
            }

            endpoints.MapMethods(parent + "/resources/{resource}/files/{**path}", ["PUT", "POST"], (Delegate)FileUpload.ReceiveAsync).TakesFiles();
            endpoints.MapDelete(parent + "/resources/{resource}/files/{**path}", (Delegate)DeleteAsync);
        }
    }

    /// <summary>A file with its resource.</summary>
    internal readonly record struct Chosen(ResourceRecord Resource, FileRecord File);

    private static async Task<List<Chosen>> SelectAsync(HttpContext context, ResourceParent parent, string? resource)
    {
        // Of a session everything is meant, of a project or subject its own files unless all is asked for.
        var withChildren = resource is null && parent.Scope is { ScanKeys: null, AssessorIds: null, ReconstructionKeys: null } && RequestFlags.IsSet(context, "all", absent: parent.ExperimentId is not null);
        var rows = await parent.ResourcesAsync(context, resource, withChildren);
        if (resource is not null && rows.Count == 0)
        {
            throw RequestRefusedException.NotFound("There is no such resource.");
        }

        return Filter(context, await FilesOfAsync(context, rows));
    }

    /// <summary>All files of resources.</summary>
    internal static async Task<List<Chosen>> FilesOfAsync(HttpContext context, IReadOnlyList<ResourceRecord> rows)
    {
        var byId = rows.ToDictionary(r => r.Id);
        var files = await context.RequestServices.GetRequiredService<ResourceDirectory>().FilesAsync([.. byId.Keys], context.RequestAborted);
        return [.. files.Select(f => new Chosen(byId[f.ResourceId], f))];
    }

    private static string OrOf(string own, string inherited) => own.Length > 0 ? own : inherited;

    private static List<Chosen> Filter(HttpContext context, List<Chosen> files)
    {
        var contents = Wanted(context, "file_content");
        var formats = Wanted(context, "file_format");
        static bool Fits(string value, HashSet<string> wanted) => wanted.Count == 0 || wanted.Contains(value) || (value.Length == 0 && wanted.Contains("NULL"));
        return [.. files.Where(f => Fits(OrOf(f.File.Content, f.Resource.Content), contents) && Fits(OrOf(f.File.Format, f.Resource.Format), formats))];
    }

    private static HashSet<string> Wanted(HttpContext context, string name) =>
        [.. context.Request.Query[name].OfType<string>().SelectMany(v => v.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];

    // The parameter wins; without it, whoever accepts an archive file before all else gets one.
    private static string FormatOf(HttpContext context) => context.Request.Query["format"].ToString() is { Length: > 0 } format ? format
        : context.Request.Headers.Accept.ToString().Split(',')[0].Split(';')[0].Trim() switch { "application/zip" => "zip", "application/x-tar" => "tar", "application/x-gtar" => "tar.gz", _ => "" };

    private static async Task<IResult> ListAsync(HttpContext context)
    {
        var address = ArchiveAddress.OfRoute(context);
        var parent = await ResourceParent.FindAsync(context, address, ProjectRights.Read);
        var files = await SelectAsync(context, parent, address.Resource);
        return await AnswerAsync(context, parent, files);
    }

    private static async Task<IResult> AnswerAsync(HttpContext context, ResourceParent parent, List<Chosen> files)
    {
        if (context.Request.Query["index"].ToString() is { Length: > 0 } index)
        {
            return int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var place) && place < files.Count
                ? await SendAsync(context, files[place]) : NotFound(context, "The selection has no such file.");
        }

        var format = FormatOf(context);
        if (DownloadResult.IsArchive(format))
        {
            return files.Count == 0 ? NotFound(context, "The selection has no files.") : await DownloadAsync(context, files, parent.Name, $"{parent.Scope}");
        }

        return format == "xcat" ? Catalog(parent, files) : await TableAsync(context, files);
    }

    private static IResult NotFound(HttpContext context, string reason) =>
        RequestFlags.IsSet(context, "accept-not-found") ? Results.NoContent() : throw RequestRefusedException.NotFound(reason);

    private static IResult Catalog(ResourceParent parent, List<Chosen> files) => Results.Content(
        CatalogWriter.Write(parent.Name, null, files.Select(f => new CatalogEntry(
            f.File.Path, f.File.Size, f.File.Md5, f.File.SopInstanceUid, f.File.InstanceNumber, OrOf(f.File.Format, f.Resource.Format), OrOf(f.File.Content, f.Resource.Content))
        {
            Uri = $"{f.Resource.Uri}/files/{f.File.Path}", Tags = f.File.Tags, CreatedBy = f.File.InsertUser, Created = f.File.InsertDate, Modified = f.File.Modified,
        })),
        "text/xml; charset=utf-8");

    private static async Task<TableResult> TableAsync(HttpContext context, List<Chosen> files)
    {
        var locator = context.Request.Query["locator"].ToString();
        if (locator == "absolutePath")
        {
            await RequestFlags.RequireServerPathsAsync(context);
        }

        var place = locator is "absolutePath" or "projectPath" ? locator : "URI";
        var table = new ResultTable("Name", "Size", place, "collection", "file_tags", "file_format", "file_content", "cat_ID", "digest")
        {
            HasTotalRecords = false, DeclaresUriColumn = place == "URI", Title = "Files",
        };
        var store = context.RequestServices.GetRequiredService<ResourceStore>();
        var layout = context.RequestServices.GetRequiredService<ArchiveLayout>();
        foreach (var (r, f) in files)
        {
            var where = place switch
            {
                "absolutePath" => store.PathOf(r, f.Path),
                "projectPath" => Path.GetRelativePath(layout.Project(r.FolderProjectId), store.PathOf(r, f.Path)),
                _ => $"{r.Uri}/files/{FileAddress.Of(f.Path)}",
            };
            table.Add(
                Path.GetFileName(f.Path), f.Size.ToString(CultureInfo.InvariantCulture), where, r.Label, f.Tags, OrOf(f.Format, r.Format), OrOf(f.Content, r.Content),
                r.Id.ToString(CultureInfo.InvariantCulture), f.Md5);
        }

        return new TableResult(table);
    }

    /// <summary>Streams files as one archive file.</summary>
    internal static async Task<IResult> DownloadAsync(HttpContext context, IReadOnlyList<Chosen> files, string name, string audited, DownloadLayout? given = null)
    {
        var query = context.Request.Query;
        var structure = DownloadLayout.Parse(query["structure"].ToString()) ?? throw RequestRefusedException.BadRequest("structure is default, simplified, improved, legacy, flat or bids.");
        var layout = given ?? new DownloadLayout(structure, RequestFlags.IsSet(context, "projectIncludedInPath"), RequestFlags.IsSet(context, "subjectIncludedInPath"));
        var store = context.RequestServices.GetRequiredService<ResourceStore>();
        var where = context.RequestServices.GetRequiredService<ArchiveLayout>();
        var places = new Dictionary<long, ResourcePlace>();
        var entries = new List<DownloadEntry>(files.Count);
        foreach (var (resource, file) in files)
        {
            if (!places.TryGetValue(resource.Id, out var place))
            {
                places[resource.Id] = place = resource.PlaceIn(where);
            }

            entries.Add(new DownloadEntry(layout.Name(place, file.Path), store.PathOf(resource, file.Path), file.Size, file.Modified));
        }

        var checksums = files.Select(f => f.File.Sha256).ToList();
        if (structure == DownloadStructure.Bids)
        {
            entries.Add(DownloadEntry.Of("dataset_description.json", DownloadLayout.BidsDescription(name), DateTime.UnixEpoch));
            checksums.Add("");
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await Scope.AuditAsync(context, "files.download", $"{audited} ({files.Count} files)");
        }

        var format = FormatOf(context);
        return new DownloadResult(entries, checksums, name, format.Length > 0 ? format : "zip");
    }

    private static async Task<IResult> GetAsync(HttpContext context)
    {
        var address = ArchiveAddress.OfRoute(context);
        var parent = await ResourceParent.FindAsync(context, address, ProjectRights.Read);
        var path = address.File ?? "";
        var files = await SelectAsync(context, parent, address.Resource);
        if (path.Length == 0)
        {
            return await AnswerAsync(context, parent, files);
        }

        if (path.EndsWith('*'))
        {
            return await FolderAsync(context, parent, files, path.TrimEnd('*'));
        }

        if (path.EndsWith('/') || !files.Exists(f => f.File.Path == path) && files.Exists(f => f.File.Path.StartsWith(path + "/", StringComparison.Ordinal)))
        {
            return await FolderAsync(context, parent, files, path.TrimEnd('/') + "/");
        }

        if (files.Find(f => f.File.Path == path) is { File: not null } found)
        {
            return RequestFlags.IsSet(context, "listContents") ? await StoredArchive.ListAsync(context, found) : await SendAsync(context, found);
        }

        if (path.IndexOf("!/", StringComparison.Ordinal) is > 0 and var mark && files.Find(f => f.File.Path == path[..mark]) is { File: not null } archive)
        {
            return path.Length == mark + 2 ? await StoredArchive.ListAsync(context, archive) : await StoredArchive.SendAsync(context, archive, path[(mark + 2)..]);
        }

        return NotFound(context, "There is no such file.");
    }

    private static async Task<IResult> FolderAsync(HttpContext context, ResourceParent parent, List<Chosen> files, string start)
    {
        var isDeep = RequestFlags.IsSet(context, "recursive", absent: true);
        var below = files.FindAll(f => f.File.Path.StartsWith(start, StringComparison.Ordinal) && (isDeep || f.File.Path.IndexOf('/', start.Length) < 0));
        return below.Count == 0 ? NotFound(context, "There is no such folder.") : await AnswerAsync(context, parent, below);
    }

    /// <summary>Type by the name's extension.</summary>
    internal static string TypeOf(string path) => ContentTypes.TryGetContentType(path, out var known) ? known : "application/octet-stream";

    /// <summary>Headers that keep a stored file from acting as a page of this site.</summary>
    internal static void Guard(HttpContext context, string type, string name)
    {
        context.Response.Headers.CacheControl = "must-revalidate";
        context.Response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'";
        var isActive = type.Contains("html", StringComparison.Ordinal) || type.Contains("xml", StringComparison.Ordinal) || type.Contains("script", StringComparison.Ordinal) || type.Contains("svg", StringComparison.Ordinal);
        if (isActive || type == "application/octet-stream")
        {
            var disposition = new ContentDispositionHeaderValue("attachment");
            disposition.SetHttpFileName(Path.GetFileName(name));
            context.Response.Headers.ContentDisposition = disposition.ToString();
        }
    }

    private static async Task<IResult> SendAsync(HttpContext context, Chosen found)
    {
        var full = context.RequestServices.GetRequiredService<ResourceStore>().PathOf(found.Resource, found.File.Path);
        if (!File.Exists(full))
        {
            throw RequestRefusedException.NotFound("The file is missing on disk.");
        }

        if (HttpMethods.IsGet(context.Request.Method))
        {
            await Scope.AuditAsync(context, "file.download", $"{found.Resource.Id}");
        }

        var isDicom = OrOf(found.File.Format, found.Resource.Format) == "DICOM" || TypeOf(full) == "application/dicom";
        if (isDicom && RenderedEndpoints.Makes(FormatOf(context)))
        {
            return await RenderedEndpoints.OfFileAsync(context, full, FormatOf(context));
        }

        var type = found.Resource.Label == "DICOM" && !Path.HasExtension(full) ? "application/dicom" : TypeOf(full);
        Guard(context, type, found.File.Path);
        return Results.File(
            full, type, lastModified: File.GetLastWriteTimeUtc(full), entityTag: new EntityTagHeaderValue($"\"{found.File.Md5}\""), enableRangeProcessing: true);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context)
    {
        context.SignedIn();
        var address = ArchiveAddress.OfRoute(context);
        var parent = await ResourceParent.FindAsync(context, address, ProjectRights.Delete);
        if (await parent.ResourcesAsync(context, address.Resource) is not [var resource, ..])
        {
            throw RequestRefusedException.NotFound("There is no such resource.");
        }

        var path = address.File ?? throw RequestRefusedException.BadRequest("The address names no file.");
        var files = await context.RequestServices.GetRequiredService<ResourceDirectory>().FilesAsync([resource.Id], context.RequestAborted);
        var isPrefix = path.EndsWith('*');
        var start = isPrefix ? path.TrimEnd('*') : path.TrimEnd('/') + "/";
        var found = files.Where(f => f.Path == path || f.Path.StartsWith(start, StringComparison.Ordinal)).Select(f => f.Path).ToList();
        if (found.Count == 0)
        {
            throw RequestRefusedException.NotFound("There is no such file.");
        }

        await context.RequestServices.GetRequiredService<ResourceStore>().RemoveAsync(resource, found, RequestFlags.IsSet(context, "removeFiles", absent: true), context.RequestAborted);
        await Scope.AuditAsync(context, "file.delete", $"{resource.Id} ({found.Count} files)");
        return Results.Ok();
    }
}
