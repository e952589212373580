using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using Npgsql;
using Vesalius.Database;

namespace Vesalius.QueryRetrieve;

/// <summary>The PACS that are registered.</summary>
public sealed class PacsDirectory(VesaliusDatabase database, SecretSeal seal, TimeProvider time)
{
    /// <summary>How rules are written.</summary>
    public static JsonSerializerOptions RulesJson { get; } = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    private const string Columns =
        """
        id, ae_title, host, query_retrieve_port, label, queryable, default_query_retrieve_pacs, storable, default_storage_pacs, orm_strategy_spring_bean_id,
        supports_extended_negotiations, dicom_web_enabled, dicom_web_root_url, dicom_object_identifier, anonymization_enabled, retrieve_level, enabled, created, timestamp
        """;

    /// <summary>All PACS by key.</summary>
    public Task<IReadOnlyList<Pacs>> ListAsync(CancellationToken cancellationToken) => ReadAsync("order by id", null, cancellationToken);

    /// <summary>A PACS; null if there is none.</summary>
    public async Task<Pacs?> FindAsync(long id, CancellationToken cancellationToken) =>
        (await ReadAsync("where id = @id", new { id }, cancellationToken).ConfigureAwait(false)).FirstOrDefault();

    private async Task<IReadOnlyList<Pacs>> ReadAsync(string which, object? parameters, CancellationToken cancellationToken)
    {
        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var command = new CommandDefinition($"select {Columns}, rules::text as rules_text from qr_pacs {which}", parameters, cancellationToken: cancellationToken);
            return (await connection.QueryAsync<Pacs, string, Pacs>(
                command, (pacs, rules) => pacs with { Rules = JsonSerializer.Deserialize<IdentityRules>(rules, RulesJson)! }, "rules_text").ConfigureAwait(false)).AsList();
        }
    }

    /// <summary>The PACS of a request: by key, or the default one for 0 or none.</summary>
    public async Task<Pacs?> ChooseAsync(long? id, CancellationToken cancellationToken)
    {
        var all = await ListAsync(cancellationToken).ConfigureAwait(false);
        return id is null or 0 ? all.FirstOrDefault(p => p.DefaultQueryRetrievePacs) ?? (all.Count == 1 ? all[0] : null) : all.FirstOrDefault(p => p.Id == id);
    }

    /// <summary>Stores a PACS, a new one if its key is 0; a new one is open all day with one retrieval at a time.</summary>
    /// <returns>Its key; null if its label, or its host, port and AE title, are another's.</returns>
    public async Task<long?> SaveAsync(Pacs pacs, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pacs);
        try
        {
            return await database.InTransactionAsync<long?>((connection, transaction) => SaveAsync(pacs, connection, transaction), cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return null;
        }
    }

    private async Task<long?> SaveAsync(Pacs pacs, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        const string Insert =
            """
            insert into qr_pacs (ae_title, host, query_retrieve_port, label, queryable, default_query_retrieve_pacs, storable, default_storage_pacs, orm_strategy_spring_bean_id,
                supports_extended_negotiations, dicom_web_enabled, dicom_web_root_url, dicom_object_identifier, anonymization_enabled, retrieve_level, enabled, rules)
            values (@AeTitle, @Host, @QueryRetrievePort, @Label, @Queryable, @DefaultQueryRetrievePacs, @Storable, @DefaultStoragePacs, @OrmStrategySpringBeanId,
                @SupportsExtendedNegotiations, @DicomWebEnabled, @DicomWebRootUrl, @DicomObjectIdentifier, @AnonymizationEnabled, @RetrieveLevel, @Enabled, @rulesText::jsonb) returning id
            """;
        const string Update =
            """
            update qr_pacs set ae_title = @AeTitle, host = @Host, query_retrieve_port = @QueryRetrievePort, label = @Label, queryable = @Queryable,
                default_query_retrieve_pacs = @DefaultQueryRetrievePacs, storable = @Storable, default_storage_pacs = @DefaultStoragePacs,
                orm_strategy_spring_bean_id = @OrmStrategySpringBeanId, supports_extended_negotiations = @SupportsExtendedNegotiations, dicom_web_enabled = @DicomWebEnabled,
                dicom_web_root_url = @DicomWebRootUrl, dicom_object_identifier = @DicomObjectIdentifier, anonymization_enabled = @AnonymizationEnabled,
                retrieve_level = @RetrieveLevel, enabled = @Enabled, rules = @rulesText::jsonb, timestamp = now()
            where id = @Id returning id
            """;
        if (pacs.DefaultQueryRetrievePacs)
        {
            await connection.ExecuteAsync("update qr_pacs set default_query_retrieve_pacs = false where default_query_retrieve_pacs and id <> @Id", new { pacs.Id }, transaction).ConfigureAwait(false);
        }

        if (pacs.DefaultStoragePacs)
        {
            await connection.ExecuteAsync("update qr_pacs set default_storage_pacs = false where default_storage_pacs and id <> @Id", new { pacs.Id }, transaction).ConfigureAwait(false);
        }

        var parameters = new DynamicParameters(pacs);
        parameters.Add("rulesText", JsonSerializer.Serialize(pacs.Rules, RulesJson));
        var id = await connection.QueryFirstOrDefaultAsync<long?>(pacs.Id == 0 ? Insert : Update, parameters, transaction).ConfigureAwait(false);
        if (pacs.Id == 0)
        {
            await connection.ExecuteAsync(
                "insert into qr_availability (pacs_id, day, start_minute, end_minute, threads, utilization_percent) select @id, day, 0, 1440, 1, 100 from generate_series(1, 7) as day",
                new { id }, transaction).ConfigureAwait(false);
        }

        return id;
    }

    /// <summary>Removes a PACS with its schedule and pings. Requests that still wait for it fail.</summary>
    /// <returns>False if there is none.</returns>
    public async Task<bool> RemoveAsync(long id, CancellationToken cancellationToken) =>
        await database.ExecuteAsync("delete from qr_pacs where id = @id", new { id }, cancellationToken).ConfigureAwait(false) > 0;

    /// <summary>Keeps the password of a PACS's DICOMweb, sealed; null removes it.</summary>
    public Task SetDicomWebPasswordAsync(long id, string? password, CancellationToken cancellationToken) => database.ExecuteAsync(
        "update qr_pacs set dicom_web_password = @secret where id = @id", new { id, secret = password is null ? null : seal.Seal(password) }, cancellationToken);

    /// <summary>The password of a PACS's DICOMweb; null if none is kept.</summary>
    public async Task<string?> DicomWebPasswordAsync(long id, CancellationToken cancellationToken) =>
        await database.FindAsync<byte[]>("select dicom_web_password from qr_pacs where id = @id", new { id }, cancellationToken).ConfigureAwait(false) is { } secret ? seal.Open(secret) : null;

    /// <summary>Records whether a PACS answered.</summary>
    public async Task<PacsPing> RecordPingAsync(long pacsId, bool isSuccessful, CancellationToken cancellationToken) =>
        (await database.FindAsync<PacsPing>(
            "insert into qr_ping (pacs_id, successful, ping_time) values (@pacsId, @isSuccessful, @now) returning id, pacs_id, successful, ping_time",
            new { pacsId, isSuccessful, now = time.GetUtcNow().UtcDateTime }, cancellationToken).ConfigureAwait(false))!;

    /// <summary>Pings of a PACS, newest first.</summary>
    public Task<IReadOnlyList<PacsPing>> PingsAsync(long pacsId, int most, CancellationToken cancellationToken) => database.QueryAsync<PacsPing>(
        "select id, pacs_id, successful, ping_time from qr_ping where pacs_id = @pacsId order by id desc limit @most", new { pacsId, most }, cancellationToken);
}
