using System.Buffers.Binary;
using System.Text;

namespace Vesalius.Dicom.Network;

/// <summary>A DIMSE command: elements of group 0000, always implicit little endian (PS3.7 §6.3).</summary>
public sealed class CommandSet
{
    private readonly SortedDictionary<ushort, byte[]> _elements = [];

    /// <summary>Command Field (0000,0100).</summary>
    public ushort CommandField => GetUInt16(0x0100) ?? 0;

    /// <summary>Message ID (0000,0110), or Message ID Being Responded To (0000,0120).</summary>
    public ushort MessageId => GetUInt16(0x0110) ?? GetUInt16(0x0120) ?? 0;

    /// <summary>True if a data set follows: (0000,0800) is anything but 0101H.</summary>
    public bool HasDataSet => GetUInt16(0x0800) is { } type && type != 0x0101;

    /// <summary>Status (0000,0900) of a response.</summary>
    public ushort? Status => GetUInt16(0x0900);

    /// <summary>A 16-bit value; null if missing or too short.</summary>
    public ushort? GetUInt16(ushort element) =>
        _elements.TryGetValue(element, out var bytes) && bytes.Length >= 2 ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : null;

    /// <summary>A text value without padding; null if missing.</summary>
    public string? GetText(ushort element) =>
        _elements.TryGetValue(element, out var bytes) ? Encoding.Latin1.GetString(bytes).Trim(' ', '\0') : null;

    /// <summary>The values of an attribute tag list, such as Offending Element (0000,0901); empty if missing.</summary>
    public IReadOnlyList<Tag> GetTags(ushort element)
    {
        if (!_elements.TryGetValue(element, out var bytes))
        {
            return [];
        }

        var tags = new Tag[bytes.Length / 4];
        for (var i = 0; i < tags.Length; i++)
        {
            tags[i] = new Tag(
                BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(i * 4)), BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan((i * 4) + 2)));
        }

        return tags;
    }

    /// <summary>Sets a 16-bit value.</summary>
    public CommandSet With(ushort element, ushort value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        _elements[element] = bytes;
        return this;
    }

    /// <summary>Sets a text value, padded to even length with a NUL (UI) or a blank.</summary>
    public CommandSet With(ushort element, string value, byte padding = 0)
    {
        ArgumentNullException.ThrowIfNull(value);
        var bytes = new byte[value.Length + (value.Length & 1)];
        Encoding.Latin1.GetBytes(value, bytes);
        if ((value.Length & 1) != 0)
        {
            bytes[^1] = padding;
        }

        _elements[element] = bytes;
        return this;
    }

    /// <summary>Decodes a command.</summary>
    /// <exception cref="PduException">The bytes are no command set.</exception>
    public static CommandSet Decode(ReadOnlySpan<byte> bytes)
    {
        var command = new CommandSet();
        while (!bytes.IsEmpty)
        {
            if (bytes.Length < 8)
            {
                throw new PduException(PduFault.InvalidCommand, "PS3.7 §6.3");
            }

            var group = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
            var element = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            if (group != 0 || length > bytes.Length - 8)
            {
                throw new PduException(PduFault.InvalidCommand, "PS3.7 §6.3");
            }

            if (element != 0)
            {
                command._elements[element] = bytes.Slice(8, (int)length).ToArray();
            }

            bytes = bytes[(8 + (int)length)..];
        }

        return command;
    }

    /// <summary>Encodes the command with its group length.</summary>
    public byte[] Encode()
    {
        var length = _elements.Sum(e => 8 + e.Value.Length);
        var bytes = new byte[12 + length];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), 4);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), (uint)length);
        var position = 12;
        foreach (var (element, value) in _elements)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(position + 2), element);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(position + 4), (uint)value.Length);
            value.CopyTo(bytes, position + 8);
            position += 8 + value.Length;
        }

        return bytes;
    }
}
