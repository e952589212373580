using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;

namespace Vesalius.Archive.Downloads;

/// <summary>A zip whose members are stored, not compressed: its length is known before the first byte, and the same members always give the same bytes,
/// so that a broken download can go on where it stopped (R30).</summary>
/// <remarks>Images hardly shrink, and storing keeps up with the disk. Members and archives above 4 GiB and more than 65,535 members use Zip64
/// (APPNOTE 4.3.14, 4.5.3). Only names and offsets are held in memory.</remarks>
public sealed class StoredZip
{
    private const int LocalHeader = 30;
    private const int CentralHeader = 46;
    private const int End = 22;
    private const int Zip64End = 56 + 20;
    private const int Zip64LocalExtra = 20;
    private const uint Max32 = uint.MaxValue;
    // Up to this size a member is read whole, so that its checksum can stand in front of it, where streaming readers want it.
    private const int ReadWhole = 4 << 20;
    private const int Piece = 1 << 18;
    private readonly IReadOnlyList<DownloadEntry> _entries;
    private readonly byte[][] _names;
    private readonly long[] _offsets;
    private readonly long _directory;

    /// <summary>Lays out an archive file.</summary>
    /// <param name="entries">Members in order.</param>
    public StoredZip(IReadOnlyList<DownloadEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        _entries = entries;
        _names = [.. entries.Select(e => Encoding.UTF8.GetBytes(e.Name))];
        _offsets = new long[entries.Count];
        long position = 0;
        for (var i = 0; i < entries.Count; i++)
        {
            _offsets[i] = position;
            position += LocalHeader + _names[i].Length + (IsHuge(i) ? Zip64LocalExtra : 0) + entries[i].Size + DescriptorLength(i);
        }

        _directory = position;
        for (var i = 0; i < entries.Count; i++)
        {
            position += CentralHeader + _names[i].Length + CentralExtraLength(i);
        }

        var needsZip64 = entries.Count >= ushort.MaxValue || position >= Max32;
        Length = position + (needsZip64 ? Zip64End : 0) + End;
        NeedsZip64 = needsZip64;
    }

    /// <summary>Bytes in all.</summary>
    public long Length { get; }

    /// <summary>True if the end of the archive file has its Zip64 form.</summary>
    public bool NeedsZip64 { get; }

    /// <summary>Names this very content: changes when a member's name, size, time or recorded checksum does.</summary>
    /// <param name="checksums">Checksum of each member, as recorded.</param>
    public string Tag(IEnumerable<string> checksums)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (entry, checksum) in _entries.Zip(checksums))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{entry.Name}\0{entry.Size}\0{entry.Modified.Ticks}\0{checksum}\n"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    private bool IsHuge(int i) => _entries[i].Size >= Max32;

    private bool IsWhole(int i) => _entries[i].Size <= ReadWhole;

    private int DescriptorLength(int i) => IsWhole(i) ? 0 : IsHuge(i) ? 24 : 16;

    private int CentralExtraLength(int i)
    {
        var values = (IsHuge(i) ? 16 : 0) + (_offsets[i] >= Max32 ? 8 : 0);
        return values == 0 ? 0 : values + 4;
    }

    /// <summary>Writes a part of the archive file.</summary>
    /// <param name="output">Target; it is not completed.</param>
    /// <param name="from">First byte wanted.</param>
    /// <param name="count">How many bytes.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ChangedWhileReadException">A file is not as recorded.</exception>
    public async Task WriteAsync(PipeWriter output, long from, long count, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        var window = new Window(output, from, count);
        var checksums = new uint[_entries.Count];
        for (var i = 0; i < _entries.Count && !window.IsDone; i++)
        {
            checksums[i] = IsWhole(i)
                ? await WriteWholeAsync(window, i, cancellationToken).ConfigureAwait(false)
                : await WriteStreamedAsync(window, i, cancellationToken).ConfigureAwait(false);
        }

        for (var i = 0; i < _entries.Count && !window.IsDone; i++)
        {
            await window.WriteAsync(Central(i, checksums[i]), cancellationToken).ConfigureAwait(false);
        }

        if (!window.IsDone)
        {
            await window.WriteAsync(EndRecords(), cancellationToken).ConfigureAwait(false);
        }

        await output.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    private static Microsoft.Win32.SafeHandles.SafeFileHandle Open(DownloadEntry entry)
    {
        try
        {
            var handle = File.OpenHandle(entry.Path!, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.SequentialScan);
            if (RandomAccess.GetLength(handle) == entry.Size)
            {
                return handle;
            }

            handle.Dispose();
        }
        catch (FileNotFoundException)
        {
        }
        catch (DirectoryNotFoundException)
        {
        }

        throw new ChangedWhileReadException();
    }

    private async Task<uint> WriteWholeAsync(Window window, int i, CancellationToken cancellationToken)
    {
        var entry = _entries[i];
        var headLength = LocalHeader + _names[i].Length;
        // Read straight into what the connection sends from, behind the place of its header.
        var length = headLength + (int)entry.Size;
        var place = window.Take(length);
        var checksum = Fill(entry, place.Span[headLength..]);
        Local(i, checksum).CopyTo(place);
        await window.GiveAsync(length, cancellationToken).ConfigureAwait(false);
        return checksum;
    }

    private static uint Fill(DownloadEntry entry, Span<byte> target)
    {
        if (entry.Path is null)
        {
            entry.Content.Span.CopyTo(target);
            return Crc32.HashToUInt32(target);
        }

        using var handle = Open(entry);
        var checksum = new Crc32();
        for (var position = 0; position < target.Length; position += Piece)
        {
            // Counted while the processor still holds what was read.
            var part = target.Slice(position, Math.Min(Piece, target.Length - position));
            Read(handle, part, position);
            checksum.Append(part);
        }

        return checksum.GetCurrentHashAsUInt32();
    }

    private async Task<uint> WriteStreamedAsync(Window window, int i, CancellationToken cancellationToken)
    {
        var entry = _entries[i];
        await window.WriteAsync(Local(i, null), cancellationToken).ConfigureAwait(false);
        var checksum = new Crc32();
        using (var handle = Open(entry))
        {
            for (long position = 0; position < entry.Size;)
            {
                var length = (int)Math.Min(Piece, entry.Size - position);
                var place = window.Take(length);
                Read(handle, place.Span, position);
                checksum.Append(place.Span);
                await window.GiveAsync(length, cancellationToken).ConfigureAwait(false);
                position += length;
            }
        }

        var value = checksum.GetCurrentHashAsUInt32();
        await window.WriteAsync(Descriptor(i, value), cancellationToken).ConfigureAwait(false);
        return value;
    }

    private static void Read(Microsoft.Win32.SafeHandles.SafeFileHandle handle, Span<byte> target, long position)
    {
        while (!target.IsEmpty)
        {
            var read = RandomAccess.Read(handle, target, position);
            if (read == 0)
            {
                throw new ChangedWhileReadException();
            }

            position += read;
            target = target[read..];
        }
    }

    // Bit 11: names are UTF-8; bit 3: checksum and sizes follow the content.
    private int Flags(int i) => 0x0800 | (IsWhole(i) ? 0 : 0x0008);

    private static uint DosTime(DateTime at)
    {
        var year = Math.Clamp(at.Year, 1980, 2107);
        return (uint)(((year - 1980) << 25) | (at.Month << 21) | (at.Day << 16) | (at.Hour << 11) | (at.Minute << 5) | (at.Second / 2));
    }

    private byte[] Local(int i, uint? checksum)
    {
        var name = _names[i];
        var bytes = new byte[LocalHeader + name.Length + (IsHuge(i) ? Zip64LocalExtra : 0)];
        var writer = new Writer(bytes);
        writer.Four(0x04034b50).Two(IsHuge(i) ? 45 : 20).Two(Flags(i)).Two(0).Four(DosTime(_entries[i].Modified)).Four(checksum ?? 0);
        var size = IsHuge(i) ? Max32 : checksum is null ? 0 : (uint)_entries[i].Size;
        writer.Four(size).Four(size).Two(name.Length).Two(IsHuge(i) ? Zip64LocalExtra : 0).Bytes(name);
        if (IsHuge(i))
        {
            writer.Two(1).Two(16).Eight(0).Eight(0);
        }

        return bytes;
    }

    private byte[] Descriptor(int i, uint checksum)
    {
        var bytes = new byte[DescriptorLength(i)];
        var writer = new Writer(bytes);
        writer.Four(0x08074b50).Four(checksum);
        if (IsHuge(i))
        {
            writer.Eight(_entries[i].Size).Eight(_entries[i].Size);
        }
        else
        {
            writer.Four((uint)_entries[i].Size).Four((uint)_entries[i].Size);
        }

        return bytes;
    }

    private byte[] Central(int i, uint checksum)
    {
        var name = _names[i];
        var extra = CentralExtraLength(i);
        var bytes = new byte[CentralHeader + name.Length + extra];
        var writer = new Writer(bytes);
        var size = IsHuge(i) ? Max32 : (uint)_entries[i].Size;
        // Made on Unix; ordinary file that everybody may read.
        writer.Four(0x02014b50).Two((3 << 8) | 45).Two(extra > 0 ? 45 : 20).Two(Flags(i)).Two(0).Four(DosTime(_entries[i].Modified)).Four(checksum)
            .Four(size).Four(size).Two(name.Length).Two(extra).Two(0).Two(0).Two(0).Four(0x81A4_0000u)
            .Four(_offsets[i] >= Max32 ? Max32 : (uint)_offsets[i]).Bytes(name);
        if (extra > 0)
        {
            writer.Two(1).Two(extra - 4);
            if (IsHuge(i))
            {
                writer.Eight(_entries[i].Size).Eight(_entries[i].Size);
            }

            if (_offsets[i] >= Max32)
            {
                writer.Eight(_offsets[i]);
            }
        }

        return bytes;
    }

    private byte[] EndRecords()
    {
        var bytes = new byte[(NeedsZip64 ? Zip64End : 0) + End];
        var writer = new Writer(bytes);
        var directoryEnd = Length - bytes.Length;
        var size = directoryEnd - _directory;
        if (NeedsZip64)
        {
            writer.Four(0x06064b50).Eight(44).Two((3 << 8) | 45).Two(45).Four(0).Four(0).Eight(_entries.Count).Eight(_entries.Count).Eight(size).Eight(_directory)
                .Four(0x07064b50).Four(0).Eight(directoryEnd).Four(1);
        }

        var count = NeedsZip64 ? ushort.MaxValue : _entries.Count;
        writer.Four(0x06054b50).Two(0).Two(0).Two(count).Two(count).Four(NeedsZip64 ? Max32 : (uint)size).Four(NeedsZip64 ? Max32 : (uint)_directory).Two(0);
        return bytes;
    }

    private sealed class Writer(byte[] target)
    {
        private int _position;

        public Writer Two(int value)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(target.AsSpan(_position), (ushort)value);
            _position += 2;
            return this;
        }

        public Writer Four(uint value)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(target.AsSpan(_position), value);
            _position += 4;
            return this;
        }

        public Writer Eight(long value)
        {
            BinaryPrimitives.WriteInt64LittleEndian(target.AsSpan(_position), value);
            _position += 8;
            return this;
        }

        public Writer Bytes(byte[] bytes)
        {
            bytes.CopyTo(target.AsSpan(_position));
            _position += bytes.Length;
            return this;
        }
    }

    /// <summary>Lets a range of what is written through.</summary>
    private sealed class Window(PipeWriter output, long from, long count)
    {
        private readonly long _end = checked(from + count);
        private byte[]? _apart;
        private long _position;

        public bool IsDone => _position >= _end;

        /// <summary>Place for the next bytes; where all of them are wanted it lies in the output already. <see cref="GiveAsync"/> passes on what was put there.</summary>
        public Memory<byte> Take(int length)
        {
            var isWanted = _position >= from && _position + length <= _end;
            _apart = isWanted ? null : ArrayPool<byte>.Shared.Rent(length);
            return _apart?.AsMemory(0, length) ?? output.GetMemory(length)[..length];
        }

        /// <summary>Passes on the bytes that were put into the place taken last.</summary>
        public async ValueTask GiveAsync(int length, CancellationToken cancellationToken)
        {
            if (_apart is { } apart)
            {
                Write(apart.AsSpan(0, length));
                ArrayPool<byte>.Shared.Return(apart);
                _apart = null;
            }
            else
            {
                output.Advance(length);
                _position += length;
            }

            await output.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        {
            Write(bytes.Span);
            if (output.UnflushedBytes > Piece)
            {
                await output.FlushAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        private void Write(ReadOnlySpan<byte> bytes)
        {
            var start = Math.Max(from - _position, 0);
            var end = Math.Min(_end - _position, bytes.Length);
            _position += bytes.Length;
            if (start < end)
            {
                output.Write(bytes[(int)start..(int)end]);
            }
        }
    }
}
