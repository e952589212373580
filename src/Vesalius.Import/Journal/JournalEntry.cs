using Microsoft.Win32.SafeHandles;
using Vesalius.Prearchive;

namespace Vesalius.Import.Journal;

/// <summary>An object on its way through the journal: flushed there, then written to its own file and recorded.</summary>
internal sealed class JournalEntry
{
    /// <summary>The row without its hash.</summary>
    public required PrearchiveObject Row { get; init; }

    /// <summary>The row as the journal holds it.</summary>
    public required byte[] EncodedRow { get; init; }

    /// <summary>Record of the journal: room for the header, then the file.</summary>
    public required StagingBuffer Buffer { get; init; }

    /// <summary>Bytes of the file.</summary>
    public required int FileLength { get; init; }

    /// <summary>Where the file lies at the end.</summary>
    public required string Path { get; init; }

    /// <summary>The file, empty, with its room taken.</summary>
    public required SafeFileHandle File { get; init; }

    /// <summary>Told when the row is committed: the hash of the file. Null if it could not be.</summary>
    public required Action<string?> Ended { get; init; }

    /// <summary>Keeps the session from being read or changed until the row is committed.</summary>
    public required IDisposable Inside { get; init; }

    /// <summary>Number in the journal.</summary>
    public long Sequence { get; set; }

    /// <summary>Where its record stands.</summary>
    public JournalSegment? Segment { get; set; }

    /// <summary>True when it is flushed in the journal, false if the journal cannot take it.</summary>
    public TaskCompletionSource<bool> Flushed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The hash, when the file is written.</summary>
    public TaskCompletionSource<string> Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Bytes of the file.</summary>
    public ReadOnlyMemory<byte> FileBytes => Buffer.Memory.Slice(JournalRecord.FileStart, FileLength);
}
