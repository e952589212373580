using System.Globalization;
using System.IO.Compression;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Prearchive;
using Vesalius.Server.DicomWeb;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>The prearchive (rest-api §12) and the archive service (§14).</summary>
internal static class PrearchiveEndpoints
{
    // Less than proxies and clients wait for an answer.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private const string Place = "/data/prearchive/projects/{project}/{timestamp}/{folder}";

    public static void MapPrearchive(this IEndpointRouteBuilder endpoints)
    {
        foreach (var all in (string[])["/data/prearchive", "/data/prearchive/projects"])
        {
            endpoints.MapGet(all, (Delegate)(async (HttpContext context) => Table(Tagged(context, await VisibleAsync(context, null)))));
        }

        endpoints.MapPut("/data/prearchive", async (HttpContext context, PrearchiveStore store) =>
        {
            context.Administrator();
            // The rows are the index; what has no row is put aside, as at start.
            var aside = await store.RecoverAsync(context.RequestAborted);
            await Scope.AuditAsync(context, "prearchive.refresh", $"{aside} files put aside");
            return Results.Ok();
        });
        endpoints.MapGet("/data/prearchive/experiments", (Delegate)RecentAsync);
        endpoints.MapGet("/data/prearchive/projects/{project}", async (HttpContext context, string project) =>
        {
            var names = project.Split(',');
            foreach (var name in names.Where(n => n != "Unassigned"))
            {
                await Scope.ProjectAsync(context, name, ProjectRights.Create);
            }

            if (names.Contains("Unassigned"))
            {
                CheckUnassigned(context);
            }

            return Table(await VisibleAsync(context, names));
        });
        endpoints.MapGet(Place, GetAsync);
        endpoints.MapDelete(Place, async (HttpContext context) =>
        {
            await RemoveAsync(context, await OfRouteAsync(context));
            return Results.Ok();
        });
        endpoints.MapPost(Place, (Delegate)ActAsync);
        endpoints.MapGet(Place + "/scans", ScansAsync);
        endpoints.MapDelete(Place + "/scans/{scan}", RemoveScanAsync);
        endpoints.MapGet(Place + "/scans/{scan}/resources", ResourcesAsync);
        endpoints.MapGet(Place + "/resources", ResourcesAsync);
        endpoints.MapGet(Place + "/scans/{scan}/resources/{resource}/files", FilesAsync);
        endpoints.MapGet(Place + "/scans/{scan}/resources/{resource}/files/{**path}", FileAsync);
        endpoints.MapGet(Place + "/logs", LogsAsync);
        endpoints.MapGet(Place + "/logs/last", LogsAsync);
        endpoints.MapArchiving();
        endpoints.MapComparison(Place);
        endpoints.MapPost("/data/services/prearchive/delete", (Delegate)((HttpContext context) => EachAsync(context, "QUEUED_DELETING", (session, _) => RemoveAsync(context, session))));
        endpoints.MapPost("/data/services/prearchive/rebuild", (Delegate)((HttpContext context) => EachAsync(context, "QUEUED_BUILDING", (session, _) => BuildAsync(context, session))));
        endpoints.MapPost("/data/services/prearchive/move", (Delegate)((HttpContext context) => EachAsync(context, "QUEUED_MOVING", async (session, form) => await MoveAsync(context, session, form("newProject")))));
    }

    private static void CheckUnassigned(HttpContext context)
    {
        var caller = context.SignedIn();
        if (!caller.IsSiteAdministrator && !caller.HasAllDataAdministration && !caller.HasAllDataAccess)
        {
            throw RequestRefusedException.Forbidden("Unassigned sessions are for administrators.");
        }
    }

    private static async Task<List<PrearchiveSession>> VisibleAsync(HttpContext context, IReadOnlyCollection<string>? projects)
    {
        var caller = context.SignedIn();
        var own = (await context.RequestServices.GetRequiredService<ProjectAccess>().ProjectsWithAsync(caller, ProjectRights.Create, context.RequestAborted)).ToHashSet();
        var seesUnassigned = caller.IsSiteAdministrator || caller.HasAllDataAdministration || caller.HasAllDataAccess;
        await context.RequestServices.GetRequiredService<SessionGates>().SettleAsync(context.RequestAborted);
        var all = await context.RequestServices.GetRequiredService<PrearchiveStore>().ListAsync(context.RequestAborted);
        return [.. all.Where(s => !s.DirectArchive && (s.ProjectId is null ? seesUnassigned : own.Contains(s.ProjectId)) && (projects is null || projects.Contains(s.ProjectName)))];
    }

    // By study, for administrators.
    private static List<PrearchiveSession> Tagged(HttpContext context, List<PrearchiveSession> sessions)
    {
        if (context.Request.Query["tag"].ToString() is not { Length: > 0 } tag)
        {
            return sessions;
        }

        context.Administrator();
        return sessions.FindAll(s => s.StudyInstanceUid == tag);
    }

    private static async Task<IResult> RecentAsync(HttpContext context, TimeProvider time)
    {
        var recent = context.Request.Query["recent"].ToString();
        var days = recent == "true" ? 10 : int.TryParse(recent, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 36_500 ? number : throw RequestRefusedException.BadRequest("recent is a number of days.");
        var since = time.GetUtcNow().UtcDateTime.AddDays(-days);
        return Table((await VisibleAsync(context, null)).Where(s => s.Uploaded.ToUniversalTime() >= since));
    }

    private static async Task<IResult> RemoveScanAsync(HttpContext context, PrearchiveStore store, string scan)
    {
        var session = await OfRouteAsync(context);
        CheckIdle(session);
        using var alone = await context.RequestServices.GetRequiredService<SessionGates>().CloseAsync(session.Id, context.RequestAborted);
        if (await store.RemoveScanAsync(session, scan, context.RequestAborted) == 0)
        {
            throw RequestRefusedException.NotFound("There is no such scan.");
        }

        await store.LogAsync(session.Id, "A scan was removed.", context.RequestAborted);
        await Scope.AuditAsync(context, "prearchive.scan.delete", session.Id.ToString(CultureInfo.InvariantCulture));
        return Results.Ok();
    }

    private static async Task CheckAsync(HttpContext context, PrearchiveSession session)
    {
        if (session.ProjectId is { } project)
        {
            await Scope.ProjectAsync(context, project, ProjectRights.Create);
        }
        else
        {
            CheckUnassigned(context);
        }
    }

    /// <summary>The session that the address names, if the caller may use it.</summary>
    public static Task<PrearchiveSession> OfRouteAsync(HttpContext context) =>
        FindAsync(context, Experiments.Route(context, "project")!, Experiments.Route(context, "timestamp")!, Experiments.Route(context, "folder")!);

    /// <summary>A session that the caller may use.</summary>
    public static async Task<PrearchiveSession> FindAsync(HttpContext context, string project, string timestamp, string folder)
    {
        var session = await RequireAsync(context, project, timestamp, folder);
        await CheckAsync(context, session);
        // What the journal still holds for it is part of it.
        await context.RequestServices.GetRequiredService<SessionGates>().SettleAsync(session.Id, context.RequestAborted);
        return await RequireAsync(context, project, timestamp, folder);
    }

    private static async Task<PrearchiveSession> RequireAsync(HttpContext context, string project, string timestamp, string folder)
    {
        return await context.RequestServices.GetRequiredService<PrearchiveStore>().FindAsync(project, timestamp, folder, context.RequestAborted)
            ?? throw RequestRefusedException.NotFound("There is no such session in the prearchive.");
    }

    private static TableResult Table(IEnumerable<PrearchiveSession> sessions)
    {
        var table = new ResultTable(
            "project", "timestamp", "lastmod", "uploaded", "scan_date", "scan_time", "subject", "folderName", "name", "tag", "status", "url", "autoarchive",
            "prevent_anon", "prevent_auto_commit", "SOURCE", "VISIT", "PROTOCOL", "TIMEZONE") { HasTotalRecords = false };
        foreach (var s in sessions)
        {
            table.Add(
                s.ProjectName, s.TimestampFolder, Columns.Timestamp(s.LastModified), Columns.Timestamp(s.Uploaded),
                s.ScanDate is { } date ? date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) + " 00:00:00.0" : "", s.ScanTime?.ToString("HH:mm:ss", CultureInfo.InvariantCulture),
                s.Subject, s.Folder, s.Label, s.StudyInstanceUid, s.Status, s.Url, s.AutoArchive is { } auto ? auto ? "true" : "false" : "", s.PreventAnonymisation ? "true" : "false",
                s.PreventAutoCommit ? "true" : "false", s.Source, s.Visit, s.Protocol, s.Timezone);
        }

        return new TableResult(table);
    }

    private static async Task<IResult> GetAsync(HttpContext context, PrearchiveStore store)
    {
        var session = await OfRouteAsync(context);
        switch (context.Request.Query["format"].ToString())
        {
            case "xml":
                return File.Exists(store.DocumentOf(session)) ? Results.File(store.DocumentOf(session), "text/xml") : throw RequestRefusedException.NotFound("The session has not been built.");
            case "zip":
                var objects = await store.ObjectsAsync(session.Id, context.RequestAborted);
                await Scope.AuditAsync(context, "prearchive.download", session.Id.ToString(CultureInfo.InvariantCulture));
                context.Response.Headers.ContentDisposition = $"attachment; filename=\"{session.Folder}.zip\"";
                // The zip writer ends entries with small synchronous writes.
                context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpBodyControlFeature>()!.AllowSynchronousIO = true;
                return Results.Stream(output => ZipAsync(output, store.FolderOf(session), session.Folder, objects, context.RequestAborted), "application/zip");
            default:
                return Table([session]);
        }
    }

    private static async Task ZipAsync(Stream output, string folder, string name, IReadOnlyList<PrearchiveObject> objects, CancellationToken cancellationToken)
    {
        var zip = await ZipArchive.CreateAsync(output, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancellationToken);
        await using (zip.ConfigureAwait(false))
        {
            foreach (var item in objects)
            {
                var target = await zip.CreateEntry($"{name}/{item.Path}", CompressionLevel.Fastest).OpenAsync(cancellationToken);
                await using (target.ConfigureAwait(false))
                {
                    var source = File.OpenRead(Path.Combine(folder, item.Path));
                    await using (source.ConfigureAwait(false))
                    {
                        await source.CopyToAsync(target, 1 << 18, cancellationToken);
                    }
                }
            }
        }
    }

    private static async Task<IResult> ScansAsync(HttpContext context, PrearchiveStore store)
    {
        var session = await OfRouteAsync(context);
        var objects = await store.ObjectsAsync(session.Id, context.RequestAborted);
        var description = await SessionBuilder.DescribeAsync(objects, o => Path.Combine(store.FolderOf(session), o.Path), context.RequestAborted);
        var table = new ResultTable("ID", "xsiType", "series_description") { HasTotalRecords = false };
        foreach (var scan in description.Scans)
        {
            table.Add(scan.Id, scan.XsiType, scan.SeriesDescription);
        }

        return new TableResult(table);
    }

    private static async Task<IResult> ResourcesAsync(HttpContext context, PrearchiveStore store)
    {
        var session = await OfRouteAsync(context);
        var scan = Experiments.Route(context, "scan");
        var groups = (await store.ObjectsAsync(session.Id, context.RequestAborted)).Where(o => scan is null || o.ScanId == scan).GroupBy(o => (o.ScanId, o.Resource)).ToList();
        if (scan is not null && groups.Count == 0)
        {
            throw RequestRefusedException.NotFound("There is no such scan.");
        }

        var table = scan is null ? new ResultTable("category", "cat_id", "label", "file_count", "file_size") { HasTotalRecords = false }
            : new ResultTable("label", "file_count", "file_size") { HasTotalRecords = false };
        foreach (var g in groups)
        {
            var count = g.Count().ToString(CultureInfo.InvariantCulture);
            var size = g.Sum(o => o.Size).ToString(CultureInfo.InvariantCulture);
            string?[] row = scan is null ? ["scans", g.Key.ScanId, g.Key.Resource, count, size] : [g.Key.Resource, count, size];
            table.Add(row);
        }

        return new TableResult(table);
    }

    private static async Task<List<PrearchiveObject>> SelectAsync(HttpContext context, PrearchiveStore store, PrearchiveSession session) =>
        [.. (await store.ObjectsAsync(session.Id, context.RequestAborted)).Where(o => o.ScanId == Experiments.Route(context, "scan") && o.Resource == Experiments.Route(context, "resource"))];

    private static async Task<IResult> FilesAsync(HttpContext context, PrearchiveStore store)
    {
        var session = await OfRouteAsync(context);
        var table = new ResultTable("Name", "Size", "URI") { HasTotalRecords = false };
        foreach (var item in await SelectAsync(context, store, session))
        {
            table.Add(item.FileName, item.Size.ToString(CultureInfo.InvariantCulture), $"/data{session.Url}/scans/{item.ScanId}/resources/{item.Resource}/files/{FileAddress.Of(item.FileName)}");
        }

        return table.Rows.Count > 0 ? new TableResult(table) : throw RequestRefusedException.NotFound("There is no such resource.");
    }

    private static async Task<IResult> FileAsync(HttpContext context, PrearchiveStore store, string path)
    {
        var session = await OfRouteAsync(context);
        var item = (await SelectAsync(context, store, session)).Find(o => o.FileName == path) ?? throw RequestRefusedException.NotFound("There is no such file.");
        await Scope.AuditAsync(context, "prearchive.download", session.Id.ToString(CultureInfo.InvariantCulture));
        var full = Path.Combine(store.FolderOf(session), item.Path);
        var format = context.Request.Query["format"].ToString();
        return RenderedEndpoints.Makes(format) ? await RenderedEndpoints.OfFileAsync(context, full, format) : Results.File(full, "application/dicom", enableRangeProcessing: true);
    }

    private static async Task<IResult> LogsAsync(HttpContext context, PrearchiveStore store)
    {
        var session = await OfRouteAsync(context);
        var table = new ResultTable("entry", "date") { HasTotalRecords = false };
        foreach (var (at, entry) in await store.LogAsync(session.Id, context.RequestAborted))
        {
            table.Add(entry, Columns.Timestamp(at));
        }

        if (context.Request.Path.Value!.EndsWith("/last", StringComparison.Ordinal) && table.Rows.Count > 1)
        {
            table.Rows.RemoveRange(0, table.Rows.Count - 1);
        }

        return new TableResult(table);
    }

    private static async Task RemoveAsync(HttpContext context, PrearchiveSession session)
    {
        CheckIdle(session);
        if (session.ProjectId is { } project)
        {
            await Scope.ProjectAsync(context, project, ProjectRights.Create);
        }

        using var alone = await context.RequestServices.GetRequiredService<SessionGates>().CloseAsync(session.Id, context.RequestAborted);
        session = await AsItIsAsync(context, session);
        var store = context.RequestServices.GetRequiredService<PrearchiveStore>();
        await store.SetStatusAsync(session.Id, PrearchiveStatus.Deleting, null, context.RequestAborted);
        await store.RemoveAsync(session, CancellationToken.None);
        await Scope.AuditAsync(context, "prearchive.delete", session.Id.ToString(CultureInfo.InvariantCulture));
    }

    private static void CheckIdle(PrearchiveSession session)
    {
        if (session.Status is PrearchiveStatus.Archiving or PrearchiveStatus.Moving or PrearchiveStatus.Deleting or PrearchiveStatus.Building or PrearchiveStatus.Separating)
        {
            throw RequestRefusedException.Conflict($"The session is {session.Status}.");
        }
    }

    private static async Task<List<PrearchiveSession>> BuildAsync(HttpContext context, PrearchiveSession session)
    {
        CheckIdle(session);
        var built = new List<PrearchiveSession>();
        foreach (var id in await BuildAsync(context.RequestServices.GetRequiredService<SessionArchiver>(), session.Id, context.RequestAborted))
        {
            if (await context.RequestServices.GetRequiredService<PrearchiveStore>().FindAsync(id, context.RequestAborted) is { } found)
            {
                built.Add(found);
            }
        }

        return built.Count > 0 ? built : throw RequestRefusedException.NotFound("There is no such session in the prearchive.");
    }

    /// <summary>Builds a session.</summary>
    /// <returns>Keys of the sessions that it became.</returns>
    public static async Task<IReadOnlyList<long>> BuildAsync(SessionArchiver archiver, long session, CancellationToken cancellationToken)
    {
        try
        {
            return await archiver.BuildAsync(session, cancellationToken);
        }
        catch (ArchivingException e)
        {
            throw new RequestRefusedException(500, e.Message);
        }
    }

    private static async Task<PrearchiveSession> MoveAsync(HttpContext context, PrearchiveSession session, string? newProject)
    {
        CheckIdle(session);
        var target = await Scope.ProjectAsync(context, newProject ?? throw RequestRefusedException.BadRequest("newProject is missing."), ProjectRights.Create, invisible: 403);
        using var alone = await context.RequestServices.GetRequiredService<SessionGates>().CloseAsync(session.Id, context.RequestAborted);
        return await context.RequestServices.GetRequiredService<PrearchiveStore>().MoveAsync(await AsItIsAsync(context, session), target.Id, context.RequestAborted);
    }

    // For whoever has a session alone after others had it: its folder is where its row says now, and what the caller may do was looked at for the project that it was in.
    private static async Task<PrearchiveSession> AsItIsAsync(HttpContext context, PrearchiveSession session)
    {
        var now = await context.RequestServices.GetRequiredService<PrearchiveStore>().FindAsync(session.Id, context.RequestAborted) ?? throw RequestRefusedException.NotFound("There is no such session in the prearchive.");
        return now.ProjectId == session.ProjectId ? now : throw RequestRefusedException.Conflict("The session was moved to another project meanwhile.");
    }

    private static async Task<IResult> ActAsync(HttpContext context)
    {
        var session = await OfRouteAsync(context);
        var form = await FormAsync(context);
        switch (form("action"))
        {
            case "build" or "rebuild":
                return Results.Text(string.Join("\r\n", (await BuildAsync(context, session)).Select(s => "/data" + s.Url)));
            case "commit":
                return await CommitAsync(context, session, form);
            case "move":
                var moved = await MoveAsync(context, session, form("newProject"));
                context.Response.Headers.Location = "/data" + moved.Url;
                return Results.Text("/data" + moved.Url, statusCode: 301);
            case "reset-status":
                if (RequestFlags.IsTrue(form("overrideLock")))
                {
                    context.Administrator();
                }
                else
                {
                    CheckIdle(session);
                }

                await ResetAsync(context, session);
                return Results.Ok();
            case "set-status":
                CheckIdle(session);
                var wanted = form("status") is PrearchiveStatus.Ready or PrearchiveStatus.Receiving or PrearchiveStatus.Error or PrearchiveStatus.Conflict
                    ? form("status")! : throw RequestRefusedException.BadRequest("The status is READY, RECEIVING, ERROR or CONFLICT.");
                await context.RequestServices.GetRequiredService<PrearchiveStore>().SetStatusAsync(session.Id, wanted, null, context.RequestAborted);
                return Results.Ok();
            case "relabel":
                CheckIdle(session);
                await DescribeAsync(context, session, form, form("subject") is { Length: > 0 } subject ? Label.From(subject) : null, form("session") is { Length: > 0 } label ? Label.From(label) : null);
                return Results.Text("/data" + session.Url);
            default:
                throw RequestRefusedException.BadRequest("The action is not known: build, commit, move, relabel, reset-status, set-status.");
        }
    }

    // The state that follows from what is there: built, built with a clash, or not built yet.
    private static async Task ResetAsync(HttpContext context, PrearchiveSession session)
    {
        var store = context.RequestServices.GetRequiredService<PrearchiveStore>();
        var status = !File.Exists(store.DocumentOf(session)) ? PrearchiveStatus.Receiving
            : await store.ConflictsAsync(session.Id, context.RequestAborted) > 0 ? PrearchiveStatus.Conflict : PrearchiveStatus.Ready;
        await store.SetStatusAsync(session.Id, status, null, context.RequestAborted);
    }

    private static Task DescribeAsync(HttpContext context, PrearchiveSession session, Func<string, string?> form, string? subject, string? label) =>
        context.RequestServices.GetRequiredService<PrearchiveStore>().DescribeAsync(
            session.Id, subject, label, form("SOURCE"), form("VISIT"), form("PROTOCOL"), form("TIMEZONE"), context.RequestAborted);

    private static async Task<IResult> CommitAsync(HttpContext context, PrearchiveSession session, Func<string, string?> form)
    {
        CheckIdle(session);
        await DescribeAsync(context, session, form, null, null);
        var built = await BuildAsync(context, session);
        var asked = form("AA") ?? form("auto-archive");
        try
        {
            var lines = new List<string>();
            foreach (var part in built)
            {
                var archived = RequestFlags.IsTrue(asked)
                    ? await context.RequestServices.GetRequiredService<SessionArchiver>().ArchiveAsync(
                        part.Id, new ArchiveRequest(part.ProjectId ?? throw RequestRefusedException.BadRequest("The session is unassigned."), part.Subject, part.Label, MergeMode.Append, false, context.Caller().Login), context.RequestAborted)
                    : await context.RequestServices.GetRequiredService<IdleSessionService>().ArchiveIfWantedAsync(part.Id, context.RequestAborted, isAsked: true);
                if (archived is not null && built.Count == 1)
                {
                    context.Response.Headers.Location = archived.Uri;
                    return Results.Text(archived.Uri, "text/uri-list", statusCode: 301);
                }

                lines.Add(archived?.Uri ?? "/data" + part.Url);
            }

            return Results.Text(string.Join("\r\n", lines), "text/uri-list");
        }
        catch (ArchivingException e)
        {
            throw ArchivingEndpoints.Refusal(e);
        }
    }

    /// <summary>Parameters of query and form together; the query wins.</summary>
    public static async Task<Func<string, string?>> FormAsync(HttpContext context)
    {
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(context.RequestAborted) : null;
        return name => context.Request.Query[name].FirstOrDefault() ?? form?[name].FirstOrDefault();
    }

    /// <summary>The sessions that <c>src</c> names, each one the caller may use.</summary>
    public static async Task<List<PrearchiveSession>> SourcesAsync(HttpContext context)
    {
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(context.RequestAborted) : null;
        var sources = context.Request.Query["src"].Concat(form?["src"] ?? default).OfType<string>().SelectMany(s => s.Split(',')).ToList();
        if (sources.Count == 0)
        {
            throw RequestRefusedException.BadRequest("src is missing.");
        }

        var sessions = new List<PrearchiveSession>();
        foreach (var source in sources)
        {
            var start = source.IndexOf("/prearchive/projects/", StringComparison.Ordinal);
            var parts = start < 0 ? [] : source[(start + "/prearchive/projects/".Length)..].TrimEnd('/').Split('/');
            if (parts.Length != 3)
            {
                throw RequestRefusedException.BadRequest("src is not of the form /prearchive/projects/PROJECT/TIMESTAMP/FOLDER.");
            }

            var session = await context.RequestServices.GetRequiredService<PrearchiveStore>().FindAsync(parts[0], parts[1], Uri.UnescapeDataString(parts[2]), context.RequestAborted)
                ?? throw RequestRefusedException.NotFound("There is no such session in the prearchive.");
            await CheckAsync(context, session);
            sessions.Add(session);
        }

        return sessions;
    }

    // Most requests are answered when all is done. Who says async, or names more than can be done while a client waits, is told what is queued, and it is done after the answer.
    private static async Task<IResult> EachAsync(HttpContext context, string queued, Func<PrearchiveSession, Func<string, string?>, Task> act)
    {
        var form = await FormAsync(context);
        var sessions = await SourcesAsync(context);
        sessions.ForEach(CheckIdle);
        if (form("newProject") is { Length: > 0 } target)
        {
            await Scope.ProjectAsync(context, target, ProjectRights.Create, invisible: 403);
        }

        var time = context.RequestServices.GetRequiredService<TimeProvider>();
        var (started, patience) = (time.GetTimestamp(), RequestFlags.IsTrue(form("async")) ? TimeSpan.Zero : Patience);
        for (var i = 0; i < sessions.Count; i++)
        {
            if (!context.Response.HasStarted && time.GetElapsedTime(started) >= patience)
            {
                // The client may leave now; nobody calls off what it was promised. What it asks for next must not wait behind it on this connection.
                context.RequestAborted = CancellationToken.None;
                context.Response.Headers.Connection = "close";
                await (await StateAsync(context, sessions, done: i, waiting: queued)).ExecuteAsync(context);
                await context.Response.CompleteAsync();
            }

            try
            {
                await act(sessions[i], form);
            }
            catch (Exception e) when (context.Response.HasStarted && e is RequestRefusedException or IOException or UnauthorizedAccessException or Npgsql.NpgsqlException)
            {
                // One session's trouble is not the others'.
                await context.RequestServices.GetRequiredService<PrearchiveStore>().LogIfThereAsync(
                    sessions[i].Id, e is RequestRefusedException ? e.Message : "It was not done: storage or database did not answer.", CancellationToken.None);
            }
        }

        return context.Response.HasStarted ? Results.Empty : await StateAsync(context, sessions);
    }

    /// <summary>Rows of sessions as they now are; those that have left are shown as they were, in the state in which they left.</summary>
    /// <param name="context">The request.</param>
    /// <param name="sessions">The sessions in order.</param>
    /// <param name="left">State in which those that are gone have left; null keeps the one that they had.</param>
    /// <param name="done">How many of them have been seen to; null if all.</param>
    /// <param name="waiting">State of those that still wait for their turn.</param>
    public static async Task<IResult> StateAsync(HttpContext context, IReadOnlyList<PrearchiveSession> sessions, string? left = null, int? done = null, string waiting = "")
    {
        var now = (await context.RequestServices.GetRequiredService<PrearchiveStore>().ListAsync(context.RequestAborted)).ToDictionary(s => s.Id);
        return Table(sessions.Select((s, i) => i < (done ?? sessions.Count) ? now.GetValueOrDefault(s.Id, s with { Status = left ?? s.Status }) : s with { Status = waiting }));
    }
}
