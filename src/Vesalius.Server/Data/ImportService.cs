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

        if (handler == "inbox")
        {
            return await Inbox.AcceptAsync(context, request);
        }

        AddStaged(context, request);
        if (request.Bodies.Count == 0)
        {
            throw RequestRefusedException.BadRequest("The request has neither a body to import nor a source.");
        }

        if (request.Bodies.Count > 1 && handler is not "gradual-DICOM")
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

    /// <summary>What a progress queue says of a place.</summary>
    public static string Final(string uri) => uri.StartsWith("/data/archive", StringComparison.Ordinal) ? $"Archive:{uri[5..]}" : uri.StartsWith("/data/", StringComparison.Ordinal) ? $"Prearchive:{uri[5..]}" : uri;

    private static void AddStaged(HttpContext context, UploadRequest request)
    {
        if (request["src"] is { } part && WebSite.UploadEndpoints.Parse(part) is { } upload)
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

    /// <summary>Decides, by the caller's present rights, where a request's objects go and how.</summary>
    /// <exception cref="RequestRefusedException">It may not go there, or a parameter cannot be understood.</exception>
    public static async Task<ImportPlan> PlanAsync(HttpContext context, UploadRequest request, string handler)
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
        // Names are given by those who know the patient, so they go where the site script runs.
        var keepsNames = request["rename"] is { } rename && !RequestFlags.IsTrue(rename)
            && (source.PreventAnonymisation || await context.RequestServices.GetRequiredService<ScriptLibrary>().ActiveSiteAsync(context.RequestAborted) is null);
        return new ImportPlan(source, archives ? merge : null, keepsNames);
    }

    private static async Task<IReadOnlyList<string>> TakeAsync(HttpContext context, UploadRequest request, string handler, string spoolFolder)
    {
        var plan = await PlanAsync(context, request, handler);
        var importer = context.RequestServices.GetRequiredService<UploadImporter>();
        var results = new List<UploadResult>();
        try
        {
            foreach (var (content, name) in request.Bodies)
            {
                var skips = request.IsSet("Ignore-Unparsable") || handler is "SI";
                results.Add(await importer.ImportAsync(content, plan.Source, skips, spoolFolder, context.RequestAborted, plan.KeepsNames ? name ?? "object" : null));
            }
        }
        catch (UploadRefusedException e)
        {
            throw RequestRefusedException.BadRequest(e.Message);
        }

        var sessions = results.SelectMany(r => r.SessionIds).Distinct().ToList();
        if (handler != "gradual-DICOM")
        {
            await LogUnheededAsync(context, request, plan, sessions);
        }

        await Scope.AuditAsync(context, "import", $"{results.Sum(r => r.Stored)} objects in {sessions.Count} sessions");
        return sessions.Count > 0
            ? await FinishAsync(context, request, sessions, plan.Merge, handler)
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

    /// <summary>Tells in the log of sessions that their names were taken out although that was not wanted.</summary>
    public static async Task LogUnheededAsync(HttpContext context, UploadRequest request, ImportPlan plan, IEnumerable<long> sessions)
    {
        if (!request.IsSet("prevent_anon") || plan.Source.PreventAnonymisation)
        {
            return;
        }

        foreach (var session in sessions)
        {
            await context.RequestServices.GetRequiredService<PrearchiveStore>().LogAsync(
                session, "prevent_anon was asked for and not heeded: it is for those who manage the project.", context.RequestAborted);
        }
    }

    /// <summary>Builds sessions and archives those that are to be archived.</summary>
    /// <returns>Where they are.</returns>
    /// <exception cref="RequestRefusedException">One cannot be built or archived; it stays in the prearchive.</exception>
    public static async Task<IReadOnlyList<string>> FinishAsync(HttpContext context, UploadRequest request, IReadOnlyList<long> sessions, MergeMode? merge, string handler)
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
}

/// <summary>Where objects of an import go.</summary>
/// <param name="Source">What is said with each object.</param>
/// <param name="Merge">How sessions are archived when all is there; null to leave them in the prearchive.</param>
/// <param name="KeepsNames">Files keep their names.</param>
internal sealed record ImportPlan(IntakeSource Source, MergeMode? Merge, bool KeepsNames);

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
