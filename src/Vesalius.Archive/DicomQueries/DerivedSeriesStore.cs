using Vesalius.Archive.Items;
using Vesalius.Archive.Life;
using Vesalius.Archive.Types;
using Vesalius.Database;

namespace Vesalius.Archive.DicomQueries;

/// <summary>A session that objects can be made of.</summary>
/// <param name="Id">ID.</param>
/// <param name="ProjectId">Project that owns it.</param>
/// <param name="Place">Project where the caller sees it.</param>
/// <param name="SubjectId">Subject.</param>
public sealed record DerivedTarget(string Id, string ProjectId, string Place, string SubjectId);

/// <summary>An object that was made of a session's images.</summary>
public sealed record DerivedObject
{
    /// <summary>SOP Instance UID.</summary>
    public required string Uid { get; init; }

    /// <summary>Series Instance UID; objects of one series are kept together.</summary>
    public required string SeriesUid { get; init; }

    /// <summary>Modality, for example <c>SEG</c>; names the resource.</summary>
    public required string Modality { get; init; }

    /// <summary>Series number.</summary>
    public int? SeriesNumber { get; init; }

    /// <summary>Instance number.</summary>
    public int? Number { get; init; }

    /// <summary>What its maker called it.</summary>
    public string Description { get; init; } = "";

    /// <summary>When it was made.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Series of the session that it refers to.</summary>
    public IReadOnlyList<string> References { get; init; } = [];
}

/// <summary>Keeps segmentations, contours and measurements as assessors of their session (R28).</summary>
public sealed class DerivedSeriesStore(VesaliusDatabase database, ExperimentStore experiments, ResourceDirectory resources, ResourceStore files, TypeModel model)
{
    /// <summary>Type of the assessors.</summary>
    public const string AssessorType = "icr:roiCollectionData";

    /// <summary>Sessions of a study within a scope.</summary>
    public Task<IReadOnlyList<DerivedTarget>> TargetsAsync(DicomScope scope, string study, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(scope);
        var parameters = scope.Parameters();
        parameters.Add("study", study);
        return database.QueryAsync<DerivedTarget>(
            $"select x.id, x.folder_project as project_id, x.project as place, x.subject_id from ({scope.Sessions("e.study_instance_uid = @study")}) x order by x.id", parameters, cancellationToken);
    }

    /// <summary>Instances that a session holds, those that were made of it too, each with its series.</summary>
    public async Task<IReadOnlyDictionary<string, string>> InstancesAsync(string sessionId, CancellationToken cancellationToken) =>
        (await database.QueryAsync<(string Uid, string Series)>(
            """
            select f.sop_instance_uid, min(c.series_instance_uid) from archive_scan c join archive_resource r on r.scan_key = c.key join archive_file f on f.resource_id = r.id
            where c.experiment_id = @sessionId and f.sop_instance_uid is not null and c.series_instance_uid is not null group by 1
            union all
            select f.sop_instance_uid, min(d.series_instance_uid) from archive_experiment a join archive_derived_series d on d.assessor_id = a.id join archive_resource r on r.experiment_id = a.id
            join archive_file f on f.resource_id = r.id where a.session_id = @sessionId and f.sop_instance_uid is not null group by 1
            """,
            new { sessionId }, cancellationToken).ConfigureAwait(false)).DistinctBy(r => r.Uid).ToDictionary(r => r.Uid, r => r.Series);

    /// <summary>Stores an object: in the assessor of its series, which is made if there is none.</summary>
    /// <returns>ID of the assessor.</returns>
    /// <exception cref="ItemRefusedException">Nothing was stored.</exception>
    public async Task<string> StoreAsync(DerivedTarget target, DerivedObject made, Stream content, string user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(made);
        var known = await database.FindAsync<string>(
            "select a.id from archive_experiment a join archive_derived_series d on d.assessor_id = a.id where a.session_id = @Id and d.series_instance_uid = @SeriesUid order by a.id limit 1",
            new { target.Id, made.SeriesUid }, cancellationToken).ConfigureAwait(false);
        var assessor = known ?? await CreateAsync(target, made, user, cancellationToken).ConfigureAwait(false);
        try
        {
            await StoreFileAsync(assessor, made, content, user, cancellationToken).ConfigureAwait(false);
            return assessor;
        }
        catch when (known is null)
        {
            // An assessor without its object would only puzzle whoever finds it.
            await database.ExecuteAsync("delete from archive_experiment where id = @assessor", new { assessor }, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<string> CreateAsync(DerivedTarget target, DerivedObject made, string user, CancellationToken cancellationToken)
    {
        var values = new Dictionary<string, string>
        {
            ["name"] = made.Description.Length > 0 ? made.Description : made.Modality, ["collectionType"] = made.Modality, ["UID"] = made.Uid, ["subjectID"] = target.SubjectId,
            ["date"] = made.At.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), ["time"] = made.At.ToString("HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture),
        };
        for (var i = 0; i < made.References.Count; i++)
        {
            values[$"references/seriesUID[{i}]"] = made.References[i];
        }

        var stem = $"{made.Modality}_{made.At.ToString("yyyyMMdd_HHmmss", System.Globalization.CultureInfo.InvariantCulture)}";
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var input = ItemInput.OfHeader(model, model.Find(AssessorType)!, values);
                return await experiments.CreateAsync(
                    new NewExperiment(target.Place, target.SubjectId, target.Id, attempt == 1 ? stem : $"{stem}_{attempt}", false), input, new ChangeEvent(user, Type: "STORE_DICOM"), cancellationToken).ConfigureAwait(false);
            }
            catch (ItemRefusedException e) when (e.Refusal == ItemRefusal.Conflict && attempt < 100)
            {
                // Another of the same second.
            }
        }
    }

    private async Task StoreFileAsync(string assessor, DerivedObject made, Stream content, string user, CancellationToken cancellationToken)
    {
        var scope = new ResourceScope(AssessorIds: [assessor], Side: "out");
        await resources.CreateAsync(scope, made.Modality, "DICOM", "RAW", "", "", user, cancellationToken).ConfigureAwait(false);
        var resource = (await resources.ListAsync(scope, cancellationToken).ConfigureAwait(false)).First(r => r.Label == made.Modality);
        var path = $"{made.Uid}.dcm";
        await files.StoreAsync(resource, path, content, new FileDescription("DICOM", "RAW"), overwrite: true, user, cancellationToken).ConfigureAwait(false);
        await database.ExecuteAsync(
            """
            update archive_file set sop_instance_uid = @Uid, instance_number = @Number where resource_id = @resource and path = @path;
            insert into archive_derived_series (assessor_id, series_instance_uid, modality, series_number, description) values (@assessor, @SeriesUid, @Modality, @SeriesNumber, @Description)
            on conflict (assessor_id) do nothing;
            update archive_experiment set last_modified = now() where id = @assessor
            """,
            new { made.Uid, made.Number, resource = resource.Id, path, assessor, made.SeriesUid, made.Modality, made.SeriesNumber, made.Description }, CancellationToken.None).ConfigureAwait(false);
    }
}
