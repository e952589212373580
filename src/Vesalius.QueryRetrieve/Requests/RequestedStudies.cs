using System.Collections.Concurrent;
using Vesalius.Anonymisation;
using Vesalius.Database;
using Vesalius.Dicom;
using Vesalius.Import;

namespace Vesalius.QueryRetrieve;

/// <summary>Finds the request that an arriving object answers, relabels it as the request wants, and writes down that it came.</summary>
public sealed class RequestedStudies(VesaliusDatabase database, DqrSettings settings, SecretSeal seal, ArrivalLog arrivals, TimeProvider time) : IRequestedStudies
{
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, (Route? Route, DateTimeOffset Until)> _routes = new(StringComparer.Ordinal);
    private int _changes;
    private (string Title, DateTimeOffset Until) _callingAe = ("", DateTimeOffset.MinValue);

    private sealed record Route(long Id, string ProjectId, string? PatientId, string? SubjectLabel, string? ExperimentLabel, string? Relabel, string? Script)
    {
        public Route()
            : this(0, "", null, null, null, null, null)
        {
        }
    }

    /// <inheritdoc/>
    public async ValueTask<RequestedStudy?> FindAsync(DataSet header, IntakeSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(source);
        var study = header.GetString(Tag.StudyInstanceUID)!.Trim();
        if (await FindRouteAsync(study, cancellationToken).ConfigureAwait(false) is { } route)
        {
            // The right study number with another patient's ID in it is not what was asked for.
            // What a retrieval of one request brings of another's study was not asked for by either.
            var isForeign = source.Request is { } fetching && fetching != route.Id;
            return isForeign || route.PatientId is { Length: > 0 } expected && header.GetString(Tag.PatientID)?.Trim() is { Length: > 0 } actual && actual != expected
                ? new Unsolicited() : new Requested(route, arrivals);
        }

        // Brought by a retrieval of ours, yet asked for by nobody: kept apart from every project.
        return source.Request is not null || source.MoveOriginator is { Length: > 0 } originator && originator == await CallingAeAsync(cancellationToken).ConfigureAwait(false) ? new Unsolicited() : null;
    }

    private async Task<Route?> FindRouteAsync(string study, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_routes.TryGetValue(study, out var known) && known.Until > now)
        {
            return known.Route;
        }

        var changes = Volatile.Read(ref _changes);
        var route = await database.FindAsync<Route>(
            "select id, project_id, patient_id, subject_label, experiment_label, relabel::text as relabel, script from qr_request where study_hash = @hash and route_open",
            new { hash = seal.Hash(study) }, cancellationToken).ConfigureAwait(false);
        if (_routes.Count > 5000)
        {
            _routes.Clear();
        }

        // Nor is it remembered that nobody asked, if somebody may have while we looked.
        _routes[study] = (route, now + Kept);
        if (Volatile.Read(ref _changes) != changes)
        {
            _routes.TryRemove(study, out _);
        }

        return route;
    }

    private async Task<string> CallingAeAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_callingAe.Until <= now)
        {
            _callingAe = ((await settings.ReadAsync(cancellationToken).ConfigureAwait(false)).CallingAeTitle, now + Kept);
        }

        return _callingAe.Title;
    }

    /// <summary>Forgets a study whose route was opened or closed here.</summary>
    public void Forget(string study)
    {
        Interlocked.Increment(ref _changes);
        _routes.TryRemove(study, out _);
    }

    private sealed class Requested(Route route, ArrivalLog arrivals) : RequestedStudy
    {
        public override string ProjectId => route.ProjectId;

        public override GivenLabels? Relabel(DataSet dataSet, CancellationToken cancellationToken)
        {
            if (route.Script is { Length: > 0 } text)
            {
                var script = DicomEditScript.Compile(text);
                if (script.Apply(dataSet, new ScriptContext { Variables = new Dictionary<string, string> { ["project"] = route.ProjectId } }, cancellationToken).Outcome == ScriptOutcome.Rejected)
                {
                    return null;
                }
            }
            else if (route.Relabel is not null)
            {
                RelabelMap.Apply(System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, string>>(route.Relabel)!, dataSet);
            }

            // As XNAT's dqrObjectIdentifier: patient's name, and study ID or accession number, after relabelling (xapi B.3).
            string? Text(Tag tag) => dataSet.GetString(tag)?.Trim() is { Length: > 0 } value ? value : null;
            return new GivenLabels(
                route.ProjectId, route.SubjectLabel ?? Text(Tag.PatientName) ?? Text(Tag.PatientID), route.ExperimentLabel ?? Text(Tag.StudyID) ?? Text(Tag.AccessionNumber));
        }

        public override ValueTask ArrivedAsync(string seriesInstanceUid, string sopInstanceUid, IntakeResult result, CancellationToken cancellationToken) =>
            arrivals.AddAsync(new Arrival(route.Id, seriesInstanceUid.Trim(), sopInstanceUid.Trim(), result.Outcome, result.SessionId), cancellationToken);
    }

    private sealed class Unsolicited : RequestedStudy
    {
        public override string? ProjectId => null;

        public override GivenLabels Relabel(DataSet dataSet, CancellationToken cancellationToken) => new("Unassigned");

        public override ValueTask ArrivedAsync(string seriesInstanceUid, string sopInstanceUid, IntakeResult result, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
