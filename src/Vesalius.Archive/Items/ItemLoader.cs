using Vesalius.Archive.Lists;
using Vesalius.Archive.Types;
using Vesalius.Database;

namespace Vesalius.Archive.Items;

/// <summary>Reads objects of the archive as items, with what belongs to them (rest-api §1.6.3).</summary>
public sealed class ItemLoader(VesaliusDatabase database, TypeModel model)
{
    private sealed record ProjectRow
    {
        public string Id { get; init; } = "";

        public string Document { get; init; } = "";

        public string[] Aliases { get; init; } = [];

        public DateTime InsertDate { get; init; }
    }

    private sealed record PersonRow(bool IsPrimary, string Title, string FirstName, string LastName, string Institution, string Department, string Email, string Phone, long Id);

    private sealed record ObjectRow(
        string Id, long Key, string ProjectId, string Label, string SubjectId, string? SessionId, string XsiType, string Document, DateTime InsertDate);

    private sealed record ShareRow(string ProjectId, string Label, DateTime InsertDate);

    private sealed record ResourceOfItem(
        long Id, string Label, string Format, string Content, string Description, string Tags, string Side, DateTime InsertDate, long? ScanKey, long? ReconstructionKey, string? ExperimentId, long FileCount, long FileSize);

    /// <summary>A project; null if there is none.</summary>
    public async Task<Item?> ProjectAsync(string id, CancellationToken cancellationToken)
    {
        if (await database.FindAsync<ProjectRow>(
            $"select t.id, {ObjectDocuments.Sql(ObjectFamily.Project, "t")} as document, t.aliases, t.insert_date from archive_project t where t.id = @id", new { id }, cancellationToken).ConfigureAwait(false) is not { } row)
        {
            return null;
        }

        var item = new Item("xnat:projectData", row.InsertDate).With("ID", row.Id);
        item.AddDocument(model, ObjectDocuments.Parse(row.Document));
        foreach (var alias in row.Aliases)
        {
            item.Add("aliases/alias", new Item("xnat:projectData_alias", row.InsertDate).With("alias", alias));
        }

        foreach (var person in await database.QueryAsync<PersonRow>(
            """
            select l.is_primary, i.title, i.first_name, i.last_name, i.institution, i.department, i.email, i.phone, i.id
            from archive_project_investigator l join archive_investigator i on i.id = l.investigator_id where l.project_id = @id order by l.place, i.last_name, i.first_name
            """,
            new { id }, cancellationToken).ConfigureAwait(false))
        {
            item.Add(person.IsPrimary ? "PI" : "investigators/investigator", new Item("xnat:investigatorData", row.InsertDate)
                .With("title", person.Title).With("firstname", person.FirstName).With("lastname", person.LastName).With("institution", person.Institution)
                .With("department", person.Department).With("email", person.Email).With("phone", person.Phone).With("xnat_investigatordata_id", person.Id, isInternal: true));
        }

        await AddResourcesAsync(item, "resources/resource", "r.project_id = @id", new { id }, cancellationToken).ConfigureAwait(false);
        return item;
    }

    /// <summary>A subject with the experiments that may be read; null if there is none.</summary>
    public async Task<Item?> SubjectAsync(string id, Visibility visibility, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(visibility);
        if (await database.FindAsync<ObjectRow>(
            $"""
            select t.id, 0::bigint as key, t.project_id, t.label, t.id as subject_id, null::text as session_id, 'xnat:subjectData' as xsi_type,
                {ObjectDocuments.Sql(ObjectFamily.Subject, "t")} as document, t.insert_date from archive_subject t where t.id = @id
            """,
            new { id }, cancellationToken).ConfigureAwait(false) is not { } row)
        {
            return null;
        }

        var item = new Item("xnat:subjectData", row.InsertDate).With("ID", row.Id).With("label", row.Label).With("project", row.ProjectId);
        item.AddDocument(model, ObjectDocuments.Parse(row.Document));
        foreach (var experiment in await ExperimentsAsync("t.subject_id = @id and t.session_id is null", id, visibility, cancellationToken).ConfigureAwait(false))
        {
            item.Add("experiments/experiment", ExperimentItem(experiment));
        }

        await AddSharesAsync(item, "archive_subject_share", "subject_id", id, visibility, cancellationToken).ConfigureAwait(false);
        await AddResourcesAsync(item, "resources/resource", "r.subject_id = @id", new { id }, cancellationToken).ConfigureAwait(false);
        return item;
    }

    private Task<IReadOnlyList<ObjectRow>> ExperimentsAsync(string where, string id, Visibility visibility, CancellationToken cancellationToken)
    {
        var parameters = visibility.Parameters();
        parameters.Add("id", id);
        return database.QueryAsync<ObjectRow>(
        $"""
        select t.id, 0::bigint as key, t.project_id, t.label, t.subject_id, t.session_id, t.xsi_type, {ObjectDocuments.Sql(ObjectFamily.Experiment, "t")} as document, t.insert_date
        from archive_experiment t where {where} and {visibility.Sql("t", ObjectFamily.Experiment)} order by t.id
        """,
        parameters, cancellationToken);
    }

    private Item ExperimentItem(ObjectRow row)
    {
        var item = new Item(row.XsiType, row.InsertDate).With("ID", row.Id).With("label", row.Label).With("project", row.ProjectId)
            .With(row.SessionId is null ? "subject_ID" : "imageSession_ID", row.SessionId ?? row.SubjectId);
        item.AddDocument(model, ObjectDocuments.Parse(row.Document));
        return item;
    }

    /// <summary>An experiment with scans, reconstructions, assessors that may be read, and resources; null if there is none.</summary>
    public async Task<Item?> ExperimentAsync(string id, Visibility visibility, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(visibility);
        // Whether this one may be read is decided by whoever calls.
        if ((await ExperimentsAsync("t.id = @id", id, Visibility.Unrestricted, cancellationToken).ConfigureAwait(false)) is not [var row])
        {
            return null;
        }

        var item = ExperimentItem(row);
        if (row.SessionId is null)
        {
            await AddScansAsync(item, id, cancellationToken).ConfigureAwait(false);
            await AddReconstructionsAsync(item, id, cancellationToken).ConfigureAwait(false);
            foreach (var assessor in await ExperimentsAsync("t.session_id = @id", id, visibility, cancellationToken).ConfigureAwait(false))
            {
                item.Add("assessors/assessor", ExperimentItem(assessor));
            }

            await AddResourcesAsync(item, "resources/resource", "r.experiment_id = @id", new { id }, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await AddResourcesAsync(item, null, "r.experiment_id = @id", new { id }, cancellationToken).ConfigureAwait(false);
        }

        await AddSharesAsync(item, "archive_experiment_share", "experiment_id", id, visibility, cancellationToken).ConfigureAwait(false);
        return item;
    }

    private async Task AddScansAsync(Item session, string id, CancellationToken cancellationToken)
    {
        var resources = (await ResourcesAsync("c.experiment_id = @id", new { id }, cancellationToken).ConfigureAwait(false)).ToLookup(r => r.ScanKey);
        foreach (var scan in await ScansAsync("t.experiment_id = @id", new { id }, cancellationToken).ConfigureAwait(false))
        {
            session.Add("scans/scan", ScanItem(scan, resources[scan.Key]));
        }
    }

    private Task<IReadOnlyList<ObjectRow>> ScansAsync(string where, object parameters, CancellationToken cancellationToken) => database.QueryAsync<ObjectRow>(
        $"""
        select t.id, t.key, '' as project_id, '' as label, '' as subject_id, t.experiment_id as session_id, t.xsi_type, {ObjectDocuments.Sql(ObjectFamily.Scan, "t")} as document, t.insert_date
        from archive_scan t where {where} order by length(t.id), t.id
        """,
        parameters, cancellationToken);

    private Item ScanItem(ObjectRow scan, IEnumerable<ResourceOfItem> resources)
    {
        var item = new Item(scan.XsiType, scan.InsertDate).With("ID", scan.Id).With("image_session_ID", scan.SessionId).With("xnat_imagescandata_id", scan.Key, isInternal: true);
        item.AddDocument(model, ObjectDocuments.Parse(scan.Document));
        foreach (var resource in resources)
        {
            item.Add("file", ResourceItem(resource));
        }

        return item;
    }

    /// <summary>A scan; null if there is none.</summary>
    public async Task<Item?> ScanAsync(long key, CancellationToken cancellationToken)
    {
        if (await ScansAsync("t.key = @key", new { key }, cancellationToken).ConfigureAwait(false) is not [var row])
        {
            return null;
        }

        var item = ScanItem(row, await ResourcesAsync("r.scan_key = @key", new { key }, cancellationToken).ConfigureAwait(false));
        foreach (var share in await database.QueryAsync<ShareRow>("select project_id, '' as label, insert_date from archive_scan_share where scan_key = @key order by project_id", new { key }, cancellationToken).ConfigureAwait(false))
        {
            item.Add("sharing/share", new Item("xnat:imageScanData_share", share.InsertDate).With("project", share.ProjectId));
        }

        return item;
    }

    private async Task AddReconstructionsAsync(Item session, string id, CancellationToken cancellationToken)
    {
        foreach (var row in await ReconstructionsAsync("t.experiment_id = @id", new { id }, cancellationToken).ConfigureAwait(false))
        {
            session.Add("reconstructions/reconstructedImage", await ReconstructionItemAsync(row, cancellationToken).ConfigureAwait(false));
        }
    }

    private Task<IReadOnlyList<ObjectRow>> ReconstructionsAsync(string where, object parameters, CancellationToken cancellationToken) => database.QueryAsync<ObjectRow>(
        $"""
        select t.id, t.key, '' as project_id, '' as label, '' as subject_id, t.experiment_id as session_id, t.xsi_type,
            {ObjectDocuments.Sql(ObjectFamily.Reconstruction, "t")} as document, t.insert_date from archive_reconstruction t where {where} order by t.id
        """,
        parameters, cancellationToken);

    private async Task<Item> ReconstructionItemAsync(ObjectRow row, CancellationToken cancellationToken)
    {
        var item = new Item(row.XsiType, row.InsertDate).With("ID", row.Id).With("image_session_ID", row.SessionId).With("xnat_reconstructedimagedata_id", row.Key, isInternal: true);
        item.AddDocument(model, ObjectDocuments.Parse(row.Document));
        await AddResourcesAsync(item, null, "r.reconstruction_key = @Key", new { row.Key }, cancellationToken).ConfigureAwait(false);
        return item;
    }

    /// <summary>A reconstruction; null if there is none.</summary>
    public async Task<Item?> ReconstructionAsync(long key, CancellationToken cancellationToken) =>
        await ReconstructionsAsync("t.key = @key", new { key }, cancellationToken).ConfigureAwait(false) is [var row] ? await ReconstructionItemAsync(row, cancellationToken).ConfigureAwait(false) : null;

    private async Task AddSharesAsync(Item item, string table, string column, string id, Visibility visibility, CancellationToken cancellationToken)
    {
        foreach (var share in await database.QueryAsync<ShareRow>(
            $"select project_id, label, insert_date from {table} where {column} = @id and (@everything or project_id = any (@readable)) order by project_id",
            new { id, everything = visibility.Everything, readable = visibility.Projects.Concat(visibility.Types.Select(t => t.ProjectId)).ToArray() }, cancellationToken).ConfigureAwait(false))
        {
            item.Add("sharing/share", new Item($"{(table == "archive_subject_share" ? "xnat:subjectData" : "xnat:experimentData")}_share", share.InsertDate)
                .With("project", share.ProjectId).With("label", share.Label));
        }
    }

    private Task<IReadOnlyList<ResourceOfItem>> ResourcesAsync(string where, object parameters, CancellationToken cancellationToken) => database.QueryAsync<ResourceOfItem>(
        $"""
        select r.id, r.label, r.format, r.content, r.description, r.tags, r.side, r.insert_date, r.scan_key, r.reconstruction_key, r.experiment_id,
            coalesce(f.count, 0) as file_count, coalesce(f.size, 0)::bigint as file_size
        from archive_resource r left join archive_scan c on c.key = r.scan_key
        left join lateral (select count(*) as count, sum(size) as size from archive_file f where f.resource_id = r.id) f on true
        where {where} order by r.label
        """,
        parameters, cancellationToken);

    private async Task AddResourcesAsync(Item item, string? element, string where, object parameters, CancellationToken cancellationToken)
    {
        foreach (var resource in await ResourcesAsync(where, parameters, cancellationToken).ConfigureAwait(false))
        {
            item.Add(element ?? (resource.Side == "in" ? "in/file" : "out/file"), ResourceItem(resource));
        }
    }

    private static Item ResourceItem(ResourceOfItem resource)
    {
        var item = new Item("xnat:resourceCatalog", resource.InsertDate)
            .With("label", resource.Label).With("format", resource.Format).With("content", resource.Content).With("description", resource.Description)
            .With("file_count", resource.FileCount).With("file_size", resource.FileSize).With("xnat_abstractresource_id", resource.Id, isInternal: true);
        foreach (var tag in resource.Tags.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            item.Add("tags/tag", new Item("xnat:abstractResource_tag", resource.InsertDate).With("tag", tag));
        }

        return item;
    }
}
