using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text.Json;
using System.Text.Json.Serialization;
using Vesalius.Archive.Storage;
using Vesalius.Prearchive;

namespace Vesalius.Import.Journal;

/// <summary>What the journal says of an object beside its bytes.</summary>
/// <param name="Object">Its row, without the hash.</param>
/// <param name="SessionFolder">Folder of its session: tells whether the session with this key is still the same one.</param>
internal sealed record JournalRow(PrearchiveObject Object, string SessionFolder);

/// <summary>Makes the JSON of rows without reflection.</summary>
[JsonSerializable(typeof(JournalRow))]
internal sealed partial class JournalRowContext : JsonSerializerContext;

/// <summary>A record of the journal: one block of header, then the object's file padded to whole blocks.</summary>
/// <remarks>Header, little endian: magic (8 bytes), sequence number (8), length of the file (8), length of the row (4), 4 unused, XXH128 of the file (16),
/// XXH128 of the rest of the header (16), the row as UTF-8 JSON. The hashes find records that were not written whole; they guard against nobody.</remarks>
internal static class JournalRecord
{
    /// <summary>Longest row, in bytes.</summary>
    public const int LongestRow = DirectFile.Block - Fixed;

    private const int FileHashAt = 32;
    private const int HeaderHashAt = 48;
    private const int Fixed = 64;
    private static ReadOnlySpan<byte> Magic => "VSLSJRN1"u8;

    /// <summary>Bytes of the record of a file.</summary>
    public static long LengthOf(long file) => DirectFile.Block + DirectFile.Aligned(file);

    /// <summary>Where the file begins in a record.</summary>
    public static int FileStart => DirectFile.Block;

    /// <summary>Encodes a row; null if the journal or the database has no room for it or cannot hold its text.</summary>
    public static byte[]? EncodeRow(JournalRow row)
    {
        var item = row.Object;
        // What the database would refuse must not be acknowledged first.
        if (!IsText(item.SopInstanceUid) || !IsText(item.SopClassUid) || !IsText(item.SeriesInstanceUid) || !IsText(item.ScanId) || !IsText(item.Resource) || !IsText(item.FileName))
        {
            return null;
        }

        var encoded = JsonSerializer.SerializeToUtf8Bytes(row, JournalRowContext.Default.JournalRow);
        return encoded.Length <= LongestRow ? encoded : null;
    }

    private static bool IsText(string value)
    {
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '\0' || (char.IsSurrogate(value[i]) && !(i + 1 < value.Length && char.IsSurrogatePair(value[i], value[++i]))))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Writes what can be written of a record before its number is known. The file's bytes stand in place already.</summary>
    public static void Prepare(Span<byte> record, int fileLength, ReadOnlySpan<byte> row)
    {
        record[(FileStart + fileLength)..].Clear();
        var header = record[..FileStart];
        header.Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], fileLength);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], row.Length);
        row.CopyTo(header[Fixed..]);
        XxHash128.Hash(record.Slice(FileStart, fileLength), header[FileHashAt..]);
    }

    /// <summary>Gives a record its number.</summary>
    public static void Seal(Span<byte> record, long sequence)
    {
        BinaryPrimitives.WriteInt64LittleEndian(record[8..], sequence);
        HashHeader(record[..FileStart], record[HeaderHashAt..]);
    }

    /// <summary>Reads number and length of the record whose header this is.</summary>
    /// <returns>Null if it is none, or was not written whole.</returns>
    public static (long Sequence, int FileLength)? ReadHeader(ReadOnlySpan<byte> header)
    {
        Span<byte> hash = stackalloc byte[16];
        HashHeader(header, hash);
        if (!header.StartsWith(Magic) || !hash.SequenceEqual(header[HeaderHashAt..Fixed]))
        {
            return null;
        }

        var sequence = BinaryPrimitives.ReadInt64LittleEndian(header[8..]);
        var file = BinaryPrimitives.ReadInt64LittleEndian(header[16..]);
        var row = BinaryPrimitives.ReadInt32LittleEndian(header[24..]);
        return sequence > 0 && file is >= 0 and <= int.MaxValue / 2 && row is > 0 and <= LongestRow ? (sequence, (int)file) : null;
    }

    /// <summary>True if the file is as it was when its header was made.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> header, ReadOnlySpan<byte> file)
    {
        Span<byte> hash = stackalloc byte[16];
        XxHash128.Hash(file, hash);
        return hash.SequenceEqual(header[FileHashAt..HeaderHashAt]);
    }

    /// <summary>The row of a record.</summary>
    /// <exception cref="JsonException">It is none: of another version.</exception>
    public static JournalRow ReadRow(ReadOnlySpan<byte> header) =>
        JsonSerializer.Deserialize(header.Slice(Fixed, BinaryPrimitives.ReadInt32LittleEndian(header[24..])), JournalRowContext.Default.JournalRow)
        ?? throw new JsonException("A record without a row.");

    private static void HashHeader(ReadOnlySpan<byte> header, Span<byte> result)
    {
        var hash = new XxHash128();
        hash.Append(header[..HeaderHashAt]);
        hash.Append(header[Fixed..FileStart]);
        hash.GetHashAndReset(result[..16]);
    }
}
