using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;
using Vesalius.Archive.Storage;
using Vesalius.Database;
using Vesalius.Prearchive;

namespace Vesalius.Import.Journal;

/// <summary>Carries out what the journal holds: files in parallel, rows in the journal's order, many to a flush and a commit.</summary>
internal sealed class JournalApplier(VesaliusDatabase database, StagingPool pool, string unrecorded, ILogger logger)
{
    private const int Writers = 2;
    private const int MostPerCommit = 64;
    // Long enough for some objects of one sender, too short for a person to notice that rows come later.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private readonly Channel<JournalEntry> _files = Channel.CreateUnbounded<JournalEntry>();
    private readonly Channel<JournalEntry> _rows = Channel.CreateUnbounded<JournalEntry>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private volatile TaskCompletionSource _nextCommit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;
    private int _failing;

    /// <summary>True while disk or database refuse what was acknowledged: nothing more is taken on then.</summary>
    public bool IsHeldUp => Volatile.Read(ref _failing) > 0;

    /// <summary>Ends when room may have become free.</summary>
    public Task NextCommit => _nextCommit.Task;

    /// <summary>Begins to work.</summary>
    public void Start() => _running = Task.WhenAll([.. Enumerable.Range(0, Writers).Select(_ => Task.Run(WriteFilesAsync)), Task.Run(CommitRowsAsync)]);

    /// <summary>Adds an entry; the next in the journal's order.</summary>
    public void Add(JournalEntry entry)
    {
        _rows.Writer.TryWrite(entry);
        _files.Writer.TryWrite(entry);
    }

    /// <summary>Finishes.</summary>
    /// <returns>False if it could not be finished in time.</returns>
    public async Task<bool> FinishAsync(TimeSpan limit)
    {
        _files.Writer.TryComplete();
        _rows.Writer.TryComplete();
        _stop.CancelAfter(limit);
        try
        {
            await _running.ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        finally
        {
            _stop.Dispose();
        }
    }

    private async Task WriteFilesAsync()
    {
        await foreach (var entry in _files.Reader.ReadAllAsync(_stop.Token).ConfigureAwait(false))
        {
            await RepeatAsync(
                () =>
                {
                    Write(entry);
                    return Task.CompletedTask;
                }).ConfigureAwait(false);
            entry.Written.SetResult(Convert.ToHexStringLower(SHA256.HashData(entry.FileBytes.Span)));
        }
    }

    private static void Write(JournalEntry entry)
    {
        // Whole blocks; the padding is cut off again.
        RandomAccess.Write(entry.File, entry.Buffer.Memory.Slice(JournalRecord.FileStart, (int)DirectFile.Aligned(entry.FileLength)).Span, 0);
        RandomAccess.SetLength(entry.File, entry.FileLength);
    }

    private async Task CommitRowsAsync()
    {
        var batch = new List<JournalEntry>(MostPerCommit);
        while (await _rows.Reader.WaitToReadAsync(_stop.Token).ConfigureAwait(false))
        {
            batch.Clear();
            await GatherAsync().ConfigureAwait(false);
            while (batch.Count < MostPerCommit && _rows.Reader.TryPeek(out var next) && (batch.Count == 0 || next.Written.Task.IsCompleted) && _rows.Reader.TryRead(out next))
            {
                await next.Written.Task.WaitAsync(_stop.Token).ConfigureAwait(false);
                batch.Add(next);
            }

            await RepeatAsync(() => CommitAsync(batch)).ConfigureAwait(false);
            Interlocked.Exchange(ref _nextCommit, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }

    // Nobody waits for rows, but each commit costs: a few objects share one. Where memory runs short they do not wait.
    private Task GatherAsync() => pool.IsAmple ? Task.Delay(Gathering, _stop.Token) : Task.CompletedTask;

    private async Task CommitAsync(List<JournalEntry> batch)
    {
        // The first flush makes the file system's own commit, which holds what the others need too.
        foreach (var entry in batch)
        {
            DurableFile.Flush(entry.File);
        }

        foreach (var folder in batch.Select(e => Path.GetDirectoryName(e.Path)!).Distinct())
        {
            DurableFile.FlushFolder(folder);
        }

        var rows = new List<PrearchiveObject>(batch.Count);
        foreach (var entry in batch)
        {
            rows.Add(entry.Row with { Sha256 = await entry.Written.Task.ConfigureAwait(false) });
        }

        var homeless = await JournalRows.RecordAsync(database, rows, batch[^1].Sequence, row => KeepAside(batch[rows.IndexOf(row)]), _stop.Token).ConfigureAwait(false);
        for (var i = 0; i < batch.Count; i++)
        {
            Finish(batch[i], homeless.Contains(rows[i]) ? null : rows[i].Sha256);
        }

        batch.Clear();
    }

    // Acknowledged, but neither can its row be written nor is it there: not lost, but somebody has to look.
    private void KeepAside(JournalEntry entry)
    {
        DurableFile.CreateFolder(unrecorded);
        var aside = Path.Combine(unrecorded, $"{Guid.NewGuid():N}.dcm");
        if (File.Exists(entry.Path))
        {
            File.Move(entry.Path, aside);
            DurableFile.FlushFolder(unrecorded);
        }

        ImportLog.Homeless(logger, entry.Sequence);
    }

    private void Finish(JournalEntry entry, string? hash)
    {
        entry.File.Dispose();
        entry.Ended(hash);
        entry.Segment?.Done();
        pool.Return(entry.Buffer);
        entry.Inside.Dispose();
    }

    // What was acknowledged is not given up: it is tried until it works or the server ends, and then again at the next start.
    private async Task RepeatAsync(Func<Task> act)
    {
        var pause = TimeSpan.FromMilliseconds(50);
        var failed = false;
        while (true)
        {
            try
            {
                await act().ConfigureAwait(false);
                if (failed)
                {
                    Interlocked.Decrement(ref _failing);
                }

                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or NpgsqlException or TimeoutException or System.Net.Sockets.SocketException)
            {
                if (!failed)
                {
                    failed = true;
                    Interlocked.Increment(ref _failing);
                    ImportLog.HeldUp(logger, e.GetType().Name);
                }

                await Task.Delay(pause, _stop.Token).ConfigureAwait(false);
                pause = pause * 2 > LongestPause ? LongestPause : pause * 2;
            }
        }
    }
}
