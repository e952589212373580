using Vesalius.Archive.Types;
using Vesalius.Database;

namespace Vesalius.Archive.Lists;

/// <summary>Which types and scanners the scans have that a caller may read (rest-api PR17, PR18).</summary>
public sealed class ScanVocabulary(VesaliusDatabase database, TypeModel model)
{
    /// <summary>Descriptions of series, each with every type that scans of that description have.</summary>
    /// <param name="scope">Where to look: everywhere or in one project.</param>
    /// <param name="xsiType">Only scans of this data type; null: of any.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<IReadOnlyList<(string Description, string Type)>> TypesAsync(ListScope scope, string? xsiType, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(scope);
        return database.QueryAsync<(string Description, string Type)>(
            $"select distinct c.series_description, c.type {Scans(scope)} and (c.series_description <> '' or c.type <> '') order by 1, 2", Parameters(scope, xsiType), cancellationToken);
    }

    /// <summary>Names of the scanners that made scans or their sessions.</summary>
    /// <param name="scope">Where to look: everywhere or in one project.</param>
    /// <param name="xsiType">Only those of scans of this data type; null: of any, and of sessions.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<IReadOnlyList<string>> ScannersAsync(ListScope scope, string? xsiType, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(scope);
        var sessions = xsiType is null ? $" union select e.fields ->> 'scanner' from archive_experiment e where {Where(scope)}" : "";
        return database.QueryAsync<string>(
            $"select scanner from (select c.fields ->> 'scanner' as scanner {Scans(scope)}{sessions}) found where coalesce(scanner, '') <> '' group by scanner order by scanner", Parameters(scope, xsiType), cancellationToken);
    }

    private static string Scans(ListScope scope) =>
        $"from archive_scan c join archive_experiment e on e.id = c.experiment_id where {Where(scope)} and (@types::text[] is null or c.xsi_type = any (@types))";

    private static string Where(ListScope scope) => scope.Visibility.Sql("e", ObjectFamily.Experiment)
        + (scope.ProjectId is null ? "" : " and (e.project_id = @project or exists (select 1 from archive_experiment_share o where o.experiment_id = e.id and o.project_id = @project))");

    private Dapper.DynamicParameters Parameters(ListScope scope, string? xsiType)
    {
        var parameters = scope.Visibility.Parameters();
        parameters.Add("project", scope.ProjectId);
        parameters.Add("types", xsiType is null ? null : model.WithDerived(xsiType).ToArray());
        return parameters;
    }
}
