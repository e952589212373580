using Dapper;
using Npgsql;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Database;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Prearchive.Tests;

/// <summary>Files enter the archive with their rows or not at all, and those who wait hold nothing (R4, R9).</summary>
public sealed class PlacingTests(ScratchPostgres postgres) : IClassFixture<ScratchPostgres>, IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("vesalius-placing-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private sealed record Archived(VesaliusDatabase Database, FilePlacing Placing, string Folder, long Resource)
    {
        public ArchivedFile File(string path) => new(Resource, "1", "DICOM", path, "1.2", "old", 3);

        public string Text(string path) => System.IO.File.ReadAllText(Path.Combine(Folder, path));

        public IEnumerable<string> Files => Directory.EnumerateFiles(Folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal);
    }

    // Session E of project P with the files a and b.
    private async Task<Archived> ArchivedAsync()
    {
        var database = await postgres.DatabaseAsync(typeof(UserDirectory).Assembly, typeof(ArchiveLayout).Assembly, typeof(PrearchiveStore).Assembly);
        var layout = new ArchiveLayout(Path.Combine(_root, "archive"));
        var folder = layout.Resource(new ResourceOwner("P", null, "E", "1"), "DICOM");
        Directory.CreateDirectory(folder);
        await database.ExecuteAsync(
            """
            insert into archive_project (id, secondary_id, name, insert_user) values ('P', 'P', 'P', 'admin');
            insert into archive_subject (id, project_id, label, insert_user) values ('S1', 'P', 'S', 'admin');
            insert into archive_experiment (id, project_id, subject_id, label, xsi_type, insert_user) values ('E1', 'P', 'S1', 'E', 'xnat:ctSessionData', 'admin');
            insert into archive_scan (experiment_id, id, xsi_type, insert_user) values ('E1', '1', 'xnat:ctScanData', 'admin')
            """,
            null, Token);
        var resource = await database.FindAsync<long>("insert into archive_resource (scan_key, label, insert_user) select key, 'DICOM', 'admin' from archive_scan returning id", null, Token);
        foreach (var name in (string[])["a", "b"])
        {
            await File.WriteAllTextAsync(Path.Combine(folder, name), "old " + name, Token);
            await database.ExecuteAsync("insert into archive_file (resource_id, path, size, md5, sha256, insert_user) values (@resource, @name, 5, '', 'old', 'admin')", new { resource, name }, Token);
        }

        return new Archived(database, new FilePlacing(database, layout, new ResourceDirectory(database)), folder, resource);
    }

    private string Staged(string text)
    {
        var path = Path.Combine(_root, Guid.NewGuid().ToString("N"));
        File.WriteAllText(path, text);
        return path;
    }

    // a is replaced, b gives way to c.
    private Task<int> PlaceAsync(Archived archived, Func<NpgsqlConnection, NpgsqlTransaction, Task<int>> work) => archived.Placing.RunAsync(
        "P",
        [new PlacedFile(Staged("new a"), archived.Folder, "a", "new", archived.File("a")), new PlacedFile(Staged("new c"), archived.Folder, "c", "new", null)],
        [archived.File("b")], work);

    private static Task<int> RowsAsync(Archived archived, NpgsqlConnection connection, NpgsqlTransaction transaction) => connection.ExecuteAsync(
        """
        update archive_file set sha256 = 'new' where resource_id = @Resource and path = 'a';
        insert into archive_file (resource_id, path, size, md5, sha256, insert_user) values (@Resource, 'c', 5, '', 'new', 'admin')
        """,
        new { archived.Resource }, transaction);

    [Fact]
    public async Task Archived_files_stay_until_the_commit_and_go_after_it()
    {
        var archived = await ArchivedAsync();
        await PlaceAsync(archived, async (connection, transaction) =>
        {
            Assert.Equal("old b", archived.Text("b"));
            return await RowsAsync(archived, connection, transaction);
        });
        // Until the steps are taken, what was archived is still there: a crash here loses nothing.
        Assert.Equal(("old a", "old b", "new c"), (archived.Text("a"), archived.Text("b"), archived.Text("c")));
        await archived.Placing.RecoverAsync(Token);
        Assert.Equal(["a", "c"], archived.Files);
        Assert.Equal("new a", archived.Text("a"));
        Assert.Equal(["a", "c"], await archived.Database.QueryAsync<string>("select path from archive_file order by path", null, Token));
        Assert.Equal(0, await archived.Database.FindAsync<long>("select (select count(*) from prearchive_file_step) + (select count(*) from prearchive_placing)", null, Token));
    }

    [Fact]
    public async Task Archiving_that_fails_leaves_the_archived_session_as_it_was()
    {
        var archived = await ArchivedAsync();
        await Assert.ThrowsAsync<PostgresException>(() => PlaceAsync(archived, async (connection, transaction) =>
        {
            await RowsAsync(archived, connection, transaction);
            // Found out at the commit, when files are in place already.
            return await connection.ExecuteAsync(
                """
                create function fails() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
                create constraint trigger fails after delete on prearchive_placing deferrable initially deferred for each row execute function fails()
                """,
                transaction: transaction);
        }));
        await archived.Placing.CarryOutAsync(Token);
        Assert.Equal(["a", "b"], archived.Files);
        Assert.Equal(("old a", "old b"), (archived.Text("a"), archived.Text("b")));
        Assert.Equal(["a", "b"], await archived.Database.QueryAsync<string>("select path from archive_file where sha256 = 'old' order by path", null, Token));
    }

    [Fact]
    public async Task Files_of_an_archiving_that_a_crash_ended_are_removed_at_start()
    {
        var archived = await ArchivedAsync();
        await File.WriteAllTextAsync(Path.Combine(archived.Folder, "c"), "new c", Token);
        await archived.Database.ExecuteAsync("insert into prearchive_placing (id, paths) values (gen_random_uuid(), array['P/arc001/E/SCANS/1/DICOM/c', 'P/arc001/E/SCANS/1/DICOM/d'])", null, Token);
        await archived.Placing.RecoverAsync(Token);
        Assert.Equal(["a", "b"], archived.Files);
    }

    [Fact]
    public async Task File_that_was_stored_again_meanwhile_is_not_taken_away_by_an_old_step()
    {
        var archived = await ArchivedAsync();
        await File.WriteAllTextAsync(Path.Combine(archived.Folder, ".x.placing"), "late a", Token);
        await archived.Database.ExecuteAsync(
            "insert into prearchive_file_step (resource_id, path, beside, sha256) values (@Resource, 'a', '.x.placing', 'late'), (@Resource, 'b', null, null)", new { archived.Resource }, Token);
        await archived.Placing.CarryOutAsync(Token);
        Assert.Equal(["a", "b"], archived.Files);
        Assert.Equal("old a", archived.Text("a"));
    }

    [Fact]
    public async Task Many_that_wait_to_archive_hold_no_connections()
    {
        var made = await postgres.DatabaseAsync();
        await using var database = new VesaliusDatabase(new NpgsqlConnectionStringBuilder(made.DataSource.ConnectionString) { MaxPoolSize = 5, Timeout = 5 }.ConnectionString);
        var turns = new ArchivingTurns(database, most: 3);
        var inside = 0;
        var most = 0;
        var perName = new int[4];
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async n =>
        {
            var name = n % perName.Length;
            var turn = await turns.TakeAsync($"session-{name}", Token);
            await using (turn.ConfigureAwait(false))
            {
                Assert.Equal(1, Interlocked.Increment(ref perName[name]));
                InterlockedMax(ref most, Interlocked.Increment(ref inside));
                // Others' work needs connections too.
                Assert.Equal(1, await database.FindAsync<int>("select 1", null, Token));
                Interlocked.Decrement(ref inside);
                Interlocked.Decrement(ref perName[name]);
            }
        }));
        Assert.InRange(most, 1, 3);
    }

    [Fact]
    public async Task Turn_is_given_on_when_one_who_waits_leaves()
    {
        var turns = new ArchivingTurns(await postgres.DatabaseAsync(), most: 1);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var first = await turns.TakeAsync("E", Token);
        var second = turns.TakeAsync("E", leaving.Token);
        var third = turns.TakeAsync("E", Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        await first.DisposeAsync();
        await (await third).DisposeAsync();
        await (await turns.TakeAsync("F", Token)).DisposeAsync();
    }

    private static void InterlockedMax(ref int place, int value)
    {
        for (var seen = Volatile.Read(ref place); value > seen; seen = Volatile.Read(ref place))
        {
            Interlocked.CompareExchange(ref place, value, seen);
        }
    }
}
