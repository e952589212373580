using System.Text.Json;
using System.Text.Json.Nodes;
using Vesalius.Access;
using Vesalius.Anonymisation;
using Vesalius.Import;
using Vesalius.Jobs;
using Vesalius.QueryRetrieve;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/dqr/import</c>: requests, queue, history (xapi A.8–A.10).</summary>
internal static class DqrImport
{
    private const int MostStudies = 100_000;
    private const int MostLookedUp = 200;
    private static readonly TimeSpan LookUpTime = TimeSpan.FromSeconds(5);

    public static void MapDqrImport(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/xapi/dqr/import", ImportAsync);
        foreach (var (path, isHistory) in (IEnumerable<(string, bool)>)[("queue", false), ("history", true)])
        {
            endpoints.MapGet($"/xapi/dqr/import/{path}", async (HttpContext context, ImportQueue queue) =>
                Results.Json((await queue.ListAsync(await PageAsync(context, isHistory), context.RequestAborted)).Select(r => View(r, isHistory))));
            endpoints.MapGet($"/xapi/dqr/import/{path}/count", async (HttpContext context, ImportQueue queue) =>
                Results.Json(await queue.CountAsync(await PageAsync(context, isHistory), context.RequestAborted)));
            endpoints.MapGet($"/xapi/dqr/import/{path}/{{id:long}}", async (HttpContext context, ImportQueue queue, long id) =>
            {
                var caller = await DqrRights.UserAsync(context);
                var request = await FindAsync(context, queue, id, caller, isForChange: false);
                return (isHistory ? request.Executed is not null : request.State != JobState.Ended)
                    ? Results.Json(View(request, isHistory)) : throw RequestRefusedException.NotFound($"The {path} has no request {id}.");
            });
        }

        endpoints.MapGet("/xapi/dqr/import/history/{id:long}/report", async (HttpContext context, ImportQueue queue, long id) =>
        {
            var request = await FindAsync(context, queue, id, await DqrRights.UserAsync(context), isForChange: false);
            return request.Report is { } report ? Results.Content(report, "application/json") : Results.NoContent();
        });
        endpoints.MapGet("/xapi/dqr/import/status", async (HttpContext context, ImportQueue queue) =>
            Results.Json((await queue.ListAsync(await PageAsync(context, isHistory: true), context.RequestAborted)).Select(r => new
            {
                id = r.Id, status = r.HistoryStatus, state = StateOf(r), expected = r.Expected, arrived = r.Arrived, series = r.Report is null ? null : JsonNode.Parse(r.Report)!["series"],
            })));
        endpoints.MapDelete("/xapi/dqr/import/queue/{id:long}", async (HttpContext context, ImportQueue queue, long id) =>
        {
            var caller = await DqrRights.UserAsync(context);
            if (await queue.EndedAsync([id], context.RequestAborted) is [var left])
            {
                if (left.Username != caller.Login && !caller.IsSiteAdministrator)
                {
                    throw RequestRefusedException.Forbidden("The request is not yours.");
                }

                await queue.ForgetEndedAsync([id], context.RequestAborted);
                return Results.Json(true);
            }

            var request = await FindAsync(context, queue, id, caller, isForChange: true);
            if (request.State == JobState.Ended)
            {
                throw RequestRefusedException.NotFound($"The queue has no request {id}.");
            }

            await queue.CancelAsync([id], null, context.RequestAborted);
            await Scope.AuditAsync(context, "dqr.cancel", $"{id}");
            return Results.Json(true);
        });
        endpoints.MapPost("/xapi/dqr/import/queue", DeleteManyAsync);
        endpoints.MapPut("/xapi/dqr/import/queue/{id:long}/{action}", async (HttpContext context, ImportQueue queue, JobControl control, long id, string action) =>
        {
            await FindAsync(context, queue, id, await DqrRights.UserAsync(context), isForChange: true);
            await DqrSteering.ApplyAsync(context, queue, control, [id], null, action);
            return Results.Json(true);
        });
    }

    // Deletes those that may be, then says what was wrong with the others, as XNAT does.
    private static async Task<IResult> DeleteManyAsync(HttpContext context, ImportQueue queue)
    {
        var caller = await DqrRights.UserAsync(context);
        long[] ids;
        try
        {
            var given = await JsonSerializer.DeserializeAsync<JsonNode>(context.Request.Body, cancellationToken: context.RequestAborted) as JsonArray;
            ids = [.. (given ?? throw RequestRefusedException.BadRequest("The body must be a JSON array of ids.")).Select(n => long.Parse(n!.ToString(), System.Globalization.CultureInfo.InvariantCulture)).Distinct()];
        }
        catch (Exception e) when (e is JsonException or FormatException or OverflowException or NullReferenceException)
        {
            throw RequestRefusedException.BadRequest("The body must be a JSON array of ids.");
        }

        // What waited for a project that was ended since is over, but to be found for those who take it out of the queue.
        var left = await queue.EndedAsync(ids, context.RequestAborted);
        var found = (await queue.ListAsync(ids, context.RequestAborted)).Where(r => r.State != JobState.Ended).Select(r => (r.Id, r.Username)).UnionBy(left.Select(l => (l.Id, l.Username)), r => r.Id).ToList();
        var own = found.Where(r => r.Username == caller.Login || caller.IsSiteAdministrator).Select(r => r.Id).ToArray();
        await queue.CancelAsync(own, null, context.RequestAborted);
        await queue.ForgetEndedAsync(own, context.RequestAborted);
        await Scope.AuditAsync(context, "dqr.cancel", string.Join(' ', own.Take(100)));
        return own.Length < found.Count ? throw RequestRefusedException.Forbidden("Some of the requests are not yours.")
            : found.Count < ids.Length ? throw RequestRefusedException.NotFound("Some of the requests are not in the queue.") : Results.Json(true);
    }

    private static async Task<ImportRequest> FindAsync(HttpContext context, ImportQueue queue, long id, Caller caller, bool isForChange)
    {
        var request = await queue.FindAsync(id, context.RequestAborted) ?? throw RequestRefusedException.NotFound($"There is no request {id}.");
        return request.Username == caller.Login || caller.IsSiteAdministrator || (!isForChange && DqrRights.SeesAll(caller))
            ? request : throw RequestRefusedException.Forbidden("The request is not yours.");
    }

    private static async Task<RequestPage> PageAsync(HttpContext context, bool isHistory)
    {
        var caller = await DqrRights.UserAsync(context);
        var query = context.Request.Query;
        int Whole(string name, int otherwise, int most) => query[name].FirstOrDefault() is not { Length: > 0 } text ? otherwise
            : int.TryParse(text, out var number) && number >= 1 && number <= most ? number : throw RequestRefusedException.BadRequest($"{name} must be a number from 1 to {most}.");
        var sort = query["sort"].FirstOrDefault()?.ToLowerInvariant() ?? "desc";
        if (sort is not ("asc" or "desc"))
        {
            throw RequestRefusedException.BadRequest("sort must be asc or desc.");
        }

        var all = query["all"].FirstOrDefault()?.ToLowerInvariant() == "true";
        if (all && !DqrRights.SeesAll(caller))
        {
            throw RequestRefusedException.Forbidden("Everybody's requests are for those with access to all data.");
        }

        var size = Whole("pageSize", 100, 10_000);
        var pacs = query["pacsId"].FirstOrDefault() is { Length: > 0 } ? Whole("pacsId", 1, int.MaxValue) : (long?)null;
        return new RequestPage(all ? null : caller.Login, pacs, isHistory, sort == "asc", (Whole("page", 1, 1_000_000) - 1) * size, size);
    }

    private static async Task<IResult> ImportAsync(HttpContext context, ImportQueue queue, PacsConnections connections)
    {
        var caller = await DqrRights.UserAsync(context);
        var body = await DqrRights.ObjectAsync(context);
        var project = body.Text("projectId") ?? throw RequestRefusedException.BadRequest("projectId is missing.");
        await DqrRights.CheckTargetAsync(context, caller, project);
        var pacs = await DqrRights.PacsAsync(context, body.Number("pacsId"));
        if (body["studies"] is not JsonArray { Count: > 0 } given)
        {
            throw RequestRefusedException.BadRequest("studies is missing or empty.");
        }

        if (given.Count > MostStudies)
        {
            throw RequestRefusedException.BadRequest($"At most {MostStudies} studies are taken at once.");
        }

        var studies = given.Select(s => Read(s as JsonObject ?? throw RequestRefusedException.BadRequest("Each of the studies must be a JSON object."))).ToList();
        var level = body.Text("retrieveLevel")?.ToUpperInvariant();
        if (level is not (null or "STUDY" or "SERIES"))
        {
            throw RequestRefusedException.BadRequest("retrieveLevel must be STUDY or SERIES.");
        }

        var receiver = await ReceiverAsync(context, pacs, body.Text("aeTitle"), body.Number("port"), body.Flag("forceImport") == true, studies.Exists(s => s.Relabel.Count > 0 || s.Script is not null));
        var known = await LookUpAsync(connections, pacs, studies, context.RequestAborted);
        if (known.Count == 0)
        {
            return Results.Json(Array.Empty<object>());
        }

        var order = new ImportOrder(caller.Login, pacs, project, receiver) { RequestId = body.Text("requestId"), RetrieveLevel = level };
        var (ids, _) = await queue.AddAsync(order, known, isBatch: false, context.RequestAborted);
        await Scope.AuditAsync(context, "dqr.import", $"{project} {ids.Length} studies from PACS {pacs.Id}");
        return Results.Json((await queue.ListAsync(ids, context.RequestAborted)).Select(r => View(r, isHistory: false) with { Status = "QUEUED" }));
    }

    private static NewRequest Read(JsonObject study)
    {
        var uid = study.Text("studyInstanceUid") ?? throw RequestRefusedException.BadRequest("studyInstanceUid of a study is missing.");
        if (CsvCell.Uid(uid).Value is null)
        {
            throw RequestRefusedException.BadRequest("studyInstanceUid of a study is no UID.");
        }

        var script = study.Text("anonScript");
        if (script is not null)
        {
            try
            {
                DicomEditScript.Compile(script);
            }
            catch (ScriptException e)
            {
                throw RequestRefusedException.BadRequest($"There was a problem: anonScript: {e.Message}");
            }
        }

        var relabel = (study["relabelMap"] as JsonObject ?? []).Where(r => r.Value is JsonValue).ToDictionary(r => r.Key, r => r.Value!.ToString().Trim() is var text && text.All(c => c == '"') ? "" : text);
        if (relabel.Values.Any(v => v.Length > 64 || v.Contains('\\', StringComparison.Ordinal)))
        {
            throw RequestRefusedException.BadRequest("A value of relabelMap has more than 64 characters, or a backslash.");
        }

        string[] Texts(string name) => [.. (study[name] as JsonArray ?? []).Select(s => s?.ToString().Trim() ?? "").Where(s => s.Length > 0)];
        return new NewRequest
        {
            Criteria = new SearchCriteria { StudyInstanceUid = uid, AccessionNumber = study.Text("accessionNumber") },
            SeriesUids = Texts("seriesInstanceUids"), SeriesDescriptions = Texts("seriesDescriptions"), Relabel = relabel, Script = script,
        };
    }

    /// <summary>The receiver of a request as <c>AE:port</c>; checked unless the request forces it.</summary>
    public static async Task<string> ReceiverAsync(HttpContext context, Pacs pacs, string? aeTitle, long? port, bool isForced, bool relabels)
    {
        if (pacs.Way != RetrievalWay.Move)
        {
            return "";
        }

        var receivers = (await context.RequestServices.GetRequiredService<ReceiverDirectory>().ListAsync(context.RequestAborted)).Where(r => r.Enabled).ToList();
        if (aeTitle is null && port is null)
        {
            // Where a request names none: our own calling title if a receiver has it, else the first.
            var calling = (await context.RequestServices.GetRequiredService<DqrSettings>().ReadAsync(context.RequestAborted)).CallingAeTitle;
            var own = receivers.Find(r => r.AeTitle == calling) ?? (receivers.Count > 0 ? receivers[0] : throw RequestRefusedException.BadRequest("There was a problem: no receiver is enabled."));
            return $"{own.AeTitle}:{own.Port}";
        }

        var found = receivers.Find(r => (aeTitle is null || r.AeTitle == aeTitle) && (port is null || r.Port == port));
        if (found is not null)
        {
            return $"{found.AeTitle}:{found.Port}";
        }

        return isForced && aeTitle is not null ? (port is null ? aeTitle : $"{aeTitle}:{port}")
            : throw RequestRefusedException.BadRequest($"There was a problem: no enabled receiver has this AE title and port{(relabels ? ", so the studies could not be relabelled" : "")}.");
    }

    // Fills in what the PACS says, for as long as a client waits gladly. Studies that it does not have are left out; those that there was no time for are kept.
    private static async Task<List<NewRequest>> LookUpAsync(PacsConnections connections, Pacs pacs, List<NewRequest> studies, CancellationToken cancellationToken)
    {
        if (studies.Count > MostLookedUp)
        {
            return studies;
        }

        using var budget = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        budget.CancelAfter(LookUpTime);
        var result = new List<NewRequest>(studies);
        var absent = new HashSet<NewRequest>(ReferenceEqualityComparer.Instance);
        try
        {
            await using var dialogue = await connections.OpenAsync(pacs, budget.Token);
            for (var i = 0; i < studies.Count; i++)
            {
                var criteria = new SearchCriteria { StudyInstanceUid = studies[i].Criteria.StudyInstanceUid };
                if ((await dialogue.StudiesAsync(criteria, pacs.Rules, 1, budget.Token)) is [var known])
                {
                    result[i] = studies[i] with { Known = known };
                }
                else
                {
                    absent.Add(studies[i]);
                }
            }
        }
        catch (Exception e) when (e is PacsException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return result.FindAll(r => !absent.Contains(r));
    }

    /// <summary>What a row is doing, in one word for people.</summary>
    public static string StateOf(ImportRequest r) => r.Outcome ?? (r.State == JobState.Running ? (r.Phase.Length > 0 ? r.Phase : "asking") : r.State);

    /// <summary>XNAT's QueuedPacsRequest, with what a row is doing besides.</summary>
    internal sealed record RequestView
    {
        public long Id { get; init; }
        public string Username { get; init; } = "";
        public long PacsId { get; init; }
        public string XnatProject { get; init; } = "";
        public string StudyInstanceUid { get; init; } = "";
        public IReadOnlyList<string> SeriesIds { get; init; } = [];
        public string? RemappingScript { get; init; }
        public string DestinationAeTitle { get; init; } = "";
        public string Status { get; init; } = "";
        public int Priority { get; init; }
        public long QueuedTime { get; init; }
        public long? ExecutedTime { get; init; }
        public string StudyDate { get; init; } = "";
        public string StudyId { get; init; } = "";
        public string AccessionNumber { get; init; } = "";
        public string PatientId { get; init; } = "";
        public string PatientName { get; init; } = "";
        public string? ErrorMessage { get; init; }
        public string? RequestId { get; init; }
        public string? SubjectLabel { get; init; }
        public string? ExperimentLabel { get; init; }
        public int Retries { get; init; }
        public bool Enabled { get; init; } = true;
        public long Created { get; init; }
        public long Timestamp { get; init; }
        public long Disabled { get; init; }
        public string State { get; init; } = "";
        public string? Batch { get; init; }
        public int? Row { get; init; }
        public int? Expected { get; init; }
        public int Arrived { get; init; }
        public long? NextAttempt { get; init; }
    }

    /// <summary>A request as XNAT shows it.</summary>
    public static RequestView View(ImportRequest r, bool isHistory) => new()
    {
        Id = r.Id, Username = r.Username, PacsId = r.PacsId, XnatProject = r.ProjectId, StudyInstanceUid = r.StudyInstanceUid ?? "", SeriesIds = r.SeriesIds,
        RemappingScript = r.Script ?? RelabelMap.Script(r.RelabelMap), DestinationAeTitle = r.Destination, Status = isHistory ? r.HistoryStatus : r.QueueStatus, Priority = r.Priority,
        QueuedTime = DqrRights.Milliseconds(r.Created), ExecutedTime = r.Executed is { } executed ? DqrRights.Milliseconds(executed) : null, StudyDate = StudyAnswer.DateFor(r.StudyDate ?? ""),
        StudyId = r.StudyId ?? "", AccessionNumber = r.AccessionNumber ?? "", PatientId = r.PatientId ?? "", PatientName = r.PatientName ?? "",
        ErrorMessage = r.Reason.Length > 0 && r.Outcome != ImportOutcome.Complete ? r.Reason : null, RequestId = r.RequestId, SubjectLabel = r.SubjectLabel, ExperimentLabel = r.ExperimentLabel,
        Retries = r.Attempts, Created = DqrRights.Milliseconds(r.Created), Timestamp = DqrRights.Milliseconds(r.Changed), State = StateOf(r), Batch = r.Batch?.ToString(), Row = r.RowNumber,
        Expected = r.Expected, Arrived = r.Arrived, NextAttempt = r.NotBefore is { } next ? DqrRights.Milliseconds(next) : null,
    };
}
