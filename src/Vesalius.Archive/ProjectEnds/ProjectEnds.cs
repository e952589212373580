using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Npgsql;
using Vesalius.Access;
using Vesalius.Archive.Items;
using Vesalius.Archive.Life;
using Vesalius.Database;

namespace Vesalius.Archive.ProjectEnds;

/// <summary>An end of a project, as it is kept.</summary>
public sealed record ProjectEnd
{
    /// <summary>Key.</summary>
    public Guid Id { get; init; }

    /// <summary>Project.</summary>
    public string ProjectId { get; init; } = "";

    /// <summary>When it began.</summary>
    public DateTime Started { get; init; }

    /// <summary>When it was last looked at; null while it is under way.</summary>
    public DateTime? Finished { get; init; }

    /// <summary>Who ended it.</summary>
    public string Login { get; init; } = "";

    /// <summary>From where.</summary>
    public string Address { get; init; } = "";

    /// <summary>Why.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The archived files stay.</summary>
    public bool KeepsFiles { get; init; }

    /// <summary><c>running</c>, <c>incomplete</c> or <c>complete</c>.</summary>
    public string State { get; init; } = "";

    /// <summary>The report as it was hashed; null while it is under way.</summary>
    public string? Report { get; init; }

    /// <summary>Its SHA-256.</summary>
    public string? Sha256 { get; init; }
}

/// <summary>What looking again at an end found.</summary>
/// <param name="IsUnchanged">The report's hash is that of the audit trail.</param>
/// <param name="AuditRow">Number of the row of the trail that holds the hash; null if there is none.</param>
/// <param name="IsChainWhole">The trail itself is whole.</param>
/// <param name="Left">What is there of the project now.</param>
/// <param name="IdIsReserved">The ID is reserved.</param>
public sealed record ProjectEndVerification(bool IsUnchanged, long? AuditRow, bool IsChainWhole, IReadOnlyList<ProofLine> Left, bool IdIsReserved);

/// <summary>Ends projects: removes all that any room holds of them, looks again, and keeps a report that the audit trail vouches for (R22).</summary>
/// <remarks>What is to be removed is written down first, so that an end that a crash interrupts is finished at the next start.</remarks>
public sealed class ProjectEnds(
    VesaliusDatabase database, ObjectRemoval removal, IEnumerable<IProjectHoldings> holdings, AuditTrail audit, TimeProvider time, ILogger<ProjectEnds> logger)
{
    /// <summary>Action of the audit row that holds a report's hash.</summary>
    public const string AuditAction = "project.end";

    private const int MostRounds = 3;
    private const string Columns = "id, project_id, started, finished, login, address, reason, keeps_files, state, report, sha256";
    private static readonly string[] FilesThatMayStay = ["files on disk"];

    private sealed record Work(EndedProject Project, IReadOnlyList<IReadOnlyList<Holding>> Before, string ContentDigest);

    /// <summary>An end by key; null if there is none.</summary>
    public Task<ProjectEnd?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        database.FindAsync<ProjectEnd>($"select {Columns} from archive_project_end where id = @id", new { id }, cancellationToken);

    /// <summary>Ends, newest first.</summary>
    /// <param name="login">Of one user; null for all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<IReadOnlyList<ProjectEnd>> ListAsync(string? login, CancellationToken cancellationToken) => database.QueryAsync<ProjectEnd>(
        $"select {Columns} from archive_project_end where @login::text is null or login = @login order by started desc limit 10000", new { login }, cancellationToken);

    /// <summary>Ends a project.</summary>
    /// <param name="projectId">Project.</param>
    /// <param name="keepsFiles">The archived files stay on disk.</param>
    /// <param name="login">Who does it.</param>
    /// <param name="address">From where.</param>
    /// <param name="change">Why.</param>
    /// <param name="cancellationToken">Cancels until the removal begins.</param>
    /// <exception cref="ItemRefusedException">It is being ended, or changed while its removal began.</exception>
    public async Task<ProjectEnd> EndAsync(string projectId, bool keepsFiles, string login, string address, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        var project = await ScopeAsync(projectId, keepsFiles, cancellationToken).ConfigureAwait(false);
        var work = new Work(project, await CountAsync(project, cancellationToken).ConfigureAwait(false), await DigestAsync(projectId, cancellationToken).ConfigureAwait(false));
        var id = Guid.NewGuid();
        try
        {
            await database.ExecuteAsync(
                "insert into archive_project_end (id, project_id, started, login, address, reason, keeps_files, state, work) values (@id, @projectId, @now, @login, @address, @Reason, @keepsFiles, 'running', @work::jsonb)",
                new { id, projectId, now = time.GetUtcNow().UtcDateTime, login, address, change.Reason, keepsFiles, work = JsonSerializer.Serialize(work) }, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new ItemRefusedException(ItemRefusal.Conflict, "The project is being ended already.");
        }

        try
        {
            await removal.DeleteProjectAsync(projectId, !keepsFiles, change with { Type = ArchiveHoldings.EndEvent }, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // Nothing was removed, unless only the answer to the commit was lost: then the next start goes on.
            await database.ExecuteAsync(
                "delete from archive_project_end where id = @id and exists (select 1 from archive_project where id = @projectId)", new { id, projectId }, CancellationToken.None).ConfigureAwait(false);
            throw;
        }

        return await ContinueAsync(id, CancellationToken.None).ConfigureAwait(false);
    }

    private async Task<EndedProject> ScopeAsync(string projectId, bool keepsFiles, CancellationToken cancellationToken)
    {
        var handedOver = await removal.HandedOverAsync(projectId, cancellationToken).ConfigureAwait(false);
        var subjects = await database.QueryAsync<string>("select id from archive_subject where project_id = @projectId", new { projectId }, cancellationToken).ConfigureAwait(false);
        var experiments = await database.QueryAsync<string>("select id from archive_experiment where project_id = @projectId", new { projectId }, cancellationToken).ConfigureAwait(false);
        return new EndedProject(projectId, [.. subjects.Except(handedOver)], experiments, handedOver, keepsFiles);
    }

    private async Task<IReadOnlyList<IReadOnlyList<Holding>>> CountAsync(EndedProject project, CancellationToken cancellationToken)
    {
        var counts = new List<IReadOnlyList<Holding>>();
        foreach (var room in holdings)
        {
            counts.Add(await room.CountAsync(project, cancellationToken).ConfigureAwait(false));
        }

        return counts;
    }

    private async Task<string> DigestAsync(string projectId, CancellationToken cancellationToken)
    {
        var hashes = await database.QueryAsync<string>(
            """
            select f.sha256 from archive_file f join archive_resource r on r.id = f.resource_id left join archive_scan c on c.key = r.scan_key left join archive_reconstruction t on t.key = r.reconstruction_key
            left join archive_subject s on s.id = r.subject_id left join archive_experiment e on e.id = coalesce(r.experiment_id, c.experiment_id, t.experiment_id)
            where coalesce(r.project_id, s.project_id, e.project_id) = @projectId order by f.sha256 collate "C"
            """,
            new { projectId }, cancellationToken).ConfigureAwait(false);
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var hash in hashes)
        {
            digest.AppendData(Encoding.ASCII.GetBytes(hash + "\n"));
        }

        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }

    /// <summary>Finishes ends that were interrupted. At start.</summary>
    public async Task ResumeAsync(CancellationToken cancellationToken)
    {
        foreach (var (id, projectId, keepsFiles, login) in await database.QueryAsync<(Guid, string, bool, string)>(
            "select id, project_id, keeps_files, login from archive_project_end where state = 'running' order by started", null, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                if (await database.FindAsync<bool>("select exists (select 1 from archive_project where id = @projectId)", new { projectId }, cancellationToken).ConfigureAwait(false))
                {
                    await removal.DeleteProjectAsync(projectId, !keepsFiles, new ChangeEvent(login, Type: ArchiveHoldings.EndEvent), cancellationToken).ConfigureAwait(false);
                }

                await ContinueAsync(id, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or NpgsqlException or ItemRefusedException)
            {
                // It stays under way; the server has other projects.
                ArchiveLog.EndWaits(logger, id, e.GetType().Name);
            }
        }
    }

    /// <summary>Removes what is left of an ended project and looks again.</summary>
    /// <returns>The end as it then is; as it was, if it was complete.</returns>
    /// <exception cref="InvalidOperationException">There is no such end.</exception>
    public async Task<ProjectEnd> ContinueAsync(Guid id, CancellationToken cancellationToken)
    {
        var end = await FindAsync(id, cancellationToken).ConfigureAwait(false) ?? throw new InvalidOperationException("There is no such end.");
        if (end.State == "complete")
        {
            return end;
        }

        var work = JsonSerializer.Deserialize<Work>((await database.FindAsync<string>("select work::text from archive_project_end where id = @id", new { id }, cancellationToken).ConfigureAwait(false))!)!;
        var rounds = 0;
        IReadOnlyList<ProofLine> lines;
        do
        {
            // From the outside in: what feeds another room goes first.
            foreach (var room in holdings.Reverse())
            {
                await room.RemoveAsync(work.Project, cancellationToken).ConfigureAwait(false);
            }

            lines = Lines(work, await CountAsync(work.Project, cancellationToken).ConfigureAwait(false));
            rounds++;
        }
        while (rounds < MostRounds && lines.Any(l => l.Left > 0 && !l.IsKept));

        var reserved = await IsReservedAsync(end.ProjectId, cancellationToken).ConfigureAwait(false);
        var isComplete = reserved && lines.All(l => l.Left == 0 || l.IsKept);
        var report = new ProjectEndReport
        {
            Id = id, Project = end.ProjectId, State = isComplete ? "complete" : "incomplete", Started = end.Started.ToUniversalTime(), Finished = time.GetUtcNow().UtcDateTime, EndedBy = end.Login,
            Reason = end.Reason, KeepsFiles = end.KeepsFiles, Lines = lines, ContentDigest = work.ContentDigest, SubjectsHandedOver = work.Project.HandedOver.Count, IdIsReserved = reserved,
            Rounds = rounds, Remains = Remains(end.KeepsFiles),
        };
        var text = report.ToJson();
        var sha256 = HashOf(text);
        await audit.RecordAsync(end.Login, end.Address, AuditAction, $"{end.ProjectId} report {id} {report.State} sha256 {sha256}", CancellationToken.None).ConfigureAwait(false);
        // What had to be known of the project goes with it.
        await database.ExecuteAsync(
            "update archive_project_end set state = @State, finished = @Finished, report = @text, sha256 = @sha256, work = case when @State = 'complete' then null else work end where id = @id",
            new { id, report.State, report.Finished, text, sha256 }, CancellationToken.None).ConfigureAwait(false);
        return (await FindAsync(id, CancellationToken.None).ConfigureAwait(false))!;
    }

    private List<ProofLine> Lines(Work work, IReadOnlyList<IReadOnlyList<Holding>> now) =>
        [.. holdings.Zip(now).SelectMany((room, place) => room.Second.Select((holding, kind) =>
        {
            var before = work.Before.ElementAtOrDefault(place)?.FirstOrDefault(h => h.Kind == holding.Kind) ?? new Holding(holding.Kind, 0);
            var isKept = work.Project.KeepsFiles && FilesThatMayStay.Contains(holding.Kind);
            return new ProofLine(room.First.Room, holding.Kind, Math.Max(0, before.Count - holding.Count), before.Bytes - (isKept ? holding.Bytes : 0), holding.Count, isKept);
        }))];

    private static string[] Remains(bool keepsFiles) =>
    [
        "The audit trail: who looked at, fetched or changed what, when and from where. It is append-only and names objects by address.",
        "The reserved project ID, and one entry of history that says that the project was removed.",
        "This report.",
        "Of requests that still waited for a PACS: their keys, who asked, and the project's ID, until a client takes them out of the queue or for thirty days. They are over and name no study.",
        "Files that users keep in their own caches: they belong to no project, and only their owners can read them.",
        "Backups, and free pages of database and disk until they are written over: see the administrator's guide.",
        .. keepsFiles ? ["The archived files, since whoever ended the project asked to keep them."] : Array.Empty<string>(),
    ];

    private Task<bool> IsReservedAsync(string projectId, CancellationToken cancellationToken) => database.FindAsync<bool>(
        "select exists (select 1 from archive_project_id where id_lower = @lower) and not exists (select 1 from archive_project where id = @projectId)",
        new { projectId, lower = projectId.ToLowerInvariant() }, cancellationToken);

    private static string HashOf(string report) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(report)));

    /// <summary>Looks again at a project that was ended: at tables, folders, the report and the trail that vouches for it.</summary>
    /// <exception cref="InvalidOperationException">The end is under way.</exception>
    public async Task<ProjectEndVerification> VerifyAsync(ProjectEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        var report = ProjectEndReport.FromJson(end.Report ?? throw new InvalidOperationException("The end is under way."));
        var sha256 = HashOf(end.Report);
        var rows = await audit.SearchAsync(new AuditFilter(Action: AuditAction, Object: $"{end.ProjectId} report {end.Id} {end.State} sha256 {sha256}"), null, 1, cancellationToken).ConfigureAwait(false);
        var chain = await audit.VerifyAsync(cancellationToken).ConfigureAwait(false);
        var project = new EndedProject(end.ProjectId, [], [], [], end.KeepsFiles);
        var work = new Work(project, [], report.ContentDigest);
        return new ProjectEndVerification(
            sha256 == end.Sha256 && rows.Count > 0, rows.Count > 0 ? rows[0].Id : null, chain.FirstBroken is null,
            Lines(work, await CountAsync(project, cancellationToken).ConfigureAwait(false)), await IsReservedAsync(end.ProjectId, cancellationToken).ConfigureAwait(false));
    }
}
