using Dapper;
using Npgsql;
using Vesalius.Archive.Types;
using Vesalius.Database;

namespace Vesalius.Archive;

/// <summary>A form for the custom fields of one type of object (rest-api Y9 to Y16). Its answers are a custom field that is named by the form's UUID.</summary>
/// <param name="Id">Number.</param>
/// <param name="Uuid">UUID; name of the field that holds the answers.</param>
/// <param name="DataType">Type of the objects.</param>
/// <param name="Contents">The form itself, as JSON of form.io.</param>
/// <param name="DisplayOrder">Place among the forms of an object, from the lowest to the highest.</param>
/// <param name="Created">When it was made.</param>
/// <param name="CreatedBy">Who made it.</param>
public sealed record CustomForm(long Id, Guid Uuid, string DataType, string Contents, int DisplayOrder, DateTime Created, string CreatedBy);

/// <summary>Where a form is used, and whether.</summary>
/// <param name="Id">Number.</param>
/// <param name="FormId">The form's number.</param>
/// <param name="ProjectId">Project; null for the whole site.</param>
/// <param name="Status"><c>enabled</c>, <c>disabled</c> or <c>optedout</c>.</param>
public sealed record CustomFormPlace(long Id, long FormId, string? ProjectId, string Status)
{
    /// <summary>How clients name it.</summary>
    public string RowId => $"{Id}-{FormId}";
}

/// <summary>Custom forms and where they are used.</summary>
public sealed class CustomForms(VesaliusDatabase database, TypeModel model)
{
    /// <summary>Limit of a display order, in both directions.</summary>
    public const int FarthestOrder = 1_000_000;

    private const string Select = "select id, uuid, data_type as datatype, contents::text as contents, display_order as displayorder, created, created_by as createdby from archive_custom_form";

    /// <summary>All forms in their order.</summary>
    public Task<IReadOnlyList<CustomForm>> ListAsync(CancellationToken cancellationToken) => database.QueryAsync<CustomForm>($"{Select} order by display_order, id", null, cancellationToken);

    /// <summary>All places of all forms.</summary>
    public Task<IReadOnlyList<CustomFormPlace>> PlacesAsync(CancellationToken cancellationToken) => database.QueryAsync<CustomFormPlace>(
        "select id, form_id as formid, project_id as projectid, status from archive_custom_form_place order by id", null, cancellationToken);

    /// <summary>Makes a form, or changes one and where it is used; places that opted out stay so.</summary>
    /// <param name="existing">Number of the form that is changed; null makes one.</param>
    /// <param name="dataType">Type of the objects.</param>
    /// <param name="contents">Form as JSON.</param>
    /// <param name="displayOrder">Place among the forms.</param>
    /// <param name="projects">IDs of the projects; null for the whole site.</param>
    /// <param name="login">Who.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The form's UUID.</returns>
    public Task<Guid> SaveAsync(long? existing, string dataType, string contents, int displayOrder, IReadOnlyCollection<string>? projects, string login, CancellationToken cancellationToken) =>
        database.InTransactionAsync(async (connection, transaction) =>
        {
            var (id, uuid) = await connection.QuerySingleAsync<(long, Guid)>(
                existing is null
                    ? "insert into archive_custom_form (uuid, data_type, contents, display_order, created_by) values (@uuid, @dataType, @contents::jsonb, @displayOrder, @login) returning id, uuid"
                    : "update archive_custom_form set contents = @contents::jsonb, display_order = @displayOrder, modified = now() where id = @existing returning id, uuid",
                new { existing, uuid = Guid.NewGuid(), dataType, contents, displayOrder, login }, transaction).ConfigureAwait(false);
            await PlaceAsync(id, projects, connection, transaction).ConfigureAwait(false);
            return uuid;
        }, cancellationToken);

    private static Task PlaceAsync(long id, IReadOnlyCollection<string>? projects, NpgsqlConnection connection, NpgsqlTransaction transaction) => connection.ExecuteAsync(
        """
        delete from archive_custom_form_place where form_id = @id and status <> 'optedout' and not exists (select 1 from unnest(@kept) k where k is not distinct from project_id);
        insert into archive_custom_form_place (form_id, project_id) select @id, p from unnest(@kept) p on conflict do nothing
        """,
        new { id, kept = projects is null ? [null] : projects.Select(p => (string?)p).ToArray() }, transaction);

    /// <summary>Switches places on or off.</summary>
    public Task SetStatusAsync(IReadOnlyCollection<long> places, string status, CancellationToken cancellationToken) => database.ExecuteAsync(
        "update archive_custom_form_place set status = @status where id = any (@places)", new { places = places.ToArray(), status }, cancellationToken);

    /// <summary>Makes forms of projects forms of the whole site; what opted out stays so.</summary>
    public Task PromoteAsync(IReadOnlyCollection<long> forms, CancellationToken cancellationToken) => database.InTransactionAsync(async (connection, transaction) =>
    {
        foreach (var form in forms)
        {
            await PlaceAsync(form, null, connection, transaction).ConfigureAwait(false);
        }

        return true;
    }, cancellationToken);

    /// <summary>Puts a form to use in projects, or lets them do without it.</summary>
    public Task ChooseAsync(long form, IReadOnlyCollection<string> projects, bool isUsed, CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        insert into archive_custom_form_place (form_id, project_id, status) select @form, p, @status from unnest(@projects) p
        on conflict (form_id, project_id) do update set status = excluded.status
        """,
        new { form, projects = projects.ToArray(), status = isUsed ? "enabled" : "optedout" }, cancellationToken);

    /// <summary>Sets the place among the forms.</summary>
    /// <returns>False if there is no such form.</returns>
    public async Task<bool> OrderAsync(Guid uuid, int displayOrder, CancellationToken cancellationToken) => await database.ExecuteAsync(
        "update archive_custom_form set display_order = @displayOrder, modified = now() where uuid = @uuid", new { uuid, displayOrder }, cancellationToken).ConfigureAwait(false) > 0;

    /// <summary>Takes forms out of use where nothing was answered; where something was, the place is disabled, so that answers keep their questions.</summary>
    /// <returns>How many places were only disabled.</returns>
    public async Task<int> RemoveAsync(IReadOnlyCollection<CustomFormPlace> places, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(places);
        var kept = new List<long>();
        var gone = new List<long>();
        foreach (var place in places)
        {
            (await HasDataAsync(place, cancellationToken).ConfigureAwait(false) ? kept : gone).Add(place.Id);
        }

        await SetStatusAsync(kept, "disabled", cancellationToken).ConfigureAwait(false);
        await database.ExecuteAsync(
            """
            delete from archive_custom_form_place where id = any (@gone);
            delete from archive_custom_form f where f.id = any (@forms) and not exists (select 1 from archive_custom_form_place p where p.form_id = f.id)
            """,
            new { gone = gone.ToArray(), forms = places.Select(p => p.FormId).ToArray() }, cancellationToken).ConfigureAwait(false);
        return kept.Count;
    }

    /// <summary>Whether an object of the place has answers.</summary>
    public async Task<bool> HasDataAsync(CustomFormPlace place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        var (uuid, dataType) = await database.FindAsync<(Guid, string)>("select uuid, data_type from archive_custom_form where id = @FormId", new { place.FormId }, cancellationToken).ConfigureAwait(false);
        var (table, project) = model.Find(dataType)?.Family switch
        {
            ObjectFamily.Project => ("archive_project o", "o.id"),
            ObjectFamily.Subject => ("archive_subject o", "o.project_id"),
            ObjectFamily.Experiment => ("archive_experiment o", "o.project_id"),
            ObjectFamily.Scan => ("archive_scan o join archive_experiment e on e.id = o.experiment_id", "e.project_id"),
            _ => (null, null),
        };
        return table is not null && await database.FindAsync<bool>(
            $"select exists (select 1 from {table} where jsonb_exists(o.custom_fields, @name) and (@ProjectId::text is null or {project} = @ProjectId))",
            new { name = uuid.ToString(), place.ProjectId }, cancellationToken).ConfigureAwait(false);
    }
}
