using System.Text.Json;
using Dapper;
using Npgsql;
using Vesalius.Database;

namespace Vesalius.Prearchive;

/// <summary>A report that was kept.</summary>
/// <param name="ExperimentId">Session.</param>
/// <param name="Label">Its label.</param>
/// <param name="At">When.</param>
/// <param name="Kind"><c>archiving</c>, <c>rename</c> or <c>check</c>.</param>
/// <param name="RunBy">Who archived or asked.</param>
/// <param name="Report">What was counted.</param>
public sealed record KeptReport(string ExperimentId, string Label, DateTime At, string Kind, string RunBy, DeidentificationReport Report);

/// <summary>Reports of de-identification per archived session; they go with it.</summary>
public sealed class DeidentificationReports(VesaliusDatabase database)
{
    /// <summary>A report made while archiving.</summary>
    public const string Archiving = "archiving";

    /// <summary>A report made by looking again.</summary>
    public const string Check = "check";

    /// <summary>A report made when the project's script ran again because of other labels.</summary>
    public const string Rename = "rename";

    private sealed record Row(string ExperimentId, string Label, DateTime At, string Kind, string RunBy, string Report);

    /// <summary>Keeps a report within the caller's transaction.</summary>
    public static Task KeepAsync(string experimentId, string kind, string user, DeidentificationReport report, NpgsqlConnection connection, NpgsqlTransaction? transaction) => connection.ExecuteAsync(
        "insert into prearchive_deidentification (experiment_id, kind, run_by, report) values (@experimentId, @kind, @user, @json::jsonb)",
        new { experimentId, kind, user, json = JsonSerializer.Serialize(report, ReportJson.Default.DeidentificationReport) }, transaction);

    /// <summary>Keeps a report.</summary>
    public async Task KeepAsync(string experimentId, string kind, string user, DeidentificationReport report, CancellationToken cancellationToken)
    {
        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            await KeepAsync(experimentId, kind, user, report, connection, null).ConfigureAwait(false);
        }
    }

    /// <summary>Reports of a session, oldest first.</summary>
    public Task<IReadOnlyList<KeptReport>> OfSessionAsync(string experimentId, CancellationToken cancellationToken) => ReadAsync("e.id = @place", experimentId, cancellationToken);

    /// <summary>Reports of a project's own sessions, by session, oldest first.</summary>
    public Task<IReadOnlyList<KeptReport>> OfProjectAsync(string projectId, CancellationToken cancellationToken) => ReadAsync("e.project_id = @place", projectId, cancellationToken);

    /// <summary>Sessions of a project that hold files and were archived before reports were kept, or came another way.</summary>
    public Task<IReadOnlyList<string>> WithoutReportAsync(string projectId, CancellationToken cancellationToken) => database.QueryAsync<string>(
        """
        select e.label from archive_experiment e where e.project_id = @projectId
            and exists (select 1 from archive_scan c join archive_resource r on r.scan_key = c.key join archive_file f on f.resource_id = r.id where c.experiment_id = e.id)
            and not exists (select 1 from prearchive_deidentification d where d.experiment_id = e.id and d.kind = 'archiving') order by e.label
        """,
        new { projectId }, cancellationToken);

    private async Task<IReadOnlyList<KeptReport>> ReadAsync(string where, string place, CancellationToken cancellationToken) =>
        [.. (await database.QueryAsync<Row>(
            $"""
            select d.experiment_id, e.label, d.at, d.kind, d.run_by, d.report::text as report from prearchive_deidentification d join archive_experiment e on e.id = d.experiment_id
            where {where} order by e.label, d.id
            """,
            new { place }, cancellationToken).ConfigureAwait(false))
            .Select(r => new KeptReport(r.ExperimentId, r.Label, r.At, r.Kind, r.RunBy, JsonSerializer.Deserialize(r.Report, ReportJson.Default.DeidentificationReport)!))];
}
