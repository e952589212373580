using System.Text.Json;
using Vesalius.Access;
using Vesalius.Import;
using Vesalius.Prearchive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>The import service and its progress queues (rest-api §13).</summary>
internal static class ImportService
{
    private static readonly string[] Handlers = ["SI", "DICOM-zip", "gradual-DICOM", "inbox"];

    public static void MapImportService(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/data/services/import", (Delegate)ImportAsync).TakesFiles();
        endpoints.MapGet("/data/status/{key}", async (HttpContext context, string key, ImportProgress progress) =>
        {
            var messages = await QueueAsync(context, key, progress);
            return Results.Json(new { msgs = new[] { messages.Select(m => new { status = m.Status, msg = m.Message, terminal = m.Terminal }) } });
        });
        endpoints.MapGet("/xapi/event_tracking/{key}", async (HttpContext context, string key, ImportProgress progress) =>
        {
            var messages = await QueueAsync(context, key, progress);
            var last = messages[^1];
            return Results.Json(new
            {
                key, payload = JsonSerializer.Serialize(messages.Select(m => new { status = m.Status, msg = m.Message })), succeeded = last.Terminal ? last.Status == "COMPLETED" : (bool?)null,
                finalMessage = last.Terminal ? last.Message : null,
            });
        });
        endpoints.MapGet("/xapi/event_tracking/{key}/payload", async (HttpContext context, string key, ImportProgress progress) =>
            Results.Text(string.Join('\n', (await QueueAsync(context, key, progress)).Select(m => $"{m.Status} {m.Message}"))));
    }

    // Another user's queue is none.
    private static async Task<IReadOnlyList<ProgressMessage>> QueueAsync(HttpContext context, string key, ImportProgress progress)
    {
        var messages = await progress.ListAsync(context.SignedIn().Login, key, context.RequestAborted);
        return messages.Count > 0 ? messages : throw RequestRefusedException.NotFound("There is no such queue of yours.");
    }

    private static async Task<IResult> ImportAsync(HttpContext context, UploadSpool spool, ImportProgress progress)
    {
        var login = context.SignedIn().Login;
        using var request = await UploadRequest.ReadAsync(context, spool.Folder);
        var handler = request["import-handler"] ?? (context.Request.ContentType?.Contains("dicom", StringComparison.OrdinalIgnoreCase) == true
            ? "gradual-DICOM" : await context.RequestServices.GetRequiredService<SiteSettings>().TextAsync("defaultImportHandler", context.RequestAborted));
        if (!Handlers.Contains(handler))
        {
            throw RequestRefusedException.NotFound("There is no such import handler.");
        }

        await AddStagedAsync(context, request, handler, login);
        if (request.Bodies.Count == 0)
        {
            throw RequestRefusedException.BadRequest("The request has neither a body to import nor a source.");
        }

        if (request.Bodies.Count > 1 && handler is not ("gradual-DICOM" or "inbox"))
        {
            throw RequestRefusedException.BadRequest("The request has more than one file.");
        }

        var queue = request["http-session-listener", "listenerControl", "transaction"];
        async Task SayAsync(string status, string message, bool terminal)
        {
            if (queue is { Length: <= 200 })
            {
                await progress.AddAsync(login, queue, status, message, terminal, CancellationToken.None);
            }
        }

        await SayAsync("PROCESSING", "Reading what was uploaded", terminal: false);
        try
        {
            var lines = await TakeAsync(context, request, handler, spool.Folder);
            await SayAsync("COMPLETED", string.Join(", ", lines.Select(Final)), terminal: true);
            // Of a staged file the client learns from the queue; the answer only says so.
            return queue is not null && request["src"] is not null
                ? Results.Text($"The import is done; /data/status/{Uri.EscapeDataString(queue)} says where it went.\r\n")
                : Results.Text(string.Concat(lines.Select(l => l + "\r\n")), "text/uri-list");
        }
        catch (RequestRefusedException e)
        {
            await SayAsync("FAILED", e.Message, terminal: true);
            throw;
        }
    }

    private static string Final(string uri) => uri.StartsWith("/data/archive", StringComparison.Ordinal) ? $"Archive:{uri[5..]}" : uri.StartsWith("/data/", StringComparison.Ordinal) ? $"Prearchive:{uri[5..]}" : uri;

    private static async Task AddStagedAsync(HttpContext context, UploadRequest request, string handler, string login)
    {
        if (handler == "inbox")
        {
            // The server's own disk is looked at: nothing for everybody.
            context.Administrator();
            var path = await ServerFiles.ResolveAsync(context, request["path"] ?? throw RequestRefusedException.BadRequest("path is missing."));
            request.Bodies.AddRange(ServerFiles.FilesOf(path).Select(f => ((Stream)new LazyFile(f), (string?)Path.GetFileName(f))));
        }
        else if (request["src"] is { } part && WebSite.UploadEndpoints.Parse(part) is { } upload)
        {
            var whole = context.RequestServices.GetRequiredService<ResumableUploads>().OpenRead(context.Caller().UserId, upload);
            request.Bodies.Add((whole ?? throw RequestRefusedException.NotFound("You have sent no such file, or not all of it."), null));
        }
        else if (request["src"] is { } source)
        {
            var (resource, path) = UserCacheEndpoints.Parse(source) ?? throw RequestRefusedException.BadRequest("src is not of the form /user/cache/resources/X/files/F.");
            var staged = context.RequestServices.GetRequiredService<UserCache>().OpenRead(context.Caller().UserId, resource, path);
            request.Bodies.Add((staged ?? throw RequestRefusedException.NotFound("There is no such file in your cache."), Path.GetFileName(path)));
        }
    }

    private static async Task<IReadOnlyList<string>> TakeAsync(HttpContext context, UploadRequest request, string handler, string spoolFolder)
    {
        var target = ImportTarget.Read(
            request["dest", "destination"], request["project", "PROJECT_ID"], request["subject", "SUBJECT_ID"], request["session", "EXPT_LABEL", "experiment", "expt_id"]);
        var prevents = request.IsSet("prevent_auto_commit");
        var code = request["prearchive_code"];
        if (target.Project is { } project && project != "Unassigned")
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Create, invisible: 403);
            target = target with { Project = row.Id };
            code ??= row.PrearchiveCode.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        var isDirect = request.IsSet("Direct-Archive", "direct-archive");
        var asksToArchive = request.IsSet("AA", "auto-archive", "autoArchive");
        // One session per request is whole when it is here, so without a destination the project's code says where it goes; of what comes in parts the rest may be on its way.
        var isWhole = handler == "SI" && !target.IsPrearchive && code is "4" or "5"
            && await context.RequestServices.GetRequiredService<SiteSettings>().FlagAsync("projectAllowAutoArchive", context.RequestAborted);
        var archives = !isDirect && (target.IsArchive || !prevents && (asksToArchive || isWhole));
        var merge = request["overwrite", "override"] is { } overwrite ? ArchivingEndpoints.Merge(overwrite)
            : !isWhole || target.IsArchive || asksToArchive ? MergeMode.None : code == "5" ? MergeMode.Overwrite : MergeMode.Append;
        var source = new IntakeSource
        {
            Door = "upload",
            Given = new GivenLabels(target.Project, target.Subject, target.Session),
            PreventAnonymisation = await MayPreventAnonymisationAsync(context, request, target.Project),
            PreventAutoCommit = prevents,
            AutoArchive = archives || asksToArchive ? true : target.IsPrearchive || request["prearchive_code"] == "0" ? false : request["prearchive_code"] is "4" or "5" ? true : null,
            TimestampFolder = target.Timestamp,
            DirectArchive = isDirect,
            Quarantine = request.IsSet("quarantine"),
            Fields = request.ExperimentFields(),
            Source = request["SOURCE"] ?? "",
            Visit = request["VISIT"] ?? "",
            Protocol = request["PROTOCOL"] ?? "",
            Timezone = request["TIMEZONE"] ?? "",
        };
        var importer = context.RequestServices.GetRequiredService<UploadImporter>();
        // Names are given by those who know the patient, so they go where the site script runs.
        var keepsNames = request["rename"] is { } rename && !RequestFlags.IsTrue(rename)
            && (source.PreventAnonymisation || await context.RequestServices.GetRequiredService<ScriptLibrary>().ActiveSiteAsync(context.RequestAborted) is null);
        var results = new List<UploadResult>();
        try
        {
            foreach (var (content, name) in request.Bodies)
            {
                var skips = request.IsSet("Ignore-Unparsable") || handler is "SI" or "inbox";
                results.Add(await importer.ImportAsync(content, source, skips, spoolFolder, context.RequestAborted, keepsNames ? name ?? "object" : null));
                (content as LazyFile)?.Release();
            }
        }
        catch (UploadRefusedException e)
        {
            throw RequestRefusedException.BadRequest(e.Message);
        }

        RemoveInbox(request, handler);
        var sessions = results.SelectMany(r => r.SessionIds).Distinct().ToList();
        if (request.IsSet("prevent_anon") && !source.PreventAnonymisation && handler != "gradual-DICOM")
        {
            foreach (var session in sessions)
            {
                await context.RequestServices.GetRequiredService<PrearchiveStore>().LogAsync(
                    session, "prevent_anon was asked for and not heeded: it is for those who manage the project.", context.RequestAborted);
            }
        }

        await Scope.AuditAsync(context, "import", $"{results.Sum(r => r.Stored)} objects in {sessions.Count} sessions");
        return sessions.Count > 0
            ? await FinishAsync(context, request, sessions, archives ? merge : null, handler)
            : throw new RequestRefusedException(
                422,
                $"Nothing was stored: {results.Sum(r => r.Quarantined)} objects are in quarantine because the site script failed on them, {results.Sum(r => r.Rejected)} were rejected by it, "
                + $"{results.Sum(r => r.Refused)} are not wanted (series filter or opt-out).");
    }

    // Letting identities in is a decision about the project, not about one upload. Uploaders ask for it of everybody; whoever may not decide it has the objects de-identified all the same.
    private static async Task<bool> MayPreventAnonymisationAsync(HttpContext context, UploadRequest request, string? project)
    {
        if (!request.IsSet("prevent_anon"))
        {
            return false;
        }

        return context.Caller().IsSiteAdministrator
            || (project is not (null or "Unassigned") && (await Scope.RightsAsync(context, project)).HasFlag(ProjectRights.Manage));
    }

    private static void RemoveInbox(UploadRequest request, string handler)
    {
        if (handler != "inbox" || request["cleanupAfterImport"] is { } cleanup && !RequestFlags.IsTrue(cleanup))
        {
            return;
        }

        foreach (var file in request.Bodies.Select(b => b.Content).OfType<LazyFile>())
        {
            File.Delete(file.Path);
        }
    }

    private static async Task<IReadOnlyList<string>> FinishAsync(HttpContext context, UploadRequest request, IReadOnlyList<long> sessions, MergeMode? merge, string handler)
    {
        var store = context.RequestServices.GetRequiredService<PrearchiveStore>();
        var archiver = context.RequestServices.GetRequiredService<SessionArchiver>();
        var lines = new List<string>();
        foreach (var id in sessions)
        {
            if (await store.FindAsync(id, context.RequestAborted) is not { } session)
            {
                await AddArchivedAsync(context, id, lines);
                continue;
            }

            if (session.DirectArchive)
            {
                lines.Add(Xapi.DirectArchive.AddressOf(session));
                continue;
            }

            // Single objects keep coming; their session is built after quiet time, or on commit.
            var built = handler != "gradual-DICOM" || merge is not null ? await PrearchiveEndpoints.BuildAsync(archiver, id, context.RequestAborted) : [id];
            foreach (var part in built.DefaultIfEmpty(id))
            {
                if (await store.FindAsync(part, context.RequestAborted) is not { } found)
                {
                    await AddArchivedAsync(context, part, lines);
                    continue;
                }

                try
                {
                    lines.Add(await ArchiveAsync(context, request, found, merge, handler) ?? "/data" + found.Url);
                }
                catch (SessionGoneException)
                {
                    await AddArchivedAsync(context, part, lines);
                }
            }
        }

        // What one request brought may have gone through several sessions on its way to one.
        return [.. lines.Distinct()];
    }

    // Requests with parts of one session run beside each other; whichever comes first archives what others have brought.
    private static async Task AddArchivedAsync(HttpContext context, long session, List<string> lines)
    {
        if (await context.RequestServices.GetRequiredService<SessionArchiver>().WhereaboutsAsync(session, context.RequestAborted) is { } archived)
        {
            lines.Add(archived.Uri);
        }
    }

    private static async Task<string?> ArchiveAsync(HttpContext context, UploadRequest request, PrearchiveSession session, MergeMode? merge, string handler)
    {
        try
        {
            if (merge is not { } mode || session.ProjectId is not { } project)
            {
                return request["action"] == "commit"
                    ? (await context.RequestServices.GetRequiredService<IdleSessionService>().ArchiveIfWantedAsync(session.Id, context.RequestAborted, isAsked: true))?.Uri : null;
            }

            var asked = new ArchiveRequest(
                project, session.Subject, session.Label, mode, request.IsSet("overwrite_files"), context.Caller().Login)
            {
                SameStudyOnly = handler == "DICOM-zip", Quarantine = session.Quarantine,
            };
            var archived = await context.RequestServices.GetRequiredService<SessionArchiver>().ArchiveAsync(session.Id, asked, context.RequestAborted);
            await Scope.AuditAsync(context, "session.archive", archived.Id);
            return archived.Uri;
        }
        catch (ArchivingException e) when (e is not SessionGoneException)
        {
            throw e.Status == PrearchiveStatus.Conflict && handler == "DICOM-zip" ? RequestRefusedException.BadRequest(e.Message) : ArchivingEndpoints.Refusal(e);
        }
    }

    /// <summary>A file that is opened when it is first read, so that a folder of a million files holds no million handles.</summary>
    private sealed class LazyFile(string path) : Stream
    {
        private FileStream? _file;

        public string Path => path;

        private FileStream Open => _file ??= new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => Open.Length;

        public override long Position
        {
            get => Open.Position;
            set => Open.Position = value;
        }

        public override int Read(byte[] buffer, int offset, int count) => Open.Read(buffer, offset, count);

        public override long Seek(long offset, SeekOrigin origin) => Open.Seek(offset, origin);

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        /// <summary>Lets go of the file; it can be opened again.</summary>
        public void Release()
        {
            _file?.Dispose();
            _file = null;
        }

        protected override void Dispose(bool disposing)
        {
            Release();
            base.Dispose(disposing);
        }
    }
}

/// <summary>Where an import goes: <c>dest</c> and single labels together.</summary>
internal sealed record ImportTarget(string? Project, string? Subject, string? Session, bool IsArchive, bool IsPrearchive, string? Timestamp)
{
    public static ImportTarget Read(string? dest, string? project, string? subject, string? session)
    {
        var parts = (dest ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).SkipWhile(p => p == "data").ToArray();
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

        if (timestamp is not null && (timestamp.Length > 64 || !timestamp.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')))
        {
            throw RequestRefusedException.BadRequest("The timestamp of the destination is not usable.");
        }

        return new ImportTarget(project, subject, session, parts is ["archive", ..], isPrearchive, timestamp);
    }
}
