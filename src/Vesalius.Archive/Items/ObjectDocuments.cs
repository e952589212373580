using System.Globalization;
using System.Text.Json;
using Dapper;
using Npgsql;
using Vesalius.Archive.Types;

namespace Vesalius.Archive.Items;

/// <summary>A field of an object before and after a change.</summary>
/// <param name="Field">Stored path.</param>
/// <param name="From">Before; null if it had none.</param>
/// <param name="To">After; null if it has none.</param>
public sealed record FieldChange(string Field, string? From, string? To);

/// <summary>All fields of an object as one document of stored path and text, whether a column or an entry of <c>fields</c> holds them.</summary>
internal static class ObjectDocuments
{
    private sealed record StoredColumn(string Key, string Column, string Cast, string Empty);

    private sealed record StoredTable(string Name, string KeyColumn, IReadOnlyList<StoredColumn> Columns);

    private static readonly Dictionary<ObjectFamily, StoredTable> Tables = new()
    {
        [ObjectFamily.Project] = new("archive_project", "id",
            [new("secondary_ID", "secondary_id", "text", "id"), new("name", "name", "text", "id"), new("description", "description", "text", "''"), new("keywords", "keywords", "text", "''")]),
        [ObjectFamily.Subject] = new("archive_subject", "id", []),
        [ObjectFamily.Experiment] = new("archive_experiment", "id",
            [new("date", "date", "date", "null"), new("time", "time", "time", "null"), new("UID", "study_instance_uid", "text", "null")]),
        [ObjectFamily.Scan] = new("archive_scan", "key",
        [
            new("UID", "series_instance_uid", "text", "null"), new("type", "type", "text", "''"), new("series_description", "series_description", "text", "''"),
            new("quality", "quality", "text", "''"), new("modality", "modality", "text", "''"), new("note", "note", "text", "''"), new("frames", "frames", "int", "null"),
        ]),
        [ObjectFamily.Reconstruction] = new("archive_reconstruction", "key", [new("type", "type", "text", "''"), new("baseScanType", "base_scan_type", "text", "''")]),
    };

    /// <summary>Reads the document of an object and holds its row until the transaction ends.</summary>
    /// <returns>Null if there is no such object.</returns>
    public static async Task<Dictionary<string, string>?> ReadAsync(ObjectFamily family, object key, NpgsqlConnection connection, NpgsqlTransaction? transaction)
    {
        var table = Tables[family];
        var text = await connection.ExecuteScalarAsync<string>(
            $"select {Sql(family, "t")} from {table.Name} t where t.{table.KeyColumn} = @key{(transaction is null ? "" : " for update")}", new { key }, transaction).ConfigureAwait(false);
        return text is null ? null : Parse(text);
    }

    /// <summary>The document of a row as an SQL expression.</summary>
    public static string Sql(ObjectFamily family, string alias)
    {
        var columns = Tables[family].Columns.Select(c => $"'{c.Key}', {(c.Cast == "time" ? $"to_char({alias}.{c.Column}, 'HH24:MI:SS')" : $"{alias}.{c.Column}::text")}");
        return $"({alias}.fields || jsonb_strip_nulls(jsonb_build_object({string.Join(", ", columns)})))::text";
    }

    /// <summary>A document as it was read.</summary>
    public static Dictionary<string, string> Parse(string text) =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(text)!.Where(f => f.Value.Length > 0).ToDictionary(f => f.Key, f => f.Value);

    /// <summary>Merges what a request gives into an object's document, or puts it in its place.</summary>
    /// <returns>What changed.</returns>
    public static async Task<IReadOnlyList<FieldChange>> SaveAsync(ObjectFamily family, object key, ItemInput input, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        var before = await ReadAsync(family, key, connection, transaction).ConfigureAwait(false) ?? [];
        var after = input.IsAuthoritative ? [] : new Dictionary<string, string>(before);
        foreach (var (field, value) in input.Fields)
        {
            if (value is null)
            {
                after.Remove(field);
            }
            else
            {
                after[field] = value;
            }
        }

        var changes = Difference(before, after);
        if (changes.Count > 0)
        {
            await WriteAsync(family, key, after, connection, transaction).ConfigureAwait(false);
        }

        return changes;
    }

    public static List<FieldChange> Difference(Dictionary<string, string> before, Dictionary<string, string> after) =>
    [
        .. before.Keys.Union(after.Keys).Where(k => before.GetValueOrDefault(k) != after.GetValueOrDefault(k))
            .Select(k => new FieldChange(k, before.GetValueOrDefault(k), after.GetValueOrDefault(k))),
    ];

    private static Task WriteAsync(ObjectFamily family, object key, Dictionary<string, string> document, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        var table = Tables[family];
        var parameters = new DynamicParameters();
        parameters.Add("key", key);
        var sets = new List<string>();
        var rest = new Dictionary<string, string>(document);
        foreach (var column in table.Columns)
        {
            var given = rest.Remove(column.Key, out var value);
            parameters.Add("c_" + column.Column, value);
            sets.Add(given ? $"{column.Column} = (@c_{column.Column}::text)::{column.Cast}" : $"{column.Column} = {column.Empty}");
        }

        parameters.Add("fields", JsonSerializer.Serialize(rest));
        sets.Add("fields = @fields::jsonb");
        sets.Add("last_modified = now()");
        return connection.ExecuteAsync($"update {table.Name} set {string.Join(", ", sets)} where {table.KeyColumn} = @key", parameters, transaction);
    }

}
