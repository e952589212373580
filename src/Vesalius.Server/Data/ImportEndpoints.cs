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

    public static void MapConfiguration(this IEndpointRouteBuilder endpoints)
    {
        foreach (var start in (string[])["/data/config", "/data/projects/{project}/config"])
        {
            endpoints.MapGet(start, async (HttpContext context, ConfigurationStore store) =>
            {
                var table = new ResultTable("tool");
                foreach (var tool in await store.ToolsAsync(await ProjectAsync(context, ProjectRights.Read), context.RequestAborted))
                {
                    table.Add(tool);
                }

                return new TableResult(table);
            });
            endpoints.MapGet(start + "/{tool}/{**path}", GetConfigurationAsync);
            endpoints.MapPut(start + "/{tool}/{**path}", PutConfigurationAsync);
            endpoints.MapDelete(start + "/{tool}/{**path}", async (HttpContext context, string tool, string path, ConfigurationStore store) =>
            {
                var project = await ProjectAsync(context, ProjectRights.Manage);
                return await store.EnableAsync(tool, path, project, false, context.Caller().Login, context.RequestAborted) ? Results.Ok() : throw RequestRefusedException.NotFound();
            });
        }
    }

    // Site level: administrators write, every signed-in user reads. Project level: owners write.
    private static async Task<string?> ProjectAsync(HttpContext context, ProjectRights needed)
    {
        if (Experiments.Route(context, "project") is { } project)
        {
            return (await Scope.ProjectAsync(context, project, needed)).Id;
        }

        _ = needed == ProjectRights.Manage ? context.Administrator() : context.SignedIn();
        return null;
    }

    private static async Task<IResult> GetConfigurationAsync(HttpContext context, string tool, string path, ConfigurationStore store)
    {
        var project = await ProjectAsync(context, ProjectRights.Read);
        var history = await store.HistoryAsync(tool, path, project, context.RequestAborted);
        if (history.Count == 0 && context.Request.Query["defaultToSiteWide"] == "true")
        {
            history = await store.HistoryAsync(tool, path, null, context.RequestAborted);
        }

        if (history.Count == 0)
        {
            return context.Request.Query["accept-not-found"] == "true" ? Results.NoContent() : throw RequestRefusedException.NotFound("Nothing is stored there.");
        }

        if (context.Request.Query["contents"] == "true")
        {
            return history[0].Enabled ? Results.Text(history[0].Contents) : throw RequestRefusedException.NotFound("What is stored there is disabled.");
        }

        var table = new ResultTable("tool", "path", "project", "user", "create_date", "reason", "contents", "unversioned", "version", "status");
        foreach (var c in context.Request.Query["action"] == "getHistory" ? history : history.Take(1))
        {
            table.Add(
                tool, path, project, c.CreateUser, Columns.Timestamp(c.CreateDate), c.Reason, c.Contents, "false", c.Version.ToString(System.Globalization.CultureInfo.InvariantCulture),
                c.Enabled ? "enabled" : "disabled");
        }

        return new TableResult(table);
    }

    private static async Task<IResult> PutConfigurationAsync(HttpContext context, string tool, string path, ConfigurationStore store)
    {
        var project = await ProjectAsync(context, ProjectRights.Manage);
        var login = context.Caller().Login;
        using var reader = new StreamReader(context.Request.Body);
        var contents = await reader.ReadToEndAsync(context.RequestAborted);
        var status = context.Request.Query["status"].FirstOrDefault();
        if (contents.Length > 0 && context.Request.ContentType?.Contains("json", StringComparison.Ordinal) == true && context.Request.Query["inbody"] != "true")
        {
            using var json = JsonDocument.Parse(contents);
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("contents", out var inner))
            {
                status ??= json.RootElement.TryGetProperty("status", out var given) ? given.GetString() : null;
                contents = inner.ValueKind == JsonValueKind.String ? inner.GetString()! : inner.GetRawText();
            }
        }

        bool? enabled = status switch { null => null, "enabled" or "true" => true, "disabled" or "false" => false, _ => throw RequestRefusedException.BadRequest("The status must be enabled or disabled.") };
        if (contents.Length == 0)
        {
            return enabled is { } flag && await store.EnableAsync(tool, path, project, flag, login, context.RequestAborted)
                ? Results.Ok() : throw RequestRefusedException.BadRequest("There is nothing to store.");
        }

        if (tool == "anon" && path == "script")
        {
            AnonymizeCheck(contents);
        }

        if (tool == "dicom" && path.EndsWith("Rules", StringComparison.Ordinal) && RoutingExpression.Parse(contents).Fault is { } fault)
        {
            throw RequestRefusedException.BadRequest(fault);
        }

        if (tool == SeriesFilters.Tool && path == SeriesFilters.Place)
        {
            await CheckFilterAsync(context, project, contents, login);
        }

        var first = await store.PutAsync(tool, path, project, contents, enabled ?? true, login, context.Request.Query["reason"].ToString(), context.RequestAborted);
        await Scope.AuditAsync(context, "configuration.store", $"{project}/{tool}/{path}");
        return Results.StatusCode(first ? 201 : 200);
    }

    // The site's filter has two addresses, this one and the site settings; the settings are what counts.
    private static async Task CheckFilterAsync(HttpContext context, string? project, string contents, string login)
    {
        var (stored, fault) = SeriesFilters.Read(contents);
        if (fault is not null)
        {
            throw RequestRefusedException.BadRequest(fault);
        }

        if (project is null)
        {
            await context.RequestServices.GetRequiredService<SiteSettings>().SetAsync(
                new Dictionary<string, System.Text.Json.Nodes.JsonNode?>
                {
                    [SeriesFilters.EnabledSetting] = stored!.Enabled, [SeriesFilters.ModeSetting] = stored.Mode, [SeriesFilters.TextSetting] = stored.List,
                },
                login, context.RequestAborted);
        }
    }

    private static void AnonymizeCheck(string script)
    {
        try
        {
            Vesalius.Anonymisation.DicomEditScript.Compile(script);
        }
        catch (Vesalius.Anonymisation.ScriptException e)
        {
            throw RequestRefusedException.BadRequest(e.Message);
        }
    }
}
