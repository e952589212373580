using System.Text.Json;
using Dapper;
using Npgsql;
using Vesalius.Archive.Items;
using Vesalius.Database;

namespace Vesalius.Archive.Life;

/// <summary>Who does something and why, as the request says (rest-api §1.10).</summary>
/// <param name="Login">Who.</param>
/// <param name="Event">What, for example <c>Modified Subject</c>; empty: a name is made of what is done.</param>
/// <param name="Type">How, for example <c>WEB_SERVICE</c>.</param>
/// <param name="Reason">Why.</param>
/// <param name="Comment">Anything else.</param>
public sealed record ChangeEvent(string Login, string Event = "", string Type = "", string Reason = "", string Comment = "");

/// <summary>A change that was made to an object.</summary>
/// <param name="Id">Number of the change.</param>
/// <param name="At">When.</param>
/// <param name="Login">Who.</param>
/// <param name="Event">What.</param>
/// <param name="EventType">How.</param>
/// <param name="Reason">Why.</param>
/// <param name="Comment">Anything else.</param>
/// <param name="Fields">Fields before and after, as JSON.</param>
public sealed record ChangeRow(long Id, DateTime At, string Login, string Event, string EventType, string Reason, string Comment, string Fields);

/// <summary>What was changed in which object by whom (R26). The history outlives its objects.</summary>
public sealed class ChangeHistory(VesaliusDatabase database)
{
    /// <summary>Records a change within the transaction that makes it.</summary>
    /// <param name="objectType">As in <see cref="ListAsync"/>.</param>
    /// <param name="objectId">ID of the object.</param>
    /// <param name="projectId">Project that owns it.</param>
    /// <param name="what">What is done, unless the request names it.</param>
    /// <param name="change">Who and why.</param>
    /// <param name="fields">Fields before and after.</param>
    /// <param name="connection">Connection.</param>
    /// <param name="transaction">Transaction.</param>
    public static Task RecordAsync(
        string objectType, string objectId, string projectId, string what, ChangeEvent change, IReadOnlyList<FieldChange> fields, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        ArgumentNullException.ThrowIfNull(change);
        return connection.ExecuteAsync(
            """
            insert into archive_change (login, object_type, object_id, project_id, event, event_type, reason, comment, fields)
            values (@Login, @objectType, @objectId, @projectId, @name, @Type, @Reason, @Comment, @fields::jsonb)
            """,
            new
            {
                change.Login, objectType, objectId, projectId, name = change.Event.Length > 0 ? change.Event : what, change.Type, change.Reason, change.Comment,
                fields = JsonSerializer.Serialize(fields.Select(f => new { field = f.Field, from = f.From, to = f.To })),
            },
            transaction);
    }

    /// <summary>Changes of an object, the oldest first.</summary>
    /// <param name="objectType"><c>project</c>, <c>subject</c>, <c>experiment</c>, <c>scan</c> or <c>reconstruction</c>.</param>
    /// <param name="objectId">Its ID; for a scan or reconstruction <c>session ID/its ID</c>.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<IReadOnlyList<ChangeRow>> ListAsync(string objectType, string objectId, CancellationToken cancellationToken) => database.QueryAsync<ChangeRow>(
        "select id, at, login, event, event_type, reason, comment, fields::text as fields from archive_change where object_type = @objectType and object_id = @objectId order by id limit 10000",
        new { objectType, objectId }, cancellationToken);
}
