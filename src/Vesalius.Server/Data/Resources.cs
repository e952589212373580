using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using Microsoft.AspNetCore.StaticFiles;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Resources and files of projects, subjects, experiments and scans (rest-api §10, §11.1).</summary>
internal static class ResourceEndpoints
{
    /// <summary>What an address names: parent, its resources, where their files lie.</summary>
    private sealed record Parent(
        string ProjectId, string? SubjectId, string? SubjectLabel, ExperimentRow? Experiment, IReadOnlyList<ScanRow>? Scans, string Uri)
    {
        public ResourceOwner OwnerOf(ResourceRow resource) => resource.ScanId is { } scan
            ? new ResourceOwner(ProjectId, null, Experiment!.Label, scan)
            : Experiment is not null ? new ResourceOwner(ProjectId, null, Experiment.Label)
            : SubjectLabel is not null ? new ResourceOwner(ProjectId, SubjectLabel) : new ResourceOwner(ProjectId);
    }

    public static void MapResources(this IEndpointRouteBuilder endpoints)
    {
        var parents = new List<string> { "/data/projects/{project}", "/data/projects/{project}/subjects/{subject}", "/data/subjects/{subject}" };
        foreach (var address in Experiments.Addresses)
        {
            parents.Add(address);
            parents.Add(address + "/scans/{scan}");
        }

        foreach (var parent in parents)
        {
            endpoints.MapGet(parent + "/resources", (Delegate)ListAsync);
            endpoints.MapMethods(parent + "/resources/{resource}", ["PUT", "POST"], (HttpContext context, string resource) => CreateAsync(context, resource));
            endpoints.MapGet(parent + "/resources/{resource}", CatalogAsync);
            endpoints.MapDelete(parent + "/resources/{resource}", DeleteAsync);
            foreach (var files in (string[])["/resources/{resource}/files", "/files"])
            {
                endpoints.MapGet(parent + files, (Delegate)FilesAsync);
                endpoints.MapMethods(parent + files + "/{**path}", ["GET", "HEAD"], FileAsync);
            }

            endpoints.MapMethods(parent + "/resources/{resource}/files/{**path}", ["PUT", "POST"], UploadAsync);
            endpoints.MapDelete(parent + "/resources/{resource}/files/{**path}", DeleteFilesAsync);
        }
    }

    private static async Task<Parent> ParentAsync(HttpContext context, ProjectRights needed)
    {
        var project = Experiments.Route(context, "project");
        if (Experiments.Route(context, "experiment") is not null)
        {
            var experiment = await Experiments.OfRouteAsync(context, needed);
            var selector = Experiments.Route(context, "scan");
            var scans = selector is null ? null : await Scope.ScansAsync(context, experiment, selector);
            return new Parent(experiment.ProjectId, null, null, experiment, scans, $"/data/experiments/{experiment.Id}");
        }

        if (Experiments.Route(context, "subject") is { } subject)
        {
            var row = await Scope.SubjectAsync(context, project, subject, needed);
            return new Parent(row.ProjectId, row.Id, row.Label, null, null, $"/data/projects/{row.ProjectId}/subjects/{row.Id}");
        }

        var projectRow = await Scope.ProjectAsync(context, project!, needed);
        return new Parent(projectRow.Id, null, null, null, null, $"/data/projects/{projectRow.Id}");
    }

    private static async Task<IReadOnlyList<ResourceRow>> ResourcesAsync(HttpContext context, Parent parent, string? selector, bool withScans = false)
    {
        var rows = await context.RequestServices.GetRequiredService<ArchiveBrowser>().ResourcesAsync(
            parent is { Experiment: null, SubjectId: null } ? parent.ProjectId : null, parent.SubjectId, parent.Scans is null ? parent.Experiment?.Id : null,
            parent.Scans?.Select(s => s.Key).ToList(), withScans, context.RequestAborted);
        if (selector is null)
        {
            return rows;
        }

        var wanted = selector.Split(',').ToHashSet();
        return [.. rows.Where(r => wanted.Contains(r.Label) || wanted.Contains(r.Id.ToString(CultureInfo.InvariantCulture)))];
    }

    private static async Task<IResult> ListAsync(HttpContext context)
    {
        var parent = await ParentAsync(context, ProjectRights.Read);
        var table = new ResultTable("xnat_abstractresource_id", "label", "element_name", "category", "cat_id", "cat_desc", "file_count", "file_size", "tags", "content", "format");
        foreach (var r in await ResourcesAsync(context, parent, null, context.Request.Query["all"] == "true"))
        {
            table.Add(
                r.Id.ToString(CultureInfo.InvariantCulture), r.Label, "xnat:resourceCatalog", r.ScanId is null ? "resources" : "scans", r.ScanId, r.ScanType,
                r.FileCount.ToString(CultureInfo.InvariantCulture), r.FileSize.ToString(CultureInfo.InvariantCulture), r.Tags, r.Content, r.Format);
        }

        return new TableResult(table);
    }

    private static string Query(HttpContext context, string name) => context.Request.Query[name].ToString();

    private static async Task<ResourceRow> CreateAsync(HttpContext context, Parent parent, string label, bool mayExist)
    {
        var existing = await ResourcesAsync(context, parent, label);
        if (existing.Count > 0)
        {
            return mayExist ? existing[0] : throw RequestRefusedException.Conflict("A resource with this label exists.");
        }

        if (!Label.IsValid(label.Replace('.', '_').Replace(' ', '_')))
        {
            throw RequestRefusedException.BadRequest("The label of a resource has letters, digits, _ - . and blanks only.");
        }

        if (parent.Scans is { Count: > 1 })
        {
            throw RequestRefusedException.BadRequest("Several scans are named where one is needed.");
        }

        await context.RequestServices.GetRequiredService<ArchiveBrowser>().CreateResourceAsync(
            parent is { Experiment: null, SubjectId: null } ? parent.ProjectId : null, parent.SubjectId, parent.Scans is null ? parent.Experiment?.Id : null, parent.Scans?[0].Key,
            label, Query(context, "format"), Query(context, "content"), Query(context, "description"), Query(context, "tags"), context.Caller().Login, context.RequestAborted);
        return (await ResourcesAsync(context, parent, label))[0];
    }

    private static async Task<IResult> CreateAsync(HttpContext context, string resource)
    {
        context.SignedIn();
        var parent = await ParentAsync(context, ProjectRights.Edit);
        var row = await CreateAsync(context, parent, resource, mayExist: false);
        await Scope.AuditAsync(context, "resource.create", row.Id.ToString(CultureInfo.InvariantCulture));
        return Results.Ok();
    }

    private static async Task<IResult> CatalogAsync(HttpContext context, string resource, ResourceStore store)
    {
        var parent = await ParentAsync(context, ProjectRights.Read);
        var rows = await ResourcesAsync(context, parent, resource);
        return rows.Count == 0 ? throw RequestRefusedException.NotFound("There is no such resource.")
            : Results.Content(await store.CatalogAsync(rows[0], context.RequestAborted), "text/xml; charset=utf-8");
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string resource, ArchiveBrowser browser, ResourceStore store)
    {
        var parent = await ParentAsync(context, ProjectRights.Delete);
        var rows = await ResourcesAsync(context, parent, resource);
        if (rows.Count == 0)
        {
            throw RequestRefusedException.NotFound("There is no such resource.");
        }

        foreach (var row in rows)
        {
            await browser.DeleteResourceAsync(row.Id, context.RequestAborted);
            var folder = store.FolderOf(parent.OwnerOf(row), row.Label);
            if (context.Request.Query["removeFiles"] != "false" && Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }

            await Scope.AuditAsync(context, "resource.delete", row.Id.ToString(CultureInfo.InvariantCulture));
        }

        return Results.Ok();
    }

    private static async Task<List<(ResourceRow Resource, FileRow File)>> SelectAsync(HttpContext context, Parent parent, string? resource)
    {
        var rows = await ResourcesAsync(context, parent, resource, withScans: resource is null && parent.Scans is null);
        if (resource is not null && rows.Count == 0)
        {
            throw RequestRefusedException.NotFound("There is no such resource.");
        }

        var byId = rows.ToDictionary(r => r.Id);
        var files = await context.RequestServices.GetRequiredService<ArchiveBrowser>().FilesAsync([.. byId.Keys], context.RequestAborted);
        var contents = Query(context, "file_content");
        var formats = Query(context, "file_format");
        bool Fits(string value, string wanted) => wanted.Length == 0 || wanted.Split(',').Any(w => w == value || (w == "NULL" && value.Length == 0));
        return [.. files.Where(f => Fits(OrOf(f.Content, byId[f.ResourceId].Content), contents) && Fits(OrOf(f.Format, byId[f.ResourceId].Format), formats))
            .Select(f => (byId[f.ResourceId], f)).OrderBy(p => rows.ToList().IndexOf(p.Item1))];
    }

    private static string OrOf(string own, string inherited) => own.Length > 0 ? own : inherited;

    private static async Task<IResult> FilesAsync(HttpContext context)
    {
        var parent = await ParentAsync(context, ProjectRights.Read);
        var files = await SelectAsync(context, parent, Experiments.Route(context, "resource"));
        switch (Query(context, "format"))
        {
            case "zip" or "tar" or "tar.gz":
                return files.Count == 0 ? throw RequestRefusedException.NotFound("The selection has no files.") : await DownloadAsync(context, parent, files);
            default:
                return FileTable(parent, files);
        }
    }

    private static TableResult FileTable(Parent parent, List<(ResourceRow Resource, FileRow File)> files)
    {
        var table = new ResultTable("Name", "Size", "URI", "collection", "file_tags", "file_format", "file_content", "cat_ID", "digest")
        {
            HasTotalRecords = false, DeclaresUriColumn = true, Title = "Files",
        };
        foreach (var (r, f) in files)
        {
            var scan = r.ScanId is null ? "" : $"/scans/{r.ScanId}";
            table.Add(
                Path.GetFileName(f.Path), f.Size.ToString(CultureInfo.InvariantCulture), $"{parent.Uri}{scan}/resources/{r.Id}/files/{f.Path}", r.Label, f.Tags,
                OrOf(f.Format, r.Format), OrOf(f.Content, r.Content), r.Id.ToString(CultureInfo.InvariantCulture), f.Md5);
        }

        return new TableResult(table);
    }

    private static async Task<IResult> DownloadAsync(HttpContext context, Parent parent, List<(ResourceRow Resource, FileRow File)> files)
    {
        var store = context.RequestServices.GetRequiredService<ResourceStore>();
        var name = parent.Experiment?.Label ?? parent.SubjectLabel ?? parent.ProjectId;
        var simplified = Query(context, "structure") == "simplified";
        var entries = files.Select(p => (Entry: EntryName(parent, name, p.Resource, p.File, simplified), Path: ArchiveLayout.Join(store.FolderOf(parent.OwnerOf(p.Resource), p.Resource.Label), p.File.Path))).ToList();
        await Scope.AuditAsync(context, "files.download", $"{parent.Uri} ({files.Count} files)");
        var format = Query(context, "format");
        // The zip writer ends entries with small synchronous writes.
        context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpBodyControlFeature>()!.AllowSynchronousIO = true;
        context.Response.ContentType = format switch { "zip" => "application/zip", "tar" => "application/x-tar", _ => "application/x-gtar" };
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{name}.{format}\"";
        return Results.Stream(output => format == "zip" ? ZipAsync(output, entries, context.RequestAborted) : TarAsync(output, entries, format == "tar.gz", context.RequestAborted), context.Response.ContentType);
    }

    private static string EntryName(Parent parent, string name, ResourceRow r, FileRow f, bool simplified)
    {
        if (r.ScanId is null)
        {
            return simplified ? $"{name}/{r.Label}/{f.Path}" : $"{name}/resources/{r.Label}/files/{f.Path}";
        }

        var type = new string([.. (r.ScanType ?? "").Select(c => char.IsLetterOrDigit(c) || c == '_' ? c : '_')]);
        var scan = ArchiveLayout.ScanFolder(r.ScanId);
        return simplified
            ? $"{parent.Experiment!.Label}/scans/{scan}/{r.Label}/{f.Path}"
            : $"{parent.Experiment!.Label}/scans/{(type.Length > 0 ? $"{scan}-{type}" : scan)}/resources/{r.Label}/files/{f.Path}";
    }

    private static async Task ZipAsync(Stream output, List<(string Entry, string Path)> entries, CancellationToken cancellationToken)
    {
        // Images hardly shrink, and storing them is what keeps up with the disk.
        var zip = await ZipArchive.CreateAsync(output, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancellationToken);
        await using (zip.ConfigureAwait(false))
        {
            foreach (var (name, path) in entries)
            {
                var entry = zip.CreateEntry(name, CompressionLevel.Fastest);
                var target = await entry.OpenAsync(cancellationToken);
                await using (target.ConfigureAwait(false))
                {
                    var source = File.OpenRead(path);
                    await using (source.ConfigureAwait(false))
                    {
                        await source.CopyToAsync(target, 1 << 18, cancellationToken);
                    }
                }
            }
        }
    }

    private static async Task TarAsync(Stream output, List<(string Entry, string Path)> entries, bool compressed, CancellationToken cancellationToken)
    {
        var target = compressed ? new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true) : output;
        var tar = new TarWriter(target, leaveOpen: true);
        await using (tar.ConfigureAwait(false))
        {
            foreach (var (name, path) in entries)
            {
                await tar.WriteEntryAsync(path, name, cancellationToken);
            }
        }

        if (compressed)
        {
            await target.DisposeAsync();
        }
    }

    private static async Task<IResult> FileAsync(HttpContext context, string path, ResourceStore store)
    {
        var parent = await ParentAsync(context, ProjectRights.Read);
        var files = await SelectAsync(context, parent, Experiments.Route(context, "resource"));
        if (path.EndsWith('/') || path.EndsWith('*'))
        {
            var start = path.TrimEnd('*');
            var below = files.Where(f => f.File.Path.StartsWith(start, StringComparison.Ordinal)).ToList();
            return Query(context, "format") is "zip" or "tar" or "tar.gz" ? await DownloadAsync(context, parent, below) : FileTable(parent, below);
        }

        if (files.FirstOrDefault(f => f.File.Path == path) is not { Resource: not null } found)
        {
            return Query(context, "accept-not-found") == "true" ? Results.NoContent() : throw RequestRefusedException.NotFound("There is no such file.");
        }

        var full = ArchiveLayout.Join(store.FolderOf(parent.OwnerOf(found.Resource), found.Resource.Label), found.File.Path);
        if (!File.Exists(full))
        {
            throw RequestRefusedException.NotFound("The file is missing on disk.");
        }

        if (HttpMethods.IsGet(context.Request.Method))
        {
            await Scope.AuditAsync(context, "file.download", $"{found.Resource.Id}");
        }

        context.Response.Headers.CacheControl = "must-revalidate";
        var type = new FileExtensionContentTypeProvider().TryGetContentType(full, out var known) ? known : path.EndsWith(".dcm", StringComparison.Ordinal) ? "application/dicom" : "application/octet-stream";
        return Results.File(
            full, type, fileDownloadName: type == "application/octet-stream" ? Path.GetFileName(path) : null, lastModified: File.GetLastWriteTimeUtc(full),
            entityTag: new Microsoft.Net.Http.Headers.EntityTagHeaderValue($"\"{found.File.Sha256Tag()}\""), enableRangeProcessing: true);
    }

    private static string Sha256Tag(this FileRow file) => file.Md5;

    private static async Task<IResult> UploadAsync(HttpContext context, string? path)
    {
        var caller = context.SignedIn();
        var parent = await ParentAsync(context, ProjectRights.Edit);
        var store = context.RequestServices.GetRequiredService<ResourceStore>();
        var resource = await CreateAsync(context, parent, Experiments.Route(context, "resource")!, mayExist: true);
        var folder = store.FolderOf(parent.OwnerOf(resource), resource.Label);
        var (name, content) = await BodyAsync(context, path);
        await using (content.ConfigureAwait(false))
        {
            var uploads = new FileUpload(context, store, resource, folder, caller.Login);
            var extracts = context.Request.Query.TryGetValue("extract", out var extract) && extract != "false";
            var duplicates = extracts ? await uploads.ExtractAsync(name, content) : await uploads.StoreAsync(name, content);
            await store.SaveCatalogAsync(resource, folder, context.RequestAborted);
            await Scope.AuditAsync(context, "file.upload", $"{resource.Id}");
            return duplicates.Count == 0 ? Results.Ok() : Results.Content(System.Text.Json.JsonSerializer.Serialize(new { duplicates }), "text/html; charset=utf-8");
        }
    }

    private static async Task<(string Name, Stream Content)> BodyAsync(HttpContext context, string? path)
    {
        var inBody = context.Request.Query["inbody"] == "true";
        if (!context.Request.HasFormContentType)
        {
            return (path ?? throw RequestRefusedException.BadRequest("The address names no file."), context.Request.Body);
        }

        if (inBody)
        {
            throw new RequestRefusedException(406, "A multipart body and inbody=true contradict each other.");
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var file = form.Files.Count > 0 ? form.Files[0] : throw RequestRefusedException.BadRequest("The request has no file.");
        return (path ?? Path.GetFileName(file.FileName.Replace('\\', '/')), file.OpenReadStream());
    }

    private static async Task<IResult> DeleteFilesAsync(HttpContext context, string path, ResourceStore store, string resource)
    {
        var parent = await ParentAsync(context, ProjectRights.Delete);
        var rows = await ResourcesAsync(context, parent, resource);
        if (rows.Count == 0)
        {
            throw RequestRefusedException.NotFound("There is no such resource.");
        }

        var files = await context.RequestServices.GetRequiredService<ArchiveBrowser>().FilesAsync([rows[0].Id], context.RequestAborted);
        var start = path.TrimEnd('*').TrimEnd('/');
        var found = files.Where(f => f.Path == path || (path.EndsWith('*') && f.Path.StartsWith(start, StringComparison.Ordinal)) || f.Path.StartsWith(start + "/", StringComparison.Ordinal))
            .Select(f => f.Path).ToList();
        if (found.Count == 0)
        {
            throw RequestRefusedException.NotFound("There is no such file.");
        }

        var folder = store.FolderOf(parent.OwnerOf(rows[0]), rows[0].Label);
        await store.RemoveAsync(rows[0].Id, folder, found, Query(context, "removeFiles") != "false", context.RequestAborted);
        await store.SaveCatalogAsync(rows[0], folder, context.RequestAborted);
        await Scope.AuditAsync(context, "file.delete", $"{rows[0].Id} ({found.Count} files)");
        return Results.Ok();
    }
}
