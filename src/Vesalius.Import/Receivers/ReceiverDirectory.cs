using Npgsql;
using Vesalius.Database;

namespace Vesalius.Import;

/// <summary>The receivers that are stored.</summary>
public sealed class ReceiverDirectory(VesaliusDatabase database)
{
    private const string Columns =
        """
        id, ae_title, port, identifier, file_namer, enabled, custom_processing, direct_archive, anonymization_enabled, whitelist_enabled, whitelist,
        routing_expressions_enabled, project_routing_expression, subject_routing_expression, session_routing_expression, tls, created, timestamp
        """;

    /// <summary>All receivers by key.</summary>
    public Task<IReadOnlyList<Receiver>> ListAsync(CancellationToken cancellationToken) =>
        database.QueryAsync<Receiver>($"select {Columns} from import_receiver order by id", null, cancellationToken);

    /// <summary>A receiver; null if there is none.</summary>
    public Task<Receiver?> FindAsync(long id, CancellationToken cancellationToken) =>
        database.FindAsync<Receiver>($"select {Columns} from import_receiver where id = @id", new { id }, cancellationToken);

    /// <summary>Stores a receiver, a new one if its key is 0.</summary>
    /// <returns>Its key; null if AE title and port are another's, or the key is unknown.</returns>
    public async Task<long?> SaveAsync(Receiver receiver, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        const string Insert =
            """
            insert into import_receiver (ae_title, port, identifier, file_namer, enabled, custom_processing, direct_archive, anonymization_enabled, whitelist_enabled,
                whitelist, routing_expressions_enabled, project_routing_expression, subject_routing_expression, session_routing_expression, tls)
            values (@AeTitle, @Port, @Identifier, @FileNamer, @Enabled, @CustomProcessing, @DirectArchive, @AnonymizationEnabled, @WhitelistEnabled,
                @Whitelist, @RoutingExpressionsEnabled, @ProjectRoutingExpression, @SubjectRoutingExpression, @SessionRoutingExpression, coalesce(@Tls, false)) returning id
            """;
        const string Update =
            """
            update import_receiver set ae_title = @AeTitle, port = @Port, identifier = @Identifier, file_namer = @FileNamer, enabled = @Enabled,
                custom_processing = @CustomProcessing, direct_archive = @DirectArchive, anonymization_enabled = @AnonymizationEnabled, whitelist_enabled = @WhitelistEnabled,
                whitelist = @Whitelist, routing_expressions_enabled = @RoutingExpressionsEnabled, project_routing_expression = @ProjectRoutingExpression,
                subject_routing_expression = @SubjectRoutingExpression, session_routing_expression = @SessionRoutingExpression, tls = coalesce(@Tls, tls), timestamp = now()
            where id = @Id returning id
            """;
        try
        {
            return await database.FindAsync<long?>(receiver.Id == 0 ? Insert : Update, receiver, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return null;
        }
    }

    /// <summary>Removes a receiver.</summary>
    /// <returns>False if there is none.</returns>
    public async Task<bool> RemoveAsync(long id, CancellationToken cancellationToken) =>
        await database.ExecuteAsync("delete from import_receiver where id = @id", new { id }, cancellationToken).ConfigureAwait(false) > 0;
}
