using Vesalius.Database;

namespace Vesalius.Import;

/// <summary>A message of an import.</summary>
/// <param name="Status"><c>PROCESSING</c>, <c>COMPLETED</c> or <c>FAILED</c>.</param>
/// <param name="Message">Text without values of objects.</param>
/// <param name="Terminal">The last one.</param>
/// <param name="At">When.</param>
public sealed record ProgressMessage(string Status, string Message, bool Terminal, DateTime At);

/// <summary>Progress queues that clients name and poll (rest-api §13.4, I3, I4). Each belongs to its user; kept for a week.</summary>
public sealed class ImportProgress(VesaliusDatabase database)
{
    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    /// <summary>Adds a message.</summary>
    public Task AddAsync(string login, string key, string status, string message, bool terminal, CancellationToken cancellationToken) => database.ExecuteAsync(
        "delete from import_progress where at < now() - @Kept; insert into import_progress (login, key, status, message, terminal) values (@login, @key, @status, @message, @terminal)",
        new { Kept, login, key, status, message, terminal }, cancellationToken);

    /// <summary>Messages of a user's queue, oldest first; empty if there is none.</summary>
    public Task<IReadOnlyList<ProgressMessage>> ListAsync(string login, string key, CancellationToken cancellationToken) => database.QueryAsync<ProgressMessage>(
        "select status, message, terminal, at from import_progress where login = @login and key = @key order by id", new { login, key }, cancellationToken);
}
