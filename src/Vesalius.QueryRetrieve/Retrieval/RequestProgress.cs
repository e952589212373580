using Vesalius.Database;

namespace Vesalius.QueryRetrieve;

/// <summary>An instance of a study under way.</summary>
internal sealed record TrackedInstance(string SopInstanceUid, string SeriesInstanceUid, bool Expected, string? Outcome)
{
    public TrackedInstance()
        : this("", "", false, null)
    {
    }
}

/// <summary>What a request under way has learnt, written down step by step so that another run can go on from it.</summary>
internal sealed class RequestProgress(VesaliusDatabase database, SecretSeal seal, RequestedStudies routes, TimeProvider time)
{
    // A crash takes the run with it, and the next one writes all of this again: only the end has to be on disk before anybody is told.
    private const string Unhurried = "select set_config('synchronous_commit', 'off', true);";

    public Task ExecutedAsync(long id, CancellationToken cancellationToken) => database.ExecuteAsync(
        $"{Unhurried} update qr_request set executed = coalesce(executed, @now) where id = @id", new { id, now = time.GetUtcNow().UtcDateTime }, cancellationToken);

    /// <summary>Keeps what the PACS says of the study and opens its route. One that a request holds which does not run, since its PACS is away or it is paused, is taken over:
    /// that request opens it again when its turn comes.</summary>
    /// <returns>False if another request for the same study is under way: two could not be told apart.</returns>
    public async Task<bool> OpenRouteAsync(long id, StudyAnswer study, CancellationToken cancellationToken)
    {
        try
        {
            await database.ExecuteAsync(
                $"""
                {Unhurried}
                update qr_request r set route_open = false where study_hash = @hash and route_open and id <> @id and not exists (select from jobs_job j where j.id = r.id and j.state = 'running');
                update qr_request set study_instance_uid = @StudyInstanceUid, study_hash = @hash, patient_id = @PatientId, patient_name = @PatientName, study_date = @StudyDate,
                    study_id = @StudyId, accession_number = coalesce(nullif(@AccessionNumber, ''), accession_number), route_open = true where id = @id
                """,
                new { id, study.StudyInstanceUid, hash = seal.Hash(study.StudyInstanceUid), study.PatientId, study.PatientName, study.StudyDate, study.StudyId, study.AccessionNumber },
                cancellationToken).ConfigureAwait(false);
        }
        catch (Npgsql.PostgresException e) when (e.SqlState == Npgsql.PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }

        routes.Forget(study.StudyInstanceUid);
        return true;
    }

    public async Task CloseRouteAsync(long id, string study)
    {
        await database.ExecuteAsync($"{Unhurried} update qr_request set route_open = false where id = @id", new { id }, CancellationToken.None).ConfigureAwait(false);
        routes.Forget(study);
    }

    public async Task ExpectAsync(long id, int? expected, IReadOnlyList<(string Series, string Instance)> instances, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync(
            $"""
            {Unhurried}
            update qr_request set expected = @expected where id = @id;
            update qr_instance set expected = false where request_id = @id and expected;
            insert into qr_instance (request_id, sop_instance_uid, series_instance_uid, expected) select @id, i.instance, i.series, true from unnest(@instances, @series) as i (instance, series)
            on conflict (request_id, sop_instance_uid) do update set expected = true
            """,
            new { id, expected, instances = instances.Select(i => i.Instance).ToArray(), series = instances.Select(i => i.Series).ToArray() }, cancellationToken).ConfigureAwait(false);
    }

    public Task<IReadOnlyList<TrackedInstance>> InstancesAsync(long id, CancellationToken cancellationToken) => database.QueryAsync<TrackedInstance>(
        "select sop_instance_uid, series_instance_uid, expected, outcome from qr_instance where request_id = @id", new { id }, cancellationToken);

    public Task ReportAsync(long id, string report, CancellationToken cancellationToken) =>
        database.ExecuteAsync($"{Unhurried} update qr_request set report = @report::jsonb where id = @id", new { id, report }, cancellationToken);
}
