using System.Text.Json;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Import;
using Vesalius.Prearchive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>The import service (rest-api §13) and the configuration service (§17).</summary>
internal static class ImportEndpoints
{
    public static void MapImport(this IEndpointRouteBuilder endpoints) => endpoints.MapPost("/data/services/import", ImportAsync);

    private static async Task<IResult> ImportAsync(HttpContext context, UploadImporter importer, UploadSpool spool)
    {
        context.SignedIn();
        var query = context.Request.Query;
        var handler = query["import-handler"].ToString();
        if (handler.Length > 0 && handler is not ("SI" or "DICOM-zip" or "gradual-DICOM"))
        {
            throw RequestRefusedException.NotFound("There is no such import handler.");
        }

        using var upload = new EncryptedTemporaryStream(spool.Folder);
        var form = await ReadAsync(context, upload);
        upload.Position = 0;
        if (upload.Length == 0)
        {
            throw RequestRefusedException.BadRequest("The request has no body to import.");
        }

        string? Value(params string[] names) => names.Select(n => query[n].FirstOrDefault() ?? form.GetValueOrDefault(n)).FirstOrDefault(v => !string.IsNullOrEmpty(v));
        var target = Target.Read(Value("dest", "destination"), Value("project", "PROJECT_ID"), Value("subject", "SUBJECT_ID"), Value("session", "EXPT_LABEL", "experiment", "expt_id"));
        if (target.Project is { } project && project != "Unassigned")
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Create, invisible: 403);
            target = target with { Project = row.Id };
        }

        var autoArchive = target.IsArchive || Value("AA", "auto-archive") == "true";
        var source = new IntakeSource
        {
            Door = "upload",
            Given = new GivenLabels(target.Project, target.Subject, target.Session),
            PreventAnonymisation = Value("prevent_anon") == "true",
            PreventAutoCommit = Value("prevent_auto_commit") == "true",
            AutoArchive = autoArchive ? true : target.IsPrearchive || Value("prearchive_code") == "0" ? false : null,
            TimestampFolder = target.Timestamp,
            Source = Value("SOURCE") ?? "",
            Visit = Value("VISIT") ?? "",
            Protocol = Value("PROTOCOL") ?? "",
            Timezone = Value("TIMEZONE") ?? "",
        };
        UploadResult result;
        try
        {
            result = await importer.ImportAsync(upload, source, Value("Ignore-Unparsable") is "true" || handler == "SI", spool.Folder, context.RequestAborted);
        }
        catch (UploadRefusedException e)
        {
            throw RequestRefusedException.BadRequest(e.Message);
        }

        if (result.SessionIds.Count == 0)
        {
            throw new RequestRefusedException(422, $"Nothing was stored: {result.Quarantined} objects are in quarantine because the site script failed on them, {result.Rejected} were rejected by it, {result.Refused} are not wanted (series filter or opt-out).");
        }

        return await AnswerAsync(context, result, autoArchive, handler, PrearchiveEndpoints.Merge(Value("overwrite")), Value("overwrite_files") == "true");
    }

    private static async Task<IResult> AnswerAsync(HttpContext context, UploadResult result, bool archive, string handler, MergeMode merge, bool overwriteFiles)
    {
        var store = context.RequestServices.GetRequiredService<PrearchiveStore>();
        var archiver = context.RequestServices.GetRequiredService<SessionArchiver>();
        var lines = new List<string>();
        foreach (var id in result.SessionIds)
        {
            var session = await store.FindAsync(id, context.RequestAborted);
            if (session is null)
            {
                continue;
            }

            // Single objects keep coming; their session is built after quiet time, or on commit.
            if (handler != "gradual-DICOM")
            {
                await archiver.BuildAsync(id, context.RequestAborted);
            }

            if (!archive || session.ProjectId is not { } project)
            {
                lines.Add("/data" + session.Url);
                continue;
            }

            try
            {
                var request = new ArchiveRequest(project, session.Subject, session.Label, merge, overwriteFiles, context.Caller().Login);
                lines.Add((await archiver.ArchiveAsync(id, request, context.RequestAborted)).Uri);
            }
            catch (ArchivingException e)
            {
                throw e.Status == PrearchiveStatus.Conflict && handler == "DICOM-zip" ? RequestRefusedException.BadRequest(e.Message) : PrearchiveEndpoints.Refusal(e);
            }
        }

        return Results.Text(string.Concat(lines.Select(l => l + "\r\n")), "text/uri-list");
    }

    // The body goes to the encrypted file as it comes; a multipart body is taken apart by its reader, not by the form buffer, which would write it in the clear.
    private static async Task<Dictionary<string, string>> ReadAsync(HttpContext context, Stream upload)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!Microsoft.Net.Http.Headers.MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type)
            || !type.MediaType.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) || type.Boundary.Length == 0)
        {
            await context.Request.Body.CopyToAsync(upload, 1 << 17, context.RequestAborted);
            return fields;
        }

        var reader = new Microsoft.AspNetCore.WebUtilities.MultipartReader(Microsoft.Net.Http.Headers.HeaderUtilities.RemoveQuotes(type.Boundary).Value!, context.Request.Body);
        var files = 0;
        while (await reader.ReadNextSectionAsync(context.RequestAborted) is { } section)
        {
            var disposition = Microsoft.Net.Http.Headers.ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var parsed) ? parsed : null;
            if (disposition?.FileName.Length > 0 || disposition?.FileNameStar.Length > 0)
            {
                if (++files > 1)
                {
                    throw RequestRefusedException.BadRequest("The request has more than one file.");
                }

                await section.Body.CopyToAsync(upload, 1 << 17, context.RequestAborted);
            }
            else if (disposition is not null)
            {
                using var text = new StreamReader(section.Body);
                fields[Microsoft.Net.Http.Headers.HeaderUtilities.RemoveQuotes(disposition.Name).Value ?? ""] = await text.ReadToEndAsync(context.RequestAborted);
            }
        }

        return fields;
    }

    private sealed record Target(string? Project, string? Subject, string? Session, bool IsArchive, bool IsPrearchive, string? Timestamp)
    {
        public static Target Read(string? dest, string? project, string? subject, string? session)
        {
            var parts = (dest ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries).SkipWhile(p => p == "data").ToArray();
            var isPrearchive = parts is ["prearchive", ..];
            string? timestamp = null;
            for (var i = 0; i + 1 < parts.Length; i++)
            {
                switch (parts[i])
                {
                    case "projects":
                        project ??= parts[i + 1];
                        timestamp = isPrearchive && i + 2 < parts.Length ? parts[i + 2] : null;
                        session ??= isPrearchive && i + 3 < parts.Length ? parts[i + 3] : null;
                        break;
                    case "subjects":
                        subject ??= parts[i + 1];
                        break;
                    case "experiments":
                        session ??= parts[i + 1];
                        break;
                }
            }

            if (timestamp is not null && !timestamp.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            {
                throw RequestRefusedException.BadRequest("The timestamp of the destination is not usable.");
            }

            return new Target(project, subject, session, parts is ["archive", ..], isPrearchive, timestamp);
        }
    }
}
