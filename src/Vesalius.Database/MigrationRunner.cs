using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Npgsql;

namespace Vesalius.Database;

/// <summary>A room whose tables are made by the numbered <c>.sql</c> files embedded under <c>Migrations</c> in its assembly.</summary>
/// <param name="Room">Name, for example <c>Archive</c>.</param>
/// <param name="Assembly">Where the files are embedded.</param>
public sealed record MigrationSource(string Room, Assembly Assembly);

/// <summary>Thrown when the database cannot be brought to this version.</summary>
/// <param name="reason">What is wrong.</param>
public sealed class MigrationException(string reason) : Exception(reason);

/// <summary>Brings a database to the version of the running program: forward only, each file once, in one transaction each.</summary>
public static class MigrationRunner
{
    // Any number, as long as every node of every version takes the same.
    private const long LockKey = 0x5645_5341;

    /// <summary>Applies what is missing, room by room in the order given. Several nodes may start at once.</summary>
    /// <exception cref="MigrationException">A file that was applied has changed since.</exception>
    public static async Task ApplyAsync(VesaliusDatabase database, IReadOnlyList<MigrationSource> sources, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(sources);
        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            await connection.ExecuteAsync("select pg_advisory_lock(@LockKey)", new { LockKey }).ConfigureAwait(false);
            try
            {
                await connection.ExecuteAsync(
                    """
                    create table if not exists vesalius_migration (
                        room text not null, number int not null, name text not null, sha256 text not null,
                        applied_at timestamptz not null default now(), primary key (room, number))
                    """).ConfigureAwait(false);
                foreach (var source in sources)
                {
                    await ApplyAsync(connection, source, cancellationToken).ConfigureAwait(false);
                }
            }
            finally
            {
                await connection.ExecuteAsync("select pg_advisory_unlock(@LockKey)", new { LockKey }).ConfigureAwait(false);
            }
        }
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, MigrationSource source, CancellationToken cancellationToken)
    {
        var applied = (await connection.QueryAsync<(int Number, string Sha256)>(
            "select number, sha256 from vesalius_migration where room = @Room", new { source.Room }).ConfigureAwait(false)).ToDictionary(m => m.Number, m => m.Sha256);
        foreach (var (number, name, sql) in Files(source))
        {
            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));
            if (applied.TryGetValue(number, out var known))
            {
                if (known != hash)
                {
                    throw new MigrationException($"Migration {number:0000} of {source.Room} has changed since it was applied.");
                }

                continue;
            }

            var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                await connection.ExecuteAsync(sql, transaction: transaction).ConfigureAwait(false);
                await connection.ExecuteAsync(
                    "insert into vesalius_migration (room, number, name, sha256) values (@Room, @number, @name, @hash)",
                    new { source.Room, number, name, hash }, transaction).ConfigureAwait(false);
                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static IEnumerable<(int Number, string Name, string Sql)> Files(MigrationSource source)
    {
        const string Folder = ".Migrations.";
        foreach (var resource in source.Assembly.GetManifestResourceNames().Where(n => n.Contains(Folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            var name = resource[(resource.IndexOf(Folder, StringComparison.Ordinal) + Folder.Length)..];
            using var reader = new StreamReader(source.Assembly.GetManifestResourceStream(resource)!);
            yield return (int.Parse(name.AsSpan(0, 4), CultureInfo.InvariantCulture), name, reader.ReadToEnd());
        }
    }
}
