using System.Collections.Concurrent;
using Dapper;
using Vesalius.Archive.Types;
using Vesalius.Database;

namespace Vesalius.Archive.Lists;

/// <summary>Answers lists of all kinds of objects by one statement each (rest-api §1.11).</summary>
public sealed class ListEngine(VesaliusDatabase database, TypeModel model)
{
    private const int MostRemembered = 100_000;

    // Lists whose projects had something shared into them when they were last made: a guess that every list checks.
    private readonly ConcurrentDictionary<(bool IsSubjects, int Count, string First), bool> _showShares = new();

    /// <summary>Makes a list.</summary>
    /// <exception cref="ListRefusedException">A filter or type cannot be understood.</exception>
    public async Task<ListTable> ListAsync(ListRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (ProjectsThatMayShow(request) is not { Length: > 0 } projects)
        {
            return (await ReadAsync(request, hasShares: false, null, cancellationToken).ConfigureAwait(false))!;
        }

        // Whether anything is shared into them is asked in the same round trip; where the guess was wrong, the list is made again.
        var key = (request.Kind == ListKind.Subject, projects.Length, projects[0]);
        var expected = _showShares.ContainsKey(key);
        if (await ReadAsync(request, expected, projects, cancellationToken).ConfigureAwait(false) is { } table)
        {
            return table;
        }

        if (expected)
        {
            _showShares.TryRemove(key, out _);
        }
        else if (_showShares.Count < MostRemembered)
        {
            _showShares[key] = true;
        }

        return await ReadAsync(request, !expected, projects, cancellationToken).ConfigureAwait(false)
            // Shared or taken back meanwhile: the statement that looks at shares is right in both cases.
            ?? (await ReadAsync(request, hasShares: true, null, cancellationToken).ConfigureAwait(false))!;
    }

    // Null where the projects turn out to be shared into, and were not expected to be, or the other way round.
    private async Task<ListTable?> ReadAsync(ListRequest request, bool hasShares, string[]? projects, CancellationToken cancellationToken)
    {
        var compiled = new ListCompiler(model, request, hasShares).Compile();
        var sql = compiled.Sql;
        if (projects is not null)
        {
            compiled.Parameters.Add("shownIn", projects);
            sql = $"select exists (select 1 from {(request.Kind == ListKind.Subject ? "archive_subject_share" : "archive_experiment_share")} where project_id = any (@shownIn));\n{sql}";
        }

        if (compiled.LooksIntoDocuments)
        {
            // A plan for any values takes every entry for a rare one and reads the whole index of documents for a common one. Set in the list's own transaction,
            // so that it is taken back where the list fails.
            sql = $"set plan_cache_mode = force_custom_plan;\n{sql};\nreset plan_cache_mode";
        }

        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var reader = await connection.ExecuteReaderAsync(new CommandDefinition(sql, compiled.Parameters, cancellationToken: cancellationToken)).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                if (projects is not null)
                {
                    await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                    if (reader.GetBoolean(0) != hasShares)
                    {
                        return null;
                    }

                    await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                }

                var rows = new List<string?[]>();
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    var row = new string?[compiled.Names.Count];
                    for (var i = 0; i < row.Length; i++)
                    {
                        row[i] = reader.IsDBNull(i) ? null : FieldValue.Cell(compiled.Kinds[i], reader.GetString(i));
                    }

                    rows.Add(row);
                }

                return new ListTable(compiled.Names, rows, request.Limit is not null || request.Offset > 0);
            }
        }
    }

    private static string[]? ProjectsThatMayShow(ListRequest request)
    {
        var scope = request.Scope;
        return request.Kind is ListKind.Project or ListKind.Scan or ListKind.Reconstruction || (scope.ProjectId is null && scope.Visibility.Everything) ? null
            : scope.ProjectId is { } project ? [project] : [.. scope.Visibility.Projects, .. scope.Visibility.Types.Select(t => t.ProjectId)];
    }

    /// <summary>The shortcuts of a list, as <c>fields</c> answers them.</summary>
    public IReadOnlyList<Shortcut> Shortcuts(ListKind kind)
    {
        return model.Shortcuts.Of(kind.ToString().ToLowerInvariant());
    }
}
