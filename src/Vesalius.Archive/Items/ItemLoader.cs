using Dapper;
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

        AddResources(item, "resources/resource", await ResourcesAsync("r.project_id = @id", new { id }, cancellationToken).ConfigureAwait(false));
        return item;
    }

    /// <summary>A subject with the experiments that may be read; null if there is none.</summary>
    public async Task<Item?> SubjectAsync(string id, Visibility visibility, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(visibility);
        var parameters = visibility.Parameters();
        parameters.Add("id", id);
        AddSharesTo(parameters, visibility);
        return await database.QuerySeveralAsync(
            $"""
            select t.id, 0::bigint as key, t.project_id, t.label, t.id as subject_id, null::text as session_id, 'xnat:subjectData' as xsi_type,
                {ObjectDocuments.Sql(ObjectFamily.Subject, "t")} as document, t.insert_date from archive_subject t where t.id = @id;
            {ExperimentsSql("t.subject_id = @id and t.session_id is null", visibility)};
            {SharesSql("archive_subject_share", "subject_id")};
            {ResourcesSql("r.subject_id = @id")}
            """,
            parameters,
            async results =>
            {
                var rows = await results.ReadAsync<ObjectRow>().ConfigureAwait(false);
                var experiments = await results.ReadAsync<ObjectRow>().ConfigureAwait(false);
                var shares = await results.ReadAsync<ShareRow>().ConfigureAwait(false);
                var resources = await results.ReadAsync<ResourceOfItem>().ConfigureAwait(false);
                return rows.SingleOrDefault() is { } row ? SubjectItem(row, experiments, shares, resources) : null;
            },
            cancellationToken).ConfigureAwait(false);
    }

    private Item SubjectItem(ObjectRow row, IEnumerable<ObjectRow> experiments, IEnumerable<ShareRow> shares, IEnumerable<ResourceOfItem> resources)
    {
        var item = new Item("xnat:subjectData", row.InsertDate).With("ID", row.Id).With("label", row.Label).With("project", row.ProjectId);
        item.AddDocument(model, ObjectDocuments.Parse(row.Document));
        foreach (var experiment in experiments)
        {
            item.Add("experiments/experiment", ExperimentItem(experiment));
        }

        AddShares(item, "xnat:subjectData_share", shares);
        AddResources(item, "resources/resource", resources);
        return item;
    }

    private static string ExperimentsSql(string where, Visibility visibility) =>
        $"""
        select t.id, 0::bigint as key, t.project_id, t.label, t.subject_id, t.session_id, t.xsi_type, {ObjectDocuments.Sql(ObjectFamily.Experiment, "t")} as document, t.insert_date
        from archive_experiment t where {where} and {visibility.Sql("t", ObjectFamily.Experiment)} order by t.id
        """;

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
        var parameters = visibility.Parameters();
        parameters.Add("id", id);
        AddSharesTo(parameters, visibility);
        // Whether this one may be read is decided by whoever calls. An assessor has no scans, reconstructions or assessors.
        return await database.QuerySeveralAsync(
            $"""
            {ExperimentsSql("t.id = @id", Visibility.Unrestricted)};
            {ScansSql("t.experiment_id = @id")};
            {ReconstructionsSql("t.experiment_id = @id")};
            {ExperimentsSql("t.session_id = @id", visibility)};
            {ResourcesSql("""
                r.id in (
                    select o.id from archive_resource o where o.experiment_id = @id
                    union all select o.id from archive_scan s join archive_resource o on o.scan_key = s.key where s.experiment_id = @id
                    union all select o.id from archive_reconstruction n join archive_resource o on o.reconstruction_key = n.key where n.experiment_id = @id)
                """)};
            {SharesSql("archive_experiment_share", "experiment_id")}
            """,
            parameters,
            async results =>
            {
                var rows = await results.ReadAsync<ObjectRow>().ConfigureAwait(false);
                var scans = await results.ReadAsync<ObjectRow>().ConfigureAwait(false);
                var reconstructions = await results.ReadAsync<ObjectRow>().ConfigureAwait(false);
                var assessors = await results.ReadAsync<ObjectRow>().ConfigureAwait(false);
                var resources = (await results.ReadAsync<ResourceOfItem>().ConfigureAwait(false)).AsList();
                var shares = await results.ReadAsync<ShareRow>().ConfigureAwait(false);
                return rows.SingleOrDefault() is { } row ? ExperimentItem(row, scans, reconstructions, assessors, resources, shares) : null;
            },
            cancellationToken).ConfigureAwait(false);
    }

    private Item ExperimentItem(
        ObjectRow row, IEnumerable<ObjectRow> scans, IEnumerable<ObjectRow> reconstructions, IEnumerable<ObjectRow> assessors, List<ResourceOfItem> resources, IEnumerable<ShareRow> shares)
    {
        var item = ExperimentItem(row);
        var ofScans = resources.ToLookup(r => r.ScanKey);
        var ofReconstructions = resources.ToLookup(r => r.ReconstructionKey);
        foreach (var scan in scans)
        {
            item.Add("scans/scan", ScanItem(scan, ofScans[scan.Key]));
        }

        foreach (var reconstruction in reconstructions)
        {
            item.Add("reconstructions/reconstructedImage", ReconstructionItem(reconstruction, ofReconstructions[reconstruction.Key]));
        }

        foreach (var assessor in assessors)
        {
            item.Add("assessors/assessor", ExperimentItem(assessor));
        }

        AddResources(item, row.SessionId is null ? "resources/resource" : null, resources.Where(r => r.ExperimentId is not null));
        AddShares(item, "xnat:experimentData_share", shares);
        return item;
    }

    private static string ScansSql(string where) =>
        $"""
        select t.id, t.key, '' as project_id, '' as label, '' as subject_id, t.experiment_id as session_id, t.xsi_type, {ObjectDocuments.Sql(ObjectFamily.Scan, "t")} as document, t.insert_date
        from archive_scan t where {where} order by length(t.id), t.id
        """;

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
        if (await database.QueryAsync<ObjectRow>(ScansSql("t.key = @key"), new { key }, cancellationToken).ConfigureAwait(false) is not [var row])
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

    private static string ReconstructionsSql(string where) =>
        $"""
        select t.id, t.key, '' as project_id, '' as label, '' as subject_id, t.experiment_id as session_id, t.xsi_type,
            {ObjectDocuments.Sql(ObjectFamily.Reconstruction, "t")} as document, t.insert_date from archive_reconstruction t where {where} order by t.id
        """;

    private Item ReconstructionItem(ObjectRow row, IEnumerable<ResourceOfItem> resources)
    {
        var item = new Item(row.XsiType, row.InsertDate).With("ID", row.Id).With("image_session_ID", row.SessionId).With("xnat_reconstructedimagedata_id", row.Key, isInternal: true);
        item.AddDocument(model, ObjectDocuments.Parse(row.Document));
        AddResources(item, null, resources);
        return item;
    }

    /// <summary>A reconstruction; null if there is none.</summary>
    public async Task<Item?> ReconstructionAsync(long key, CancellationToken cancellationToken) =>
        await database.QueryAsync<ObjectRow>(ReconstructionsSql("t.key = @key"), new { key }, cancellationToken).ConfigureAwait(false) is [var row]
            ? ReconstructionItem(row, await ResourcesAsync("r.reconstruction_key = @key", new { key }, cancellationToken).ConfigureAwait(false)) : null;

    private static string SharesSql(string table, string column) =>
        $"select project_id, label, insert_date from {table} where {column} = @id and (@everything or project_id = any (@sharedInto)) order by project_id";

    private static void AddSharesTo(DynamicParameters parameters, Visibility visibility)
    {
        parameters.Add("everything", visibility.Everything);
        parameters.Add("sharedInto", visibility.Projects.Concat(visibility.Types.Select(t => t.ProjectId)).ToArray());
    }

    private static void AddShares(Item item, string type, IEnumerable<ShareRow> shares)
    {
        foreach (var share in shares)
        {
            item.Add("sharing/share", new Item(type, share.InsertDate).With("project", share.ProjectId).With("label", share.Label));
        }
    }

    private static string ResourcesSql(string where) =>
        $"""
        select r.id, r.label, r.format, r.content, r.description, r.tags, r.side, r.insert_date, r.scan_key, r.reconstruction_key, r.experiment_id,
            coalesce(f.count, 0) as file_count, coalesce(f.size, 0)::bigint as file_size
        from archive_resource r
        left join lateral (select count(*) as count, sum(size) as size from archive_file f where f.resource_id = r.id) f on true
        where {where} order by r.label
        """;

    private Task<IReadOnlyList<ResourceOfItem>> ResourcesAsync(string where, object parameters, CancellationToken cancellationToken) =>
        database.QueryAsync<ResourceOfItem>(ResourcesSql(where), parameters, cancellationToken);

    private static void AddResources(Item item, string? element, IEnumerable<ResourceOfItem> resources)
    {
        foreach (var resource in resources)
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
