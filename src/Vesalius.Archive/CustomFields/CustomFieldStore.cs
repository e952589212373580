using System.Text.Json.Nodes;
using Dapper;
using Vesalius.Archive.Items;
using Vesalius.Archive.Life;
using Vesalius.Archive.Types;
using Vesalius.Database;

namespace Vesalius.Archive;

/// <summary>Custom fields of objects: any JSON by name, beside the schema (rest-api §18).</summary>
public sealed class CustomFieldStore(VesaliusDatabase database)
{
    /// <summary>Most fields of one object.</summary>
    public const int MostFields = 1000;

    private static (string Table, string Key) TableOf(ObjectFamily family) => family switch
    {
        ObjectFamily.Project => ("archive_project", "id"),
        ObjectFamily.Subject => ("archive_subject", "id"),
        ObjectFamily.Experiment => ("archive_experiment", "id"),
        ObjectFamily.Scan => ("archive_scan", "key"),
        _ => throw new ArgumentOutOfRangeException(nameof(family), family, "These objects have no custom fields."),
    };

    /// <summary>All fields of an object; null if there is no such object.</summary>
    public async Task<JsonObject?> ReadAsync(ObjectFamily family, object key, CancellationToken cancellationToken)
    {
        var (table, column) = TableOf(family);
        var text = await database.FindAsync<string>($"select custom_fields::text from {table} where {column} = @key", new { key }, cancellationToken).ConfigureAwait(false);
        return text is null ? null : JsonNode.Parse(text)!.AsObject();
    }

    /// <summary>Merges fields into those of an object.</summary>
    /// <returns>All fields afterwards.</returns>
    /// <exception cref="ItemRefusedException">A field cannot be stored; nothing was.</exception>
    public async Task<JsonObject> MergeAsync(ObjectFamily family, object key, string objectId, string projectId, JsonObject fields, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var text = fields.ToJsonString();
        if (text.Length > FieldValue.Limit || text.Contains("\\u0000", StringComparison.Ordinal) || fields.Any(f => f.Key.Length is 0 or > 255 || !FieldValue.IsText(f.Key)))
        {
            throw new ItemRefusedException(ItemRefusal.Invalid, "A custom field has a name or value that cannot be stored.");
        }

        return await ChangeAsync(
            family, key, objectId, projectId, "custom_fields || @given::jsonb", new { key, given = text }, [.. fields.Select(f => new FieldChange($"custom_fields/{f.Key}", null, f.Value?.ToJsonString() ?? "null"))],
            change, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Removes a field.</summary>
    /// <returns>The remaining fields.</returns>
    public Task<JsonObject> RemoveAsync(ObjectFamily family, object key, string objectId, string projectId, string name, ChangeEvent change, CancellationToken cancellationToken) =>
        ChangeAsync(family, key, objectId, projectId, "custom_fields - @given::text", new { key, given = name }, [new FieldChange($"custom_fields/{name}", "", null)], change, cancellationToken);

    private Task<JsonObject> ChangeAsync(
        ObjectFamily family, object key, string objectId, string projectId, string expression, object parameters, IReadOnlyList<FieldChange> changes, ChangeEvent change, CancellationToken cancellationToken)
    {
        var (table, column) = TableOf(family);
        return database.InTransactionAsync(async (connection, transaction) =>
        {
            var text = await connection.ExecuteScalarAsync<string>(
                $"update {table} set custom_fields = {expression}, last_modified = now() where {column} = @key returning custom_fields::text", parameters, transaction).ConfigureAwait(false);
            var result = JsonNode.Parse(text ?? "{}")!.AsObject();
            if (result.Count > MostFields)
            {
                throw new ItemRefusedException(ItemRefusal.Invalid, $"An object has at most {MostFields} custom fields.");
            }

            await ChangeHistory.RecordAsync(family.ToString().ToLowerInvariant(), objectId, projectId, "Modified Custom Fields", change, changes, connection, transaction).ConfigureAwait(false);
            return result;
        }, cancellationToken);
    }
}
