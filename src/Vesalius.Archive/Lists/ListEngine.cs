using Dapper;
using Vesalius.Archive.Types;
using Vesalius.Database;

namespace Vesalius.Archive.Lists;

/// <summary>Answers lists of all kinds of objects by one statement each (rest-api §1.11).</summary>
public sealed class ListEngine(VesaliusDatabase database, TypeModel model)
{
    /// <summary>Makes a list.</summary>
    /// <exception cref="ListRefusedException">A filter or type cannot be understood.</exception>
    public async Task<ListTable> ListAsync(ListRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var compiled = new ListCompiler(model, request, await HasSharesAsync(request, cancellationToken).ConfigureAwait(false)).Compile();
        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var reader = await connection.ExecuteReaderAsync(new CommandDefinition(compiled.Sql, compiled.Parameters, cancellationToken: cancellationToken)).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
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

    private async Task<bool> HasSharesAsync(ListRequest request, CancellationToken cancellationToken)
    {
        var scope = request.Scope;
        if (request.Kind is ListKind.Project or ListKind.Scan or ListKind.Reconstruction || (scope.ProjectId is null && scope.Visibility.Everything))
        {
            return false;
        }

        var table = request.Kind == ListKind.Subject ? "archive_subject_share" : "archive_experiment_share";
        return await database.FindAsync<bool>(
            $"select exists (select 1 from {table} where project_id = any (@projects))",
            new { projects = scope.ProjectId is { } project ? [project] : scope.Visibility.Projects.Concat(scope.Visibility.Types.Select(t => t.ProjectId)).ToArray() }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The shortcuts of a list, as <c>fields</c> answers them.</summary>
    public IReadOnlyList<Shortcut> Shortcuts(ListKind kind)
    {
        return model.Shortcuts.Of(kind.ToString().ToLowerInvariant());
    }
}
