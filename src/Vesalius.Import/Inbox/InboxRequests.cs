using System.Text.Json;
using Dapper;
using Vesalius.Database;
using Vesalius.Jobs;

namespace Vesalius.Import;

/// <summary>Requests to import from the inbox: taken, listed, carried on (rest-api §13.2, xapi G.3). The state of each is its job's.</summary>
public sealed class InboxRequests(VesaliusDatabase database, JobStore jobs, TimeProvider time)
{
    /// <summary>Kind of the jobs, and their lane.</summary>
    public const string JobKind = "inbox";

    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private sealed record Row
    {
        public long Id { get; init; }
        public string Username { get; init; } = "";
        public string? Path { get; init; }
        public string? Parameters { get; init; }
        public bool Cleanup { get; init; }
        public string? Queue { get; init; }
        public DateTime Created { get; init; }
        public DateTime Changed { get; init; }
        public string State { get; init; } = "";
        public string? Outcome { get; init; }
        public string Reason { get; init; } = "";

        public InboxRequest ToRequest(InboxProgress progress) => new()
        {
            Id = Id, Username = Username, Path = Path, Parameters = Parameters is null ? new() : JsonSerializer.Deserialize<Dictionary<string, string>>(Parameters)!, Cleanup = Cleanup, Queue = Queue,
            Created = Created, Changed = Changed, State = State, Outcome = Outcome, Reason = Reason, Progress = progress,
        };
    }

    private const string Select =
        """
        select r.id, r.username, r.path, r.parameters::text as parameters, r.cleanup, r.queue, r.created, j.changed, j.state, j.outcome, j.reason,
            r.files, r.read, r.skipped, r.stored, r.quarantined, r.rejected, r.refused, r.reached, r.deleting, r.is_read, r.sessions
        from import_inbox r join jobs_job j on j.id = r.id
        """;

    /// <summary>Takes a request. When this returns it is durable.</summary>
    /// <returns>Its key.</returns>
    public Task<long> AddAsync(NewInboxRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return database.InTransactionAsync(async (connection, transaction) =>
        {
            var id = (await JobStore.ReserveAsync(1, connection, transaction).ConfigureAwait(false))[0];
            await connection.ExecuteAsync(
                """
                insert into import_inbox (id, username, project_id, path, parameters, cleanup, queue, created)
                values (@id, @Username, @ProjectId, @Path, @parameters::jsonb, @Cleanup, @Queue, @now)
                """,
                new
                {
                    id, request.Username, request.ProjectId, request.Path, parameters = JsonSerializer.Serialize(request.Parameters), request.Cleanup, request.Queue,
                    now = time.GetUtcNow().UtcDateTime,
                },
                transaction).ConfigureAwait(false);
            await jobs.AddAsync([new NewJob(JobKind, JobKind, Id: id)], connection, transaction).ConfigureAwait(false);
            return id;
        }, cancellationToken);
    }

    /// <summary>A request; null if there is none.</summary>
    public async Task<InboxRequest?> FindAsync(long id, CancellationToken cancellationToken) =>
        (await SelectAsync("where r.id = @id", new { id }, cancellationToken).ConfigureAwait(false)).SingleOrDefault();

    /// <summary>Requests, oldest first.</summary>
    /// <param name="username">Whose; null for everybody's.</param>
    /// <param name="activeOnly">Only those that have not ended.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<IReadOnlyList<InboxRequest>> ListAsync(string? username, bool activeOnly, CancellationToken cancellationToken) => SelectAsync(
        "where (@username::text is null or r.username = @username) and not (@activeOnly and j.state = 'ended') order by r.id", new { username, activeOnly }, cancellationToken);

    private async Task<IReadOnlyList<InboxRequest>> SelectAsync(string which, object parameters, CancellationToken cancellationToken)
    {
        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            // Columns from the count of files on say how far it is.
            return (await connection.QueryAsync<Row, InboxProgress, InboxRequest>(
                new CommandDefinition($"{Select} {which}", parameters, cancellationToken: cancellationToken), (row, progress) => row.ToRequest(progress), splitOn: "files").ConfigureAwait(false)).AsList();
        }
    }

    /// <summary>Says how far a request is. When this returns it is durable.</summary>
    /// <returns>False if the job is no longer this node's, or the request is gone: then nothing was written.</returns>
    public async Task<bool> SaveAsync(TakenJob job, InboxProgress progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(progress);
        return await database.ExecuteAsync(
            """
            update import_inbox set files = @Files, read = @Read, skipped = @Skipped, stored = @Stored, quarantined = @Quarantined, rejected = @Rejected, refused = @Refused,
                reached = @Reached, deleting = @Deleting, is_read = @IsRead, sessions = @Sessions
            where id = @Id and exists (select from jobs_job j where j.id = @Id and j.lease = @Lease)
            """,
            new
            {
                job.Id, job.Lease, progress.Files, progress.Read, progress.Skipped, progress.Stored, progress.Quarantined, progress.Rejected, progress.Refused,
                progress.Reached, progress.Deleting, progress.IsRead, progress.Sessions,
            },
            cancellationToken).ConfigureAwait(false) > 0;
    }

    /// <summary>Takes the names out of requests that are complete, and forgets those that ended a month ago. Those that failed keep their names until then: they may have to be asked for again.</summary>
    public Task SweepAsync(CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        update import_inbox r set path = null, parameters = null, queue = null, reached = null, deleting = '{}' from jobs_job j
        where j.id = r.id and j.state = 'ended' and j.outcome = @Complete and (r.path is not null or r.parameters is not null);
        delete from import_inbox r using jobs_job j where j.id = r.id and j.state = 'ended' and j.ended < @old
        """,
        new { InboxOutcome.Complete, old = time.GetUtcNow().UtcDateTime - Kept }, cancellationToken);
}
