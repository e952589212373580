using System.Text.Json;
using System.Text.Json.Nodes;
using Vesalius.QueryRetrieve;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/dqr/query</c> (xapi A.6, A.7).</summary>
internal static class DqrQueries
{
    private const int MostStudies = 5000;
    private const int MostBatchRows = 1000;
    private const int MostParallelQueries = 4;
    private const string Lines = "application/x-ndjson";

    public static void MapDqrQueries(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/xapi/dqr/query/studies", async (HttpContext context, PacsConnections connections, TimeProvider time) =>
        {
            await DqrRights.UserAsync(context);
            var body = await DqrRights.ObjectAsync(context);
            if (context.Request.Headers.Accept.ToString().Contains(Lines, StringComparison.OrdinalIgnoreCase))
            {
                await EachStudyAsync(context, connections, body, time);
                return Results.Empty;
            }

            var studies = await StudiesAsync(context, connections, body, time);
            return studies.Count == 0 ? Results.NoContent() : Results.Json(studies.Select(View));
        });
        endpoints.MapPost("/xapi/dqr/query/patients", async (HttpContext context, PacsConnections connections, TimeProvider time) =>
        {
            await DqrRights.UserAsync(context);
            var studies = await StudiesAsync(context, connections, await DqrRights.ObjectAsync(context), time);
            return studies.Count == 0 ? Results.NoContent() : Results.Json(new
            {
                hasLimitedResultSetSize = studies.Count >= MostStudies, studyDateRangeLimitResults = (object?)null, results = studies.DistinctBy(s => (s.PatientId, s.PatientName)).Select(Patient),
            });
        });
        endpoints.MapPost("/xapi/dqr/query/series", async (HttpContext context, PacsConnections connections) =>
        {
            await DqrRights.UserAsync(context);
            var body = await DqrRights.ObjectAsync(context);
            var uids = (body["studyInstanceUids"] as JsonArray ?? (body.Text("studyInstanceUid") is { } one ? [one] : []))
                .Select(u => u is JsonValue value ? value.ToString().Trim() : "").Where(u => u.Length > 0).Distinct().ToList();
            if (uids.Count == 0)
            {
                return Results.NoContent();
            }

            var pacs = await DqrRights.PacsAsync(context, body.Number("pacsId"));
            return Results.Json(await AskAsync(async () =>
            {
                await using var dialogue = await connections.OpenAsync(pacs, context.RequestAborted);
                var found = new Dictionary<string, object>();
                foreach (var uid in uids)
                {
                    var study = (await dialogue.StudiesAsync(new SearchCriteria { StudyInstanceUid = uid }, pacs.Rules, 1, context.RequestAborted)).FirstOrDefault() ?? new StudyAnswer { StudyInstanceUid = uid };
                    var series = await dialogue.SeriesAsync(uid, context.RequestAborted);
                    found[uid] = new { results = series.Select(s => View(s, study)), hasLimitedResultSetSize = false, studyDateRangeLimitResults = (object?)null };
                }

                return found;
            }));
        });
        endpoints.MapPost("/xapi/dqr/query/batch", BatchAsync);
    }

    // One C-FIND per row, a few at once if the PACS's schedule agrees to several associations; rows are written as they are answered, in order, so that no proxy loses patience.
    private static async Task BatchAsync(HttpContext context, PacsConnections connections, AvailabilityDirectory availability, TimeProvider time)
    {
        await DqrRights.UserAsync(context);
        var upload = await DqrUpload.ReadAsync(context);
        if (upload.List.Length == 0)
        {
            throw RequestRefusedException.BadRequest("csv_to_store is missing or empty.");
        }

        var pacs = await DqrRights.PacsAsync(context, upload.Number("pacsId"));
        var allowsAll = upload.Flag("allowRowThatGetsAllStudiesOnPacs");
        var import = CsvImport.Read(upload.List, new CsvReading(pacs.Rules, DateOnly.FromDateTime(time.GetLocalNow().DateTime), NeedsLabels: false));
        if (import.Fault is { } fault)
        {
            throw RequestRefusedException.BadRequest(fault);
        }

        if (import.Rows.Count > MostBatchRows)
        {
            throw RequestRefusedException.BadRequest($"The list has {import.Rows.Count} rows; at most {MostBatchRows} are asked for at once. /xapi/dqr/import/lists takes more.");
        }

        // A row whose criterion cannot be understood says so; one without any is left out.
        var rows = import.Rows.Where(r => allowsAll || r.NamesCriterion).ToList();
        string[] unknown = [.. import.UnknownHeaders.Select(h => $"The column {h} is none that is known; it was not read.")];
        if (!import.Relabels)
        {
            context.Response.Headers.Append("Warning", "199 - \"The generated JSON does not contain an anon script: no relabel column has a value.\"");
        }

        if (rows.Count > 0)
        {
            // Before the first byte, so that a PACS that is away is an error, not half an answer.
            await AskAsync(async () =>
            {
                await using var dialogue = await connections.OpenAsync(pacs, context.RequestAborted);
                await dialogue.EchoAsync(context.RequestAborted);
                return 0;
            });
        }

        var parallel = Math.Clamp((await availability.AllowanceAsync(pacs, time.GetUtcNow(), context.RequestAborted)).Allowance.Parallel, 1, MostParallelQueries);
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync("[", context.RequestAborted);
        for (var start = 0; start < rows.Count; start += parallel)
        {
            var answers = await Task.WhenAll(rows.Skip(start).Take(parallel).Select(r => RowAsync(connections, pacs, r, unknown, context.RequestAborted)));
            for (var i = 0; i < answers.Length; i++)
            {
                await context.Response.WriteAsync((start + i > 0 ? "," : "") + answers[i], context.RequestAborted);
            }

            await context.Response.Body.FlushAsync(context.RequestAborted);
        }

        await context.Response.WriteAsync("]", context.RequestAborted);
    }

    private static async Task<string> RowAsync(PacsConnections connections, Pacs pacs, CsvRow row, string[] unknown, CancellationToken cancellationToken)
    {
        IReadOnlyList<StudyAnswer> studies = [];
        IReadOnlyList<string> notes = [.. row.Notes, .. unknown];
        // What is doubtful is looked for all the same: nothing is imported by it.
        if (row.IsSearchable)
        {
            try
            {
                await using var dialogue = await connections.OpenAsync(pacs, cancellationToken);
                studies = await dialogue.StudiesAsync(row.Criteria, pacs.Rules, MostStudies, cancellationToken);
            }
            catch (PacsException e)
            {
                notes = [.. notes, e.Message];
            }
        }

        return JsonSerializer.Serialize(new { criteria = Criteria(row.Criteria, pacs.Id), relabelMap = row.RelabelMap, studies = studies.Select(View), state = row.State.ToString(), notes }, Web);
    }

    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    private static object Criteria(SearchCriteria c, long pacsId) => new
    {
        pacsId, studyInstanceUid = c.StudyInstanceUid, accessionNumber = c.AccessionNumber, patientId = c.PatientId, patientName = c.PatientName, dob = c.BirthDate,
        studyDateRange = c.StudyDate is { } date ? new { start = date.Split('-')[0], end = date.Split('-')[^1] } : null, modality = c.Modality,
    };

    /// <summary>Asks a PACS; one that does not answer is the server's failure to the client, as XNAT has it.</summary>
    public static async Task<T> AskAsync<T>(Func<Task<T>> question)
    {
        try
        {
            return await question();
        }
        catch (PacsException e)
        {
            throw new RequestRefusedException(500, $"There was a problem: {e.Message}");
        }
    }

    // One study a line, as the PACS names them; the last line says whether that was all. A failure before the first study is an ordinary error.
    private static async Task EachStudyAsync(HttpContext context, PacsConnections connections, JsonObject body, TimeProvider time)
    {
        var (pacs, criteria) = await QuestionAsync(context, body, time);
        await using var dialogue = await AskAsync(() => connections.OpenAsync(pacs, context.RequestAborted));
        await using var studies = dialogue.EachStudyAsync(criteria, new IdentityRules(), MostStudies, context.RequestAborted).GetAsyncEnumerator(context.RequestAborted);
        var isThere = await AskAsync(async () => await studies.MoveNextAsync());
        context.Response.ContentType = Lines;
        var count = 0;
        string? problem = null;
        while (isThere)
        {
            await WriteLineAsync(context, View(studies.Current));
            count++;
            try
            {
                isThere = await studies.MoveNextAsync();
            }
            catch (PacsException e)
            {
                (isThere, problem) = (false, e.Message);
            }
        }

        await WriteLineAsync(context, new { count, isLimited = count >= MostStudies, problem });
    }

    private static async Task WriteLineAsync(HttpContext context, object line)
    {
        await context.Response.WriteAsync(JsonSerializer.Serialize(line, Web) + "\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private static async Task<(Pacs Pacs, SearchCriteria Criteria)> QuestionAsync(HttpContext context, JsonObject body, TimeProvider time)
    {
        var pacs = await DqrRights.PacsAsync(context, body.Number("pacsId"));
        var criteria = Read(body, DateOnly.FromDateTime(time.GetLocalNow().DateTime));
        return criteria.IsEmpty ? throw RequestRefusedException.BadRequest("At least one criterion is needed.") : (pacs, criteria);
    }

    private static async Task<IReadOnlyList<StudyAnswer>> StudiesAsync(HttpContext context, PacsConnections connections, JsonObject body, TimeProvider time)
    {
        var (pacs, criteria) = await QuestionAsync(context, body, time);
        return await AskAsync(async () =>
        {
            await using var dialogue = await connections.OpenAsync(pacs, context.RequestAborted);
            return await dialogue.StudiesAsync(criteria, new IdentityRules(), MostStudies, context.RequestAborted);
        });
    }

    private static SearchCriteria Read(JsonObject body, DateOnly today)
    {
        string? Date(string? text, string name) => text is null ? null
            : CsvDate.Read(text, DateOrder.Unknown, today) is { Value: { } value } ? value : throw RequestRefusedException.BadRequest($"{name} is no date: write yyyyMMdd or yyyy-MM-dd.");
        // A range is an object, or text as a list has it.
        var range = body["studyDateRange"] as JsonObject ?? [];
        var written = body.Text("studyDateRange") is not { } text ? null
            : CsvDate.Read(text, DateOrder.Unknown, today, allowsRange: true) is { Value: { } value } ? value : throw RequestRefusedException.BadRequest("studyDateRange is no range of dates: write yyyyMMdd-yyyyMMdd.");
        var from = Date(range.Text("start") ?? body.Text("studyDateFrom"), "The start of the study dates");
        var to = Date(range.Text("end") ?? body.Text("studyDateTo"), "The end of the study dates");
        var day = body.Flag("studyDateIsToday") == true ? today.ToString("yyyyMMdd", System.Globalization.CultureInfo.InvariantCulture) : Date(body.Text("studyDate"), "studyDate");
        return new SearchCriteria
        {
            StudyInstanceUid = body.Text("studyInstanceUid"), SeriesInstanceUid = body.Text("seriesInstanceUid"), AccessionNumber = body.Text("accessionNumber"), PatientId = body.Text("patientId"),
            PatientName = SearchCriteria.ReadName(body.Text("patientName")), BirthDate = Date(body.Text("dob"), "dob"), StudyId = body.Text("studyId"), Modality = body.Text("modality"),
            StudyDate = day ?? written ?? (from is null && to is null ? null : from == to ? from : $"{from}-{to}"),
        };
    }

    private static object Patient(StudyAnswer s) => new { id = s.PatientId, name = s.PatientName, sex = s.PatientSex, birthDate = StudyAnswer.DateFor(s.PatientBirthDate) };

    private static object View(StudyAnswer s) => new
    {
        studyInstanceUid = s.StudyInstanceUid, studyId = s.StudyId, studyDescription = s.StudyDescription, accessionNumber = s.AccessionNumber, studyDate = StudyAnswer.DateFor(s.StudyDate),
        modalitiesInStudy = s.ModalitiesInStudy, referringPhysicianName = s.ReferringPhysicianName, numberOfStudyRelatedSeries = s.SeriesCount, numberOfStudyRelatedInstances = s.InstanceCount,
        patient = Patient(s),
    };

    private static object View(SeriesAnswer s, StudyAnswer study) => new
    {
        seriesInstanceUid = s.SeriesInstanceUid, uniqueIdentifier = s.SeriesInstanceUid, study = View(study), seriesNumber = s.SeriesNumber, modality = s.Modality,
        seriesDescription = s.SeriesDescription, studyDate = StudyAnswer.DateFor(study.StudyDate), studyId = study.StudyId, accessionNumber = study.AccessionNumber,
        patientId = study.PatientId, patientName = study.PatientName, numberOfRelatedInstances = s.InstanceCount,
    };
}
