using Dapper;
using Npgsql;
using Vesalius.Database;
using Xunit;

namespace Vesalius.Archive.Tests;

/// <summary>The archive's tables can be brought up to date with data in them.</summary>
public sealed class ModelMigrationTests : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "vesalius-model-" + Guid.NewGuid().ToString("N")[..10]);
    private PrivatePostgres _postgres = null!;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _postgres = new PrivatePostgres(_folder, new Dictionary<string, string> { ["fsync"] = "off" });
        await _postgres.StartAsync(TestContext.Current.CancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await _postgres.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Demographics and investigators move to their places in the schema, and labels are one space per project.</summary>
    [Fact]
    public async Task Tables_with_data_are_brought_up_to_date()
    {
        await using var connection = new NpgsqlConnection(_postgres.ConnectionString());
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        var assembly = typeof(ArchiveBrowser).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.Contains(".Migrations.", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            await connection.ExecuteAsync(await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
            if (name.Contains("0001_", StringComparison.Ordinal))
            {
                await connection.ExecuteAsync(
                    """
                    insert into archive_project (id, secondary_id, name, insert_user, pi_firstname, pi_lastname) values ('P', 'P', 'P', 'admin', 'Ada', 'Lovelace');
                    insert into archive_project (id, secondary_id, name, insert_user) values ('Q', 'Q', 'Q', 'admin');
                    insert into archive_subject (id, project_id, label, insert_user, fields) values
                        ('S1', 'P', 's', 'admin', '{"gender": "female", "group": "a", "fields/field[name=x]/field": "1"}'), ('S2', 'Q', 's', 'admin', '{}');
                    insert into archive_experiment (id, project_id, subject_id, label, xsi_type, insert_user) values ('E1', 'P', 'S1', 'e', 'xnat:mrSessionData', 'admin');
                    insert into archive_resource (experiment_id, label, insert_user) values ('E1', 'R', 'admin');
                    """);
            }
        }

        Assert.Equal(
            """{"group": "a", "demographics/gender": "female", "fields/field[name=x]/field": "1"}""",
            await connection.ExecuteScalarAsync<string>("select fields::text from archive_subject where id = 'S1'"));
        Assert.Equal(
            "Lovelace",
            await connection.ExecuteScalarAsync<string>("select last_name from archive_project_investigator join archive_investigator on id = investigator_id where is_primary and project_id = 'P'"));
        var taken = await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync(
            "insert into archive_subject_share (subject_id, project_id, label, insert_user) values ('S1', 'Q', 's', 'admin')"));
        Assert.Equal(PostgresErrorCodes.UniqueViolation, taken.SqlState);
        await connection.ExecuteAsync("insert into archive_experiment_share (experiment_id, project_id, label, insert_user) values ('E1', 'Q', 'e', 'admin')");
        taken = await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync(
            "insert into archive_experiment (id, project_id, subject_id, label, xsi_type, insert_user) values ('E2', 'Q', 'S2', 'e', 'xnat:mrSessionData', 'admin')"));
        Assert.Equal(PostgresErrorCodes.UniqueViolation, taken.SqlState);
    }
}
