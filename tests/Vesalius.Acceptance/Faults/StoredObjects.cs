using System.Security.Cryptography;
using System.Text;
using Vesalius.Database;
using Vesalius.Prearchive;
using Xunit;

namespace Vesalius.Acceptance.Faults;

/// <summary>Looks at what a process left: rows, files, raw bytes.</summary>
internal static class StoredObjects
{
    private sealed record Row(string SopInstanceUid, string Path, long Size, string Sha256);

    /// <summary>Every object is there once: one row, one file, checksum and pixel data right, and no file more.</summary>
    public static async Task AssertExactlyAsync(IntakeProcess process, IReadOnlyCollection<SmallObject> expected, CancellationToken cancellationToken)
    {
        // Rows and files may follow an acknowledgement; whoever reads through the server does not notice.
        await process.ListPrearchiveAsync(cancellationToken).ConfigureAwait(false);
        var rows = await RowsAsync(process, cancellationToken).ConfigureAwait(false);
        Assert.Equal(expected.Select(o => o.SopInstanceUid).Order(StringComparer.Ordinal), rows.Select(r => r.SopInstanceUid).Order(StringComparer.Ordinal));
        Assert.Equal(rows.Select(r => r.Path).Order(StringComparer.Ordinal), Files(process).Order(StringComparer.Ordinal));
        var pixels = expected.ToDictionary(o => o.SopInstanceUid, o => o.Pixels, StringComparer.Ordinal);
        foreach (var row in rows)
        {
            var bytes = await File.ReadAllBytesAsync(row.Path, cancellationToken).ConfigureAwait(false);
            Assert.Equal(row.Size, bytes.Length);
            Assert.Equal(row.Sha256, Convert.ToHexStringLower(SHA256.HashData(bytes)));
            Assert.True(bytes.AsSpan().EndsWith(pixels[row.SopInstanceUid]), "Pixel data differ from what was sent.");
        }
    }

    /// <summary>So many rows, and each has its file.</summary>
    public static async Task AssertRowsHaveFilesAsync(IntakeProcess process, int count, CancellationToken cancellationToken)
    {
        // Rows and files may follow an acknowledgement; whoever reads through the server does not notice.
        await process.ListPrearchiveAsync(cancellationToken).ConfigureAwait(false);
        var rows = await RowsAsync(process, cancellationToken).ConfigureAwait(false);
        Assert.Equal(count, rows.Count);
        Assert.All(rows, row => Assert.True(File.Exists(row.Path), "A row has no file."));
    }

    /// <summary>Returns when a commit has been flushed and waits for a standby; fails after two minutes.</summary>
    public static async Task UntilCommitWaitsAsync(IntakeProcess process, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromMinutes(2));
        var database = new VesaliusDatabase(process.Postgres.ConnectionString());
        await using (database.ConfigureAwait(false))
        {
            while (await database.FindAsync<long>("select count(*) from pg_stat_activity where wait_event = 'SyncRep'", null, deadline.Token).ConfigureAwait(false) == 0)
            {
                await Task.Delay(20, deadline.Token).ConfigureAwait(false);
            }
        }
    }

    public static IEnumerable<string> Files(IntakeProcess process) => Directory.Exists(process.Prearchive)
        ? Directory.EnumerateFiles(process.Prearchive, "*.dcm", SearchOption.AllDirectories)
        : [];

    private static async Task<IReadOnlyList<Row>> RowsAsync(IntakeProcess process, CancellationToken cancellationToken)
    {
        var database = new VesaliusDatabase(process.Postgres.ConnectionString());
        await using (database.ConfigureAwait(false))
        {
            var store = new PrearchiveStore(process.Prearchive, Path.Combine(process.Data, "cache", "unrecorded"), database);
            var rows = new List<Row>();
            foreach (var session in await store.ListAsync(cancellationToken).ConfigureAwait(false))
            {
                foreach (var item in await store.ObjectsAsync(session.Id, cancellationToken).ConfigureAwait(false))
                {
                    rows.Add(new Row(item.SopInstanceUid, Path.Combine(store.FolderOf(session), item.Path), item.Size, item.Sha256));
                }
            }

            return rows;
        }
    }

    /// <summary>What identified the patient is kept, sealed, with the session of every object: whatever was acknowledged can be checked.</summary>
    public static async Task AssertIdentifiersAsync(IntakeProcess process, CancellationToken cancellationToken)
    {
        var key = await File.ReadAllBytesAsync(Path.Combine(process.Data, "identifier-key"), cancellationToken).ConfigureAwait(false);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(process.Data, "identifier-key")));
        var database = new VesaliusDatabase(process.Postgres.ConnectionString());
        await using (database.ConfigureAwait(false))
        {
            var identifiers = new ArrivedIdentifiers(database, key);
            var sessions = await database.QueryAsync<long>("select distinct session_id from prearchive_object", null, cancellationToken).ConfigureAwait(false);
            Assert.NotEmpty(sessions);
            foreach (var session in sessions)
            {
                // All objects say the same, so one row is enough for all of them.
                Assert.Single(await identifiers.SealedAsync(session, cancellationToken).ConfigureAwait(false));
                Assert.Equal(["patient name"], (await identifiers.OpenAsync(session, cancellationToken).ConfigureAwait(false)).KindsOf(SmallObjects.PatientName));
            }
        }
    }

    /// <summary>No identifying text stands anywhere under the data folder, the database's own files and logs included.</summary>
    public static async Task AssertNoSecretAsync(IntakeProcess process, CancellationToken cancellationToken)
    {
        Assert.DoesNotContain(SmallObjects.Secrets, secret => process.Log.Contains(secret, StringComparison.Ordinal));
        var searched = 0;
        foreach (var path in Directory.EnumerateFiles(process.Data, "*", SearchOption.AllDirectories).Where(p => !IsSocket(p)))
        {
            byte[] bytes;
            try
            {
                bytes = await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
            }
            catch (FileNotFoundException)
            {
                // The database recycles files of its own.
                continue;
            }

            searched++;
            foreach (var secret in SmallObjects.Secrets)
            {
                Assert.True(bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(secret)) < 0, $"A {Path.GetExtension(path)} file under {Path.GetRelativePath(process.Data, Path.GetDirectoryName(path)!)} names the patient.");
            }
        }

        Assert.True(searched > 0);
    }

    private static bool IsSocket(string path) => Path.GetFileName(path).StartsWith(".s.PGSQL", StringComparison.Ordinal) && Path.GetExtension(path) != ".lock";
}
