using System.Text.Json;
using Dapper;
using Npgsql;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>A piece of work on an object, as clients and parts of the server report it (XNAT's <c>wrk:workflowData</c>).</summary>
/// <param name="Id">Number (<c>wrk_workflowData_id</c>).</param>
/// <param name="ObjectId">The object that it works on.</param>
/// <param name="ExternalId">Project of the object.</param>
/// <param name="DataType">Type of the object.</param>
/// <param name="PipelineName">What is done.</param>
/// <param name="LaunchTime">When it was begun, as given.</param>
/// <param name="Status">How far it is; it is over when this starts with Complete, Failed or Killed.</param>
/// <param name="Fields">Other fields by name, as a JSON object.</param>
/// <param name="CreateUser">Who reported it.</param>
/// <param name="Created">When it was first reported.</param>
/// <param name="Modified">When it was last reported.</param>
public sealed record Workflow(
    long Id, string ObjectId, string ExternalId, string DataType, string PipelineName, string LaunchTime, string Status, string Fields, string CreateUser, DateTime Created, DateTime Modified);

/// <summary>Workflows (rest-api §23).</summary>
public sealed class WorkflowDirectory(VesaliusDatabase database)
{
    private const string Columns = "id, object_id, external_id, data_type, pipeline_name, launch_time, status, fields::text as fields, create_user, created, modified";

    /// <summary>A workflow by number; null if there is none.</summary>
    public Task<Workflow?> FindAsync(long id, CancellationToken cancellationToken) =>
        database.FindAsync<Workflow>($"select {Columns} from access_workflow where id = @id", new { id }, cancellationToken);

    /// <summary>A workflow by object, launch time and name; null if there is none.</summary>
    public Task<Workflow?> FindAsync(string objectId, string launchTime, string pipelineName, CancellationToken cancellationToken) => database.FindAsync<Workflow>(
        $"select {Columns} from access_workflow where object_id = @objectId and launch_time = @launchTime and pipeline_name = @pipelineName",
        new { objectId, launchTime, pipelineName }, cancellationToken);

    /// <summary>Reports a workflow for the first time.</summary>
    /// <returns>Its number; null if it was reported before.</returns>
    public Task<long?> CreateAsync(
        string objectId, string externalId, string dataType, string pipelineName, string launchTime, string status, IReadOnlyDictionary<string, string> fields, string user, CancellationToken cancellationToken) =>
        database.FindAsync<long?>(
            """
            insert into access_workflow (object_id, external_id, data_type, pipeline_name, launch_time, status, fields, create_user)
            values (@objectId, @externalId, @dataType, @pipelineName, @launchTime, @status, @fields::jsonb, @user) on conflict (object_id, launch_time, pipeline_name) do nothing returning id
            """,
            new { objectId, externalId, dataType, pipelineName, launchTime, status, fields = JsonSerializer.Serialize(fields), user }, cancellationToken);

    /// <summary>Records a piece of work that the server itself has done, within the caller's transaction.</summary>
    /// <param name="objectId">Object that it worked on.</param>
    /// <param name="externalId">Its project.</param>
    /// <param name="dataType">Its type.</param>
    /// <param name="pipelineName">What was done.</param>
    /// <param name="user">For whom.</param>
    /// <param name="connection">Connection.</param>
    /// <param name="transaction">The caller's transaction.</param>
    /// <param name="job">What it was made of.</param>
    public static Task RecordAsync(
        string objectId, string externalId, string dataType, string pipelineName, string user, NpgsqlConnection connection, NpgsqlTransaction transaction, string job) => connection.ExecuteAsync(
        """
        insert into access_workflow (object_id, external_id, data_type, pipeline_name, launch_time, status, fields, create_user)
        values (@objectId, @externalId, @dataType, @pipelineName, to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS.US'), 'Complete', jsonb_build_object('category', 'DATA', 'type', 'PROCESS', 'jobID', @job), @user)
        on conflict (object_id, launch_time, pipeline_name) do nothing
        """,
        new { objectId, externalId, dataType, pipelineName, user, job }, transaction);

    /// <summary>The object that a piece of work of the server's was done on; null if it was not done.</summary>
    /// <param name="database">Database.</param>
    /// <param name="job">What it was made of.</param>
    /// <param name="pipelineNames">What was done.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static Task<string?> ObjectOfAsync(VesaliusDatabase database, string job, string[] pipelineNames, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        return database.FindAsync<string>(
            "select object_id from access_workflow where pipeline_name = any (@pipelineNames) and fields ->> 'jobID' = @job order by id desc limit 1", new { job, pipelineNames }, cancellationToken);
    }

    /// <summary>Reports how far a workflow is.</summary>
    public Task UpdateAsync(long id, string? status, string? dataType, string? externalId, IReadOnlyDictionary<string, string> fields, CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        update access_workflow set status = coalesce(@status, status), data_type = coalesce(@dataType, data_type), external_id = coalesce(@externalId, external_id),
            fields = fields || @fields::jsonb, modified = now() where id = @id
        """,
        new { id, status, dataType, externalId, fields = JsonSerializer.Serialize(fields) }, cancellationToken);

    /// <summary>Workflows, newest first.</summary>
    /// <param name="objectId">Object that they work on; null for all.</param>
    /// <param name="externalId">Project; null for all.</param>
    /// <param name="pipelineName">Part of the name, without regard to case; null for all.</param>
    /// <param name="status">Beginning of the status; null for all.</param>
    /// <param name="user">Who reported them; null for all.</param>
    /// <param name="offset">How many to leave out.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<IReadOnlyList<Workflow>> ListAsync(string? objectId, string? externalId, string? pipelineName, string? status, string? user, int offset, int limit, CancellationToken cancellationToken) =>
        database.QueryAsync<Workflow>(
            $"""
            select {Columns} from access_workflow
            where (@objectId::text is null or object_id = @objectId) and (@externalId::text is null or external_id = @externalId) and (@user::text is null or create_user = @user)
                and (@pipelineName::text is null or position(lower(@pipelineName) in lower(pipeline_name)) > 0) and (@status::text is null or starts_with(status, @status))
            order by id desc offset @offset limit @limit
            """,
            new { objectId, externalId, pipelineName, status, user, offset, limit }, cancellationToken);
}
