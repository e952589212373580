using System.Text.Json.Nodes;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>Preferences of parts of the server by tool and name, apart from the site settings since some are secret.</summary>
public sealed class Preferences(VesaliusDatabase database)
{
    /// <summary>Tools that have something stored.</summary>
    public Task<IReadOnlyList<string>> ToolsAsync(CancellationToken cancellationToken) =>
        database.QueryAsync<string>("select distinct tool from access_preference order by 1", null, cancellationToken);

    /// <summary>All preferences of a tool.</summary>
    public async Task<JsonObject> AllAsync(string tool, CancellationToken cancellationToken) => new(
        (await database.QueryAsync<(string Name, string Value)>("select name, value::text from access_preference where tool = @tool order by name", new { tool }, cancellationToken).ConfigureAwait(false))
        .Select(p => KeyValuePair.Create(p.Name, JsonNode.Parse(p.Value))));

    /// <summary>One preference as text; null if it is not stored.</summary>
    public async Task<string?> TextAsync(string tool, string name, CancellationToken cancellationToken) =>
        await database.FindAsync<string>("select value #>> '{}' from access_preference where tool = @tool and name = @name", new { tool, name }, cancellationToken).ConfigureAwait(false);

    /// <summary>Stores preferences, all or none.</summary>
    public Task SetAsync(string tool, IReadOnlyDictionary<string, JsonNode?> values, string login, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(values);
        return database.ExecuteAsync(
            """
            insert into access_preference (tool, name, value, modified_by) select @tool, name, value::jsonb, @login from unnest(@names, @values) as given (name, value)
            on conflict (tool, name) do update set value = excluded.value, modified = now(), modified_by = excluded.modified_by
            """,
            new { tool, names = values.Keys.ToArray(), values = values.Values.Select(v => v?.ToJsonString() ?? "null").ToArray(), login }, cancellationToken);
    }
}
