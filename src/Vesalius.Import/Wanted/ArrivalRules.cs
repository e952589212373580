using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Vesalius.Access;
using Vesalius.Database;
using Vesalius.Dicom;

namespace Vesalius.Import;

/// <summary>Objects that were not wanted on one day.</summary>
/// <param name="Day">Day, UTC.</param>
/// <param name="Reason"><c>optOut</c>, <c>seriesFilter</c>, or <c>optOutRequest</c> for studies that were not even fetched.</param>
/// <param name="Door">Receiver, <c>upload</c>, or the PACS that was to be asked.</param>
/// <param name="ProjectId">Project that they would have gone to; <c>Unassigned</c> for none.</param>
/// <param name="Count">How many.</param>
public sealed record RefusalCount(DateOnly Day, string Reason, string Door, string ProjectId, long Count);

/// <summary>Decides whether an object is wanted at all, before anything of it is stored: opt-outs, then series filters (R7, R8).</summary>
public sealed class ArrivalRules(OptOutRegistry optOuts, SeriesFilters filters, VesaliusDatabase database, AuditTrail audit, ReadOnlyMemory<byte> auditKey, TimeProvider time)
{
    private const int MostRemembered = 20_000;
    private readonly ConcurrentDictionary<string, byte> _audited = new(StringComparer.Ordinal);

    /// <summary>Refuses an object whose patient opted out; null if it may come in. Asked before anything relabels the object. A refusal is counted, and audited once per study.</summary>
    /// <param name="header">The header as it came.</param>
    /// <param name="whose">Whose it would be; asked for only on a refusal.</param>
    /// <param name="source">Where it comes from.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<IntakeOutcome?> RefuseOptedOutAsync(DataSet header, Func<Task<Identity>> whose, IntakeSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(whose);
        ArgumentNullException.ThrowIfNull(source);
        if (!await optOuts.HasAsync(header, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        await CountAsync("optOut", header.GetString(Tag.StudyInstanceUID), (await whose().ConfigureAwait(false)).ProjectId, source.Door, cancellationToken).ConfigureAwait(false);
        return IntakeOutcome.OptedOut;
    }

    /// <summary>Refuses to fetch a study whose patient opted out. The refusal is counted and audited as that of an object.</summary>
    /// <param name="patientId">The patient's ID, as the PACS names it.</param>
    /// <param name="study">Study Instance UID.</param>
    /// <param name="projectId">Project that it was asked for.</param>
    /// <param name="door">Whom it would have come from.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>False if it may be fetched.</returns>
    public async Task<bool> RefuseRequestedAsync(string patientId, string study, string projectId, string door, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(patientId) || !await optOuts.HasAsync(patientId, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        await CountAsync("optOutRequest", study, projectId, door, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Refuses an object that a series filter leaves out; null if it may come in. Counted and audited likewise.</summary>
    /// <param name="header">The header.</param>
    /// <param name="identity">Whose it is.</param>
    /// <param name="source">Where it comes from.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="MalformedDicomException">A filter cannot be applied to it.</exception>
    public async Task<IntakeOutcome?> RefuseFilteredAsync(DataSet header, Identity identity, IntakeSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(source);
        if (await filters.AdmitAsync(header, identity.ProjectId, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        await CountAsync("seriesFilter", header.GetString(Tag.StudyInstanceUID), identity.ProjectId, source.Door, cancellationToken).ConfigureAwait(false);
        return IntakeOutcome.Filtered;
    }

    private async Task CountAsync(string reason, string? studyInstanceUid, string? projectId, string door, CancellationToken cancellationToken)
    {
        var project = projectId ?? "Unassigned";
        await database.ExecuteAsync(
            """
            insert into import_refusal (day, reason, door, project_id, count) values (@day, @reason, @door, @project, 1)
            on conflict (day, reason, door, project_id) do update set count = import_refusal.count + 1, last = now()
            """,
            new { day = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime), reason, door, project }, cancellationToken).ConfigureAwait(false);
        // The study is named by a keyed hash: enough to tell studies apart, too little to find a patient by.
        var study = Convert.ToHexStringLower(HMACSHA256.HashData(auditKey.Span, Encoding.ASCII.GetBytes(studyInstanceUid ?? "")).AsSpan(0, 8));
        if (_audited.Count > MostRemembered)
        {
            _audited.Clear();
        }

        if (_audited.TryAdd($"{reason}/{study}/{door}", 0))
        {
            await audit.RecordAsync("system", door, $"import.refused.{reason}", $"{project} study {study}", cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Counted refusals, newest day first.</summary>
    public Task<IReadOnlyList<RefusalCount>> CountsAsync(CancellationToken cancellationToken) => database.QueryAsync<RefusalCount>(
        "select day, reason, door, project_id, count from import_refusal order by day desc, reason, door, project_id limit 1000", null, cancellationToken);
}
