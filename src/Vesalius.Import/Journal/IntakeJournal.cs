using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Npgsql;
using Vesalius.Archive.Storage;
using Vesalius.Database;
using Vesalius.Prearchive;

namespace Vesalius.Import.Journal;

/// <summary>Bounds of the intake's journal.</summary>
public sealed record JournalLimits
{
    /// <summary>Files of the journal. Default 4.</summary>
    public int Segments { get; init; } = 4;

    /// <summary>Bytes of each. Default 32 MiB; larger objects than that go past the journal.</summary>
    public int SegmentLength { get; init; } = 32 * 1024 * 1024;

    /// <summary>Memory for objects that are flushed but not in their own file yet, in bytes. Default 96 MiB: less than the segments hold. When it is used up, objects wait.</summary>
    public long Memory { get; init; } = 96L * 1024 * 1024;

    /// <summary>How long an object waits for room in the journal before it goes past it. Default 2 s.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>After this time without an arrival the journal is wiped. Default 20 s.</summary>
    public TimeSpan WipeAfter { get; init; } = TimeSpan.FromSeconds(20);
}

/// <summary>Makes small objects durable with one write to a file that has its blocks already; files and rows follow, and are made good after a crash.</summary>
/// <remarks>Decision 0006. An object that does not fit here takes the direct way: file, flush, row.</remarks>
public sealed class IntakeJournal : IAsyncDisposable
{
    private const int MostPerWrite = 16;
    private static readonly Meter Meter = new("Vesalius.Import.Journal");
    private static readonly Counter<long> Appended = Meter.CreateCounter<long>("vesalius.import.journal.objects");
    private readonly string _folder;
    private readonly JournalLimits _limits;
    private readonly TimeProvider _time;
    private readonly ILogger<IntakeJournal> _logger;
    private readonly JournalReplay _replay;
    private readonly JournalApplier _applier;
    private readonly StagingPool _pool;
    private readonly Lock _lock = new();
    private readonly Queue<JournalEntry> _waiting = new();
    private readonly CancellationTokenSource _stop = new();
    private List<JournalSegment> _segments = [];
    private Task _wiping = Task.CompletedTask;
    private int _current;
    private long _sequence;
    private long _lastArrival;
    private bool _isWriting;
    private bool _isStarted;
    private volatile bool _isOpen;

    /// <summary>Names a journal; <see cref="StartAsync"/> opens it.</summary>
    /// <param name="folder">Its own folder.</param>
    /// <param name="unrecorded">Where a file goes whose session is gone after a crash.</param>
    /// <param name="store">Prearchive.</param>
    /// <param name="database">Database.</param>
    /// <param name="limits">Bounds.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    public IntakeJournal(
        string folder, string unrecorded, PrearchiveStore store, VesaliusDatabase database, JournalLimits limits, TimeProvider time, ILogger<IntakeJournal> logger)
    {
        ArgumentNullException.ThrowIfNull(limits);
        _folder = folder;
        _limits = limits;
        _time = time;
        _logger = logger;
        _pool = new StagingPool(limits.Memory);
        _replay = new JournalReplay(folder, unrecorded, store, database, logger);
        _applier = new JournalApplier(database, _pool, unrecorded, logger);
    }

    /// <summary>Carries out what a former run acknowledged and did not finish, then opens the journal. If disk or database do not allow that, everything
    /// goes past the journal until the next start, and what stands in it stays.</summary>
    /// <returns>Objects that were made good.</returns>
    public async Task<int> StartAsync(CancellationToken cancellationToken)
    {
        var applied = 0;
        try
        {
            DurableFile.CreateFolder(_folder);
            (applied, _sequence) = await _replay.RunAsync(cancellationToken).ConfigureAwait(false);
            if (applied > 0)
            {
                ImportLog.Replayed(_logger, applied);
            }

            _segments = [.. Enumerable.Range(0, _limits.Segments).Select(i => JournalSegment.Open(Path.Combine(_folder, $"{i}.journal"), _limits.SegmentLength))];
            DurableFile.FlushFolder(_folder);
            _isOpen = true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NpgsqlException or JsonException)
        {
            ImportLog.JournalFailed(_logger, e.GetType().Name);
        }

        _applier.Start();
        _isStarted = true;
        _wiping = WipeWhenIdleAsync();
        return applied;
    }

    /// <summary>Memory for the record of an object. Waits for room.</summary>
    /// <returns>Null if the object has to go past the journal.</returns>
    internal async ValueTask<StagingBuffer?> RentAsync(long fileLength, CancellationToken cancellationToken)
    {
        var length = JournalRecord.LengthOf(fileLength);
        if (length > _limits.SegmentLength)
        {
            return null;
        }

        var begun = _time.GetTimestamp();
        while (_isOpen && !_applier.IsHeldUp)
        {
            var progress = _applier.NextCommit;
            if (_pool.TryRent((int)length) is { } buffer)
            {
                return buffer;
            }

            var left = _limits.LongestWait - _time.GetElapsedTime(begun);
            if (left <= TimeSpan.Zero)
            {
                return null;
            }

            await Task.WhenAny(progress, Task.Delay(left, _time, cancellationToken)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }

        return null;
    }

    /// <summary>Gives memory back that no entry took.</summary>
    internal void Return(StagingBuffer buffer) => _pool.Return(buffer);

    /// <summary>Flushes an object. When true is returned it is safe, and the journal sees to the rest; when false, nothing has happened and the entry is the caller's again.</summary>
    internal Task<bool> AppendAsync(JournalEntry entry)
    {
        JournalRecord.Prepare(RecordOf(entry).Span, entry.FileLength, entry.EncodedRow);
        lock (_lock)
        {
            _waiting.Enqueue(entry);
            _lastArrival = _time.GetTimestamp();
            if (_isWriting)
            {
                return entry.Flushed.Task;
            }

            _isWriting = true;
        }

        // Who comes first writes for all that wait, on its own thread: no hand-over when only one sends.
        if (WriteOnce())
        {
            _ = Task.Run(() =>
            {
                while (WriteOnce())
                {
                }
            });
        }

        return entry.Flushed.Task;
    }

    private static Memory<byte> RecordOf(JournalEntry entry) => entry.Buffer.Memory[..(int)JournalRecord.LengthOf(entry.FileLength)];

    // Writes what waits; true if more has come meanwhile.
    private bool WriteOnce()
    {
        var batch = new List<JournalEntry>(MostPerWrite);
        long length = 0;
        lock (_lock)
        {
            while (batch.Count < MostPerWrite && _waiting.TryPeek(out var next) && (batch.Count == 0 || length + JournalRecord.LengthOf(next.FileLength) <= _limits.SegmentLength))
            {
                batch.Add(_waiting.Dequeue());
                length += JournalRecord.LengthOf(next.FileLength);
            }
        }

        Write(batch, length);
        lock (_lock)
        {
            _isWriting = _waiting.Count > 0;
            return _isWriting;
        }
    }

    private void Write(List<JournalEntry> batch, long length)
    {
        var segment = _isOpen ? SegmentFor(length) : null;
        if (segment is not null)
        {
            try
            {
                segment.Write(batch.ConvertAll(entry =>
                {
                    entry.Sequence = ++_sequence;
                    entry.Segment = segment;
                    JournalRecord.Seal(RecordOf(entry).Span, entry.Sequence);
                    return (ReadOnlyMemory<byte>)RecordOf(entry);
                }));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // No further write behind a torn record: reading stops at it.
                ImportLog.JournalFailed(_logger, e.GetType().Name);
                _isOpen = false;
                segment = null;
            }
        }

        foreach (var entry in batch)
        {
            if (segment is not null)
            {
                Appended.Add(1);
                _applier.Add(entry);
            }

            entry.Flushed.SetResult(segment is not null);
        }
    }

    private JournalSegment? SegmentFor(long length)
    {
        if (_segments[_current].Fits(length))
        {
            return _segments[_current];
        }

        var next = (_current + 1) % _segments.Count;
        if (!_segments[next].IsDone)
        {
            return null;
        }

        _current = next;
        _segments[next].Restart();
        return _segments[next];
    }

    private async Task WipeWhenIdleAsync()
    {
        var wiped = _lastArrival;
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(_limits.WipeAfter, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_lastArrival != wiped && _time.GetElapsedTime(_lastArrival) >= _limits.WipeAfter)
            {
                wiped = _lastArrival;
                TryWipe();
            }
        }
    }

    private void TryWipe()
    {
        lock (_lock)
        {
            if (_isWriting || !_segments.TrueForAll(s => s.IsDone))
            {
                return;
            }

            _isWriting = true;
        }

        try
        {
            _segments.ForEach(s => s.Wipe());
        }
        catch (IOException e)
        {
            ImportLog.JournalFailed(_logger, e.GetType().Name);
            _isOpen = false;
        }

        while (WriteOnce())
        {
        }
    }

    /// <summary>Finishes what is on its way, for at most half a minute; what is left then is made good at the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        _isOpen = false;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _wiping.ConfigureAwait(false);
        if (_isStarted && await _applier.FinishAsync(TimeSpan.FromSeconds(30)).ConfigureAwait(false))
        {
            TryWipe();
        }

        _segments.ForEach(s => s.Dispose());
        _stop.Dispose();
    }
}
