using System.Text.Json;
using Dapper;
using Npgsql;
using NpgsqlTypes;
using Vesalius.Database;
using Vesalius.Jobs;

namespace Vesalius.QueryRetrieve;

/// <summary>A page of requests.</summary>
/// <param name="User">Whose; null for everybody's.</param>
/// <param name="PacsId">Of which PACS; null for all.</param>
/// <param name="IsHistory">Those that the PACS was asked for; else those that have not ended.</param>
/// <param name="IsAscending">Oldest first.</param>
/// <param name="Skip">How many to leave out.</param>
/// <param name="Take">How many at most.</param>
public sealed record RequestPage(string? User, long? PacsId, bool IsHistory, bool IsAscending = false, int Skip = 0, int Take = 100);

/// <summary>A batch with how far it is.</summary>
public sealed record ImportBatch
{
    /// <summary>Key.</summary>
    public Guid Id { get; init; }
    /// <summary>Who asked.</summary>
    public string Username { get; init; } = "";
    /// <summary>PACS.</summary>
    public long PacsId { get; init; }
    /// <summary>Project.</summary>
    public string ProjectId { get; init; } = "";
    /// <summary>Rows taken.</summary>
    public int Rows { get; init; }
    /// <summary>When it was made.</summary>
    public DateTime Created { get; init; }
}

/// <summary>A request that waited when its project was ended.</summary>
/// <param name="Id">Key.</param>
/// <param name="Username">Who asked.</param>
public sealed record EndedRequest(long Id, string Username);

/// <summary>Requests for studies: taken, listed, steered. The state of each is its job's.</summary>
public sealed class ImportQueue(VesaliusDatabase database, JobStore jobs, JobControl control, TimeProvider time)
{
    /// <summary>Kind of the jobs.</summary>
    public const string JobKind = "retrieve";

    private const int Many = 1000;

    private const string Columns =
        """
        r.id, r.batch, r.row_number, r.username, r.pacs_id, r.project_id, r.study_instance_uid, r.accession_number, r.patient_id, r.patient_name, r.birth_date, r.study_date, r.study_id,
        r.modality, r.series_ids, r.series_descriptions, r.relabel::text as relabel, r.script, r.destination, r.request_id, r.retrieve_level, r.subject_label, r.experiment_label, r.created, r.executed,
        r.expected, r.arrived, r.session_id, r.report::text as report, r.growth_of, j.state, j.phase, j.outcome, j.reason, j.attempts, j.priority, j.changed, j.not_before
        """;

    private const string From = "from qr_request r join jobs_job j on j.id = r.id";

    /// <summary>Takes requests. When this returns they are durable.</summary>
    /// <param name="order">What they have in common.</param>
    /// <param name="requests">Studies.</param>
    /// <param name="isBatch">They form a batch that can be steered as one.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Keys in order, and the batch.</returns>
    public Task<(long[] Ids, Guid? Batch)> AddAsync(ImportOrder order, IReadOnlyList<NewRequest> requests, bool isBatch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(requests);
        return database.InTransactionAsync<(long[], Guid?)>(async (connection, transaction) =>
        {
            var batch = requests.Count > 1 || isBatch ? Guid.NewGuid() : (Guid?)null;
            var ids = await JobStore.ReserveAsync(requests.Count, connection, transaction).ConfigureAwait(false);
            var now = time.GetUtcNow().UtcDateTime;
            if (isBatch)
            {
                await connection.ExecuteAsync(
                    "insert into qr_batch (id, username, pacs_id, project_id, rows, fingerprint, created) values (@batch, @User, @pacs, @ProjectId, @Count, @Fingerprint, @now)",
                    new { batch, order.User, pacs = order.Pacs.Id, order.ProjectId, requests.Count, order.Fingerprint, now }, transaction).ConfigureAwait(false);
            }

            await CopyAsync(order, requests, ids, batch, now, connection).ConfigureAwait(false);
            if (requests.Count >= Many)
            {
                // Plans for an almost empty table would sort all rows for every page of them, until the database looks for itself.
                await connection.ExecuteAsync("analyze qr_request", transaction: transaction).ConfigureAwait(false);
            }

            var priority = order.Priority ?? (requests.Count == 1 && !isBatch ? 1 : 10);
            await jobs.AddAsync([.. ids.Select(id => new NewJob(JobKind, order.Pacs.Lane, Id: id, Batch: batch, Priority: priority))], connection, transaction).ConfigureAwait(false);
            return (ids, batch);
        }, cancellationToken);
    }

    private static async Task CopyAsync(ImportOrder order, IReadOnlyList<NewRequest> requests, long[] ids, Guid? batch, DateTime now, NpgsqlConnection connection)
    {
        var writer = await connection.BeginBinaryImportAsync(
            """
            copy qr_request (id, batch, row_number, username, pacs_id, project_id, study_instance_uid, accession_number, patient_id, patient_name, birth_date, study_date, study_id, modality,
                series_ids, series_descriptions, relabel, script, destination, request_id, retrieve_level, subject_label, experiment_label, created) from stdin (format binary)
            """).ConfigureAwait(false);
        await using (writer.ConfigureAwait(false))
        {
            for (var i = 0; i < requests.Count; i++)
            {
                var (request, known) = (requests[i], requests[i].Known);
                await writer.StartRowAsync().ConfigureAwait(false);
                await writer.WriteAsync(ids[i], NpgsqlDbType.Bigint).ConfigureAwait(false);
                await WriteAsync(batch, NpgsqlDbType.Uuid).ConfigureAwait(false);
                await WriteAsync(request.RowNumber, NpgsqlDbType.Integer).ConfigureAwait(false);
                await TextAsync(order.User).ConfigureAwait(false);
                await writer.WriteAsync(order.Pacs.Id, NpgsqlDbType.Bigint).ConfigureAwait(false);
                await TextAsync(order.ProjectId).ConfigureAwait(false);
                await TextAsync(known?.StudyInstanceUid ?? request.Criteria.StudyInstanceUid).ConfigureAwait(false);
                await TextAsync(known?.AccessionNumber is { Length: > 0 } accession ? accession : request.Criteria.AccessionNumber).ConfigureAwait(false);
                await TextAsync(known?.PatientId ?? request.Criteria.PatientId).ConfigureAwait(false);
                await TextAsync(known?.PatientName ?? request.Criteria.PatientName).ConfigureAwait(false);
                await TextAsync(request.Criteria.BirthDate).ConfigureAwait(false);
                await TextAsync(known?.StudyDate ?? request.Criteria.StudyDate).ConfigureAwait(false);
                await TextAsync(known?.StudyId ?? request.Criteria.StudyId).ConfigureAwait(false);
                await TextAsync(request.Criteria.Modality).ConfigureAwait(false);
                await writer.WriteAsync(request.SeriesUids.ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Text).ConfigureAwait(false);
                await writer.WriteAsync(request.SeriesDescriptions.ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Text).ConfigureAwait(false);
                await WriteJsonAsync(request.Relabel).ConfigureAwait(false);
                await TextAsync(request.Script).ConfigureAwait(false);
                await TextAsync(order.Destination).ConfigureAwait(false);
                await TextAsync(order.RequestId).ConfigureAwait(false);
                await TextAsync(order.RetrieveLevel).ConfigureAwait(false);
                await TextAsync(RelabelMap.Subject(request.Relabel)).ConfigureAwait(false);
                await TextAsync(RelabelMap.Session(request.Relabel)).ConfigureAwait(false);
                await writer.WriteAsync(now, NpgsqlDbType.TimestampTz).ConfigureAwait(false);
            }

            await writer.CompleteAsync().ConfigureAwait(false);
        }

        Task TextAsync(string? text) => text is null ? writer.WriteNullAsync() : writer.WriteAsync(text.Replace("\0", "", StringComparison.Ordinal), NpgsqlDbType.Text);
        Task WriteAsync<T>(T? value, NpgsqlDbType type)
            where T : struct => value is { } given ? writer.WriteAsync(given, type) : writer.WriteNullAsync();
        Task WriteJsonAsync(IReadOnlyDictionary<string, string> map) => map.Count == 0 ? writer.WriteNullAsync() : writer.WriteAsync(JsonSerializer.Serialize(map), NpgsqlDbType.Jsonb);
    }

    /// <summary>A request; null if there is none.</summary>
    public Task<ImportRequest?> FindAsync(long id, CancellationToken cancellationToken) =>
        database.FindAsync<ImportRequest>($"select {Columns} {From} where r.id = @id", new { id }, cancellationToken);

    /// <summary>Requests by key, in order of keys.</summary>
    public Task<IReadOnlyList<ImportRequest>> ListAsync(long[] ids, CancellationToken cancellationToken) =>
        database.QueryAsync<ImportRequest>($"select {Columns} {From} where r.id = any (@ids) order by r.id", new { ids }, cancellationToken);

    private static string Where(RequestPage page) =>
        $"where {(page.IsHistory ? "r.executed is not null" : "j.state <> 'ended'")} and (@User::text is null or r.username = @User) and (@PacsId::bigint is null or r.pacs_id = @PacsId)";

    /// <summary>A page of the queue or the history.</summary>
    public Task<IReadOnlyList<ImportRequest>> ListAsync(RequestPage page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(page);
        return database.QueryAsync<ImportRequest>(
            $"select {Columns} {From} {Where(page)} order by r.id {(page.IsAscending ? "asc" : "desc")} offset @Skip limit @Take", page, cancellationToken);
    }

    /// <summary>Counts the queue or the history.</summary>
    public Task<long> CountAsync(RequestPage page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(page);
        return database.FindAsync<long>($"select count(*) {From} {Where(page)}", page, cancellationToken);
    }

    /// <summary>Rows of a batch after a row, in order; of one state or outcome only if named.</summary>
    public Task<IReadOnlyList<ImportRequest>> RowsAsync(Guid batch, int after, int most, string? state, CancellationToken cancellationToken) => database.QueryAsync<ImportRequest>(
        $"select {Columns} {From} where r.batch = @batch and r.row_number > @after and (@state::text is null or coalesce(j.outcome, nullif(j.phase, ''), j.state) = @state) order by r.row_number limit @most",
        new { batch, after, most, state }, cancellationToken);

    /// <summary>Batches of a user, newest first; everybody's for null.</summary>
    public Task<IReadOnlyList<ImportBatch>> BatchesAsync(string? user, CancellationToken cancellationToken) => database.QueryAsync<ImportBatch>(
        "select id, username, pacs_id, project_id, rows, created from qr_batch where @user::text is null or username = @user order by created desc limit 500", new { user }, cancellationToken);

    /// <summary>A batch; null if there is none.</summary>
    public Task<ImportBatch?> BatchAsync(Guid id, CancellationToken cancellationToken) =>
        database.FindAsync<ImportBatch>("select id, username, pacs_id, project_id, rows, created from qr_batch where id = @id", new { id }, cancellationToken);

    /// <summary>The batch of a list that was taken before; null if it was not.</summary>
    public Task<Guid?> BatchOfAsync(string fingerprint, CancellationToken cancellationToken) =>
        database.FindAsync<Guid?>("select id from qr_batch where fingerprint = @fingerprint", new { fingerprint }, cancellationToken);

    /// <summary>Why rows of a batch wait that were tried, such as a PACS that does not answer; null if none do.</summary>
    public Task<string?> WaitsForAsync(Guid batch, CancellationToken cancellationToken) => control.WaitsForAsync(batch, cancellationToken);

    /// <summary>Counts of a batch by what its rows are doing.</summary>
    public async Task<IReadOnlyDictionary<string, long>> CountsAsync(Guid batch, CancellationToken cancellationToken) =>
        (await control.CountAsync(batch, cancellationToken).ConfigureAwait(false))
            .GroupBy(c => c.Outcome ?? (c.State == JobState.Running ? (c.Phase.Length > 0 ? c.Phase : "asking") : c.State)).ToDictionary(g => g.Key, g => g.Sum(c => c.Count));

    /// <summary>Cancels requests; what identifies patients in those that had not begun is erased at once.</summary>
    /// <returns>Requests changed.</returns>
    public async Task<int> CancelAsync(long[] ids, Guid? batch, CancellationToken cancellationToken)
    {
        var changed = await control.CancelAsync(ids, batch, cancellationToken).ConfigureAwait(false);
        await EraseAsync(ids, batch, CancellationToken.None).ConfigureAwait(false);
        return changed;
    }

    /// <summary>Runs failed and incomplete requests again.</summary>
    /// <returns>Requests changed.</returns>
    public Task<int> AgainAsync(long[] ids, Guid? batch, CancellationToken cancellationToken) =>
        control.AgainAsync(ids, batch, [ImportOutcome.Failed, ImportOutcome.Incomplete], cancellationToken);

    /// <summary>Remembers of requests that have not ended that their project ends: key, user and project, for clients that take them out of the queue afterwards.</summary>
    public Task KeepEndedAsync(long[] ids, CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        insert into qr_ended_request (id, username, project_id, created, ended) select r.id, r.username, r.project_id, r.created, @now
        from qr_request r join jobs_job j on j.id = r.id where r.id = any (@ids) and j.state <> 'ended' on conflict do nothing
        """,
        new { ids, now = time.GetUtcNow().UtcDateTime }, cancellationToken);

    /// <summary>Which of these are requests of ended projects.</summary>
    public Task<IReadOnlyList<EndedRequest>> EndedAsync(long[] ids, CancellationToken cancellationToken) =>
        database.QueryAsync<EndedRequest>("select id, username from qr_ended_request where id = any (@ids) order by id", new { ids }, cancellationToken);

    /// <summary>Forgets requests of ended projects.</summary>
    public Task ForgetEndedAsync(long[] ids, CancellationToken cancellationToken) =>
        database.ExecuteAsync("delete from qr_ended_request where id = any (@ids)", new { ids }, cancellationToken);

    /// <summary>Erases what a crash left unerased, and forgets requests of projects that were ended more than thirty days ago.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        await database.ExecuteAsync("delete from qr_ended_request where ended < @old", new { old = time.GetUtcNow().UtcDateTime.AddDays(-30) }, cancellationToken).ConfigureAwait(false);
        var left = await database.QueryAsync<long>(
            """
            select r.id from qr_request r join jobs_job j on j.id = r.id where j.state = 'ended' and (
                (j.outcome in ('complete', 'refused', 'cancelled')
                    and (r.study_instance_uid is not null or r.accession_number is not null or r.patient_id is not null or r.relabel is not null or r.route_open))
                or (j.outcome in ('failed', 'incomplete') and r.study_instance_uid is not null and (r.patient_id is not null or r.patient_name is not null or r.route_open)))
            """, null, cancellationToken).ConfigureAwait(false);
        await EraseAsync([.. left], null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Erases what identifies patients from requests that will not run again, and closes their routes. Failed and incomplete ones can be run again, so they keep what
    /// that needs until they are cancelled or succeed: the study's number, the accession number, the labels and what came of the study; who the patient is the PACS tells anew.</summary>
    public Task EraseAsync(long[] ids, Guid? batch, CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        with over as (
            select r.id from qr_request r join jobs_job j on j.id = r.id where (r.id = any (@ids) or r.batch = @batch) and j.state = 'ended' and j.outcome in ('complete', 'refused', 'cancelled')),
        gone as (delete from qr_instance where request_id in (select id from over))
        update qr_request set study_instance_uid = null, accession_number = null, patient_id = null, patient_name = null, birth_date = null, study_date = null, study_id = null, modality = null,
            series_ids = '{}', series_descriptions = '{}', relabel = null, script = null, route_open = false
        where id in (select id from over);
        update qr_request r set patient_id = null, patient_name = null, birth_date = null, study_date = null, study_id = null, modality = null, route_open = false
        from jobs_job j where j.id = r.id and (r.id = any (@ids) or r.batch = @batch) and j.state = 'ended' and j.outcome in ('failed', 'incomplete') and r.study_instance_uid is not null
        """,
        new { ids, batch }, cancellationToken);
}
