using System.Globalization;
using System.Text;
using System.Text.Json;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>What the end of the trail was at some time, kept outside the database.</summary>
/// <param name="At">When it was written down.</param>
/// <param name="Id">Number of the last row.</param>
/// <param name="Rows">Rows up to there; 0 where whoever kept it did not say.</param>
/// <param name="Head">Hash of that row, in hexadecimal digits.</param>
public sealed record AuditAnchor(DateTime At, long Id, long Rows, string Head);

/// <summary>What a comparison of anchors with the trail found.</summary>
/// <param name="Anchors">Anchors that were compared.</param>
/// <param name="Unreadable">Lines of the file that are no anchors: somebody wrote into it.</param>
/// <param name="FirstMissing">First anchor whose row is not in the trail any more as it was; null if all are.</param>
public sealed record AnchorComparison(int Anchors, int Unreadable, AuditAnchor? FirstMissing)
{
    /// <summary>Nothing that an anchor names is missing or altered.</summary>
    public bool IsIntact => FirstMissing is null && Unreadable == 0;
}

/// <summary>Heads of the trail in a file beside the database (R26). A chain whose last rows were cut off is still a chain; an anchor names a row that has to be there.
/// One line of JSON for each, only ever added. Safe for use by several threads; several nodes have a file each.</summary>
/// <param name="path">The file.</param>
/// <param name="database">Where the trail is.</param>
/// <param name="time">Clock.</param>
public sealed class AuditAnchors(string path, VesaliusDatabase database, TimeProvider time)
{
    private const int HashLength = 64;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private readonly SemaphoreSlim _writer = new(1);

    /// <summary>Writes down where the trail ends now, unless the last anchor says so already. When this returns, it is on the disk.</summary>
    /// <returns>The new anchor; null if there is nothing new.</returns>
    public async Task<AuditAnchor?> WriteAsync(CancellationToken cancellationToken)
    {
        await _writer.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var last = (await ReadAsync(cancellationToken).ConfigureAwait(false)).Anchors is { Count: > 0 } known ? known[^1] : null;
            var head = await database.FindAsync<HeadRow?>(
                "select id, hash, (select count(*) from access_audit n where n.id > @after and n.id <= h.id) as rows from access_audit h order by id desc limit 1", new { after = last?.Id ?? 0 }, cancellationToken).ConfigureAwait(false);
            if (head is null || head.Id <= (last?.Id ?? 0))
            {
                return null;
            }

            var anchor = new AuditAnchor(time.GetUtcNow().UtcDateTime, head.Id, (last?.Rows ?? 0) + head.Rows, Convert.ToHexStringLower(head.Hash));
            await AppendAsync(JsonSerializer.Serialize(anchor, Json), cancellationToken).ConfigureAwait(false);
            return anchor;
        }
        finally
        {
            _writer.Release();
        }
    }

    private async Task AppendAsync(string line, CancellationToken cancellationToken)
    {
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        await using (file.ConfigureAwait(false))
        {
            // A line that was cut off with the power ends here, so that it spoils no other.
            var isTorn = false;
            if (file.Length > 0)
            {
                file.Seek(-1, SeekOrigin.End);
                isTorn = file.ReadByte() != '\n';
            }

            file.Seek(0, SeekOrigin.End);
            await file.WriteAsync(Encoding.UTF8.GetBytes((isTorn ? "\n" : "") + line + "\n"), cancellationToken).ConfigureAwait(false);
            file.Flush(flushToDisk: true);
        }
    }

    /// <summary>All anchors, oldest first, and how many lines are none.</summary>
    public async Task<(IReadOnlyList<AuditAnchor> Anchors, int Unreadable)> ReadAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            return ([], 0);
        }

        return Parse(await File.ReadAllTextAsync(path, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Reads a copy of the file.</summary>
    /// <param name="text">Its lines.</param>
    public static (IReadOnlyList<AuditAnchor> Anchors, int Unreadable) Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var anchors = new List<AuditAnchor>();
        var unreadable = 0;
        foreach (var line in text.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0))
        {
            if (Line(line) is { } anchor)
            {
                anchors.Add(anchor);
            }
            else
            {
                unreadable++;
            }
        }

        return (anchors, unreadable);
    }

    private static AuditAnchor? Line(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<AuditAnchor>(line, Json) is { Id: > 0, Head.Length: HashLength } anchor && anchor.Head.All(char.IsAsciiHexDigitLower) ? anchor : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Compares the file with the trail.</summary>
    public async Task<AnchorComparison> CompareAsync(CancellationToken cancellationToken)
    {
        var (anchors, unreadable) = await ReadAsync(cancellationToken).ConfigureAwait(false);
        return await CompareAsync(anchors, unreadable, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Compares anchors that were kept elsewhere with the trail.</summary>
    /// <param name="anchors">Which.</param>
    /// <param name="unreadable">Lines that were none.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<AnchorComparison> CompareAsync(IReadOnlyList<AuditAnchor> anchors, int unreadable, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(anchors);
        var rows = (await database.QueryAsync<HashRow>(
            "select id, hash from access_audit where id = any(@ids)", new { ids = anchors.Select(a => a.Id).Distinct().ToArray() }, cancellationToken).ConfigureAwait(false)).ToDictionary(r => r.Id, r => Convert.ToHexStringLower(r.Hash));
        return new AnchorComparison(anchors.Count, unreadable, anchors.FirstOrDefault(a => !rows.TryGetValue(a.Id, out var hash) || !string.Equals(hash, a.Head, StringComparison.Ordinal)));
    }

    /// <summary>An anchor as the log shows it: whoever keeps the log keeps the end of the trail.</summary>
    public static string Text(AuditAnchor anchor)
    {
        ArgumentNullException.ThrowIfNull(anchor);
        return string.Create(CultureInfo.InvariantCulture, $"{anchor.Id}:{anchor.Head}");
    }

    private sealed record HeadRow(long Id, byte[] Hash, long Rows);

    private sealed record HashRow(long Id, byte[] Hash);
}
