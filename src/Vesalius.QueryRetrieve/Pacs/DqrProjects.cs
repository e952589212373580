using Vesalius.Database;

namespace Vesalius.QueryRetrieve;

/// <summary>A project's setting (xapi A.3).</summary>
public sealed record DqrProject
{
    /// <summary>Key.</summary>
    public long Id { get; init; }

    /// <summary>Project.</summary>
    public string ProjectId { get; init; } = "";

    /// <summary>Studies may be imported into it.</summary>
    public bool DqrEnabled { get; init; }

    /// <summary>When it was made.</summary>
    public DateTime Created { get; init; }

    /// <summary>Last change.</summary>
    public DateTime Timestamp { get; init; }
}

/// <summary>Which projects may be imported into.</summary>
public sealed class DqrProjects(VesaliusDatabase database)
{
    private const string Columns = "id, project_id, dqr_enabled, created, timestamp";

    /// <summary>All settings.</summary>
    public Task<IReadOnlyList<DqrProject>> ListAsync(CancellationToken cancellationToken) =>
        database.QueryAsync<DqrProject>($"select {Columns} from qr_project order by id", null, cancellationToken);

    /// <summary>A project's setting; null if none was made.</summary>
    public Task<DqrProject?> FindAsync(string projectId, CancellationToken cancellationToken) =>
        database.FindAsync<DqrProject>($"select {Columns} from qr_project where project_id = @projectId", new { projectId }, cancellationToken);

    /// <summary>Makes a project's setting; null if there is one.</summary>
    public Task<DqrProject?> CreateAsync(string projectId, bool isEnabled, CancellationToken cancellationToken) => database.FindAsync<DqrProject>(
        $"insert into qr_project (project_id, dqr_enabled) values (@projectId, @isEnabled) on conflict do nothing returning {Columns}", new { projectId, isEnabled }, cancellationToken);

    /// <summary>Changes a project's setting; null if there is none.</summary>
    public Task<DqrProject?> UpdateAsync(string projectId, bool isEnabled, CancellationToken cancellationToken) => database.FindAsync<DqrProject>(
        $"update qr_project set dqr_enabled = @isEnabled, timestamp = now() where project_id = @projectId returning {Columns}", new { projectId, isEnabled }, cancellationToken);

    /// <summary>Removes a project's setting.</summary>
    public async Task<bool> RemoveAsync(string projectId, CancellationToken cancellationToken) =>
        await database.ExecuteAsync("delete from qr_project where project_id = @projectId", new { projectId }, cancellationToken).ConfigureAwait(false) > 0;
}
