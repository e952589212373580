using System.Buffers;
using System.Text.Json;
using Vesalius.Dicom;

namespace Vesalius.Archive.DicomQueries;

/// <summary>What DICOMweb says about one instance without opening its file.</summary>
/// <param name="Uid">SOP Instance UID.</param>
/// <param name="SeriesUid">Series Instance UID.</param>
/// <param name="SopClassUid">SOP Class UID.</param>
/// <param name="Number">Instance Number.</param>
/// <param name="Rows">Rows; null where there is no image.</param>
/// <param name="Columns">Columns.</param>
/// <param name="BitsAllocated">Bits Allocated.</param>
/// <param name="Frames">Number of Frames as the header says it.</param>
/// <param name="Json">Its header in the DICOM JSON model (PS3.18 §F.2), UTF-8; <see cref="InstanceDigest.BaseMark"/> stands where an address begins.</param>
public sealed record InstanceDigest(string Uid, string SeriesUid, string SopClassUid, int? Number, int? Rows, int? Columns, int? BitsAllocated, int? Frames, ReadOnlyMemory<byte> Json)
{
    /// <summary>Stands in <see cref="Json"/> for the address of the study's root, up to and with <c>/studies/</c>. No JSON text holds such a character.</summary>
    public const byte BaseMark = 0x01;

    /// <summary>Values longer than this many bytes are addresses in the metadata; see <c>bulkDataThreshold</c>.</summary>
    public const int DefaultThreshold = 1024;

    /// <summary>Reads a file's header.</summary>
    /// <param name="file">The file.</param>
    /// <param name="studyUid">Study by which it is found.</param>
    /// <param name="threshold">Longer values become addresses, in bytes.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Null where the file cannot be read as DICOM.</returns>
    public static async Task<InstanceDigest?> ReadAsync(DicomFile file, string studyUid, int threshold, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(file);
        Part10File part;
        try
        {
            part = await Part10File.OpenAsync(file.FullPath, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is MalformedDicomException or IOException)
        {
            return null;
        }

        var data = part.DataSet;
        int? Number(Tag tag) => data.GetInteger(tag) is { } value and >= int.MinValue and <= int.MaxValue ? (int)value : null;
        return new InstanceDigest(
            file.Uid, file.Place.SeriesUid, data.GetString(Tag.SOPClassUID) ?? "", Number(Tag.InstanceNumber), Number(Tag.Rows), Number(Tag.Columns), Number(Tag.BitsAllocated), Number(Tag.NumberOfFrames),
            Describe(part, $"{Uri.EscapeDataString(studyUid)}/series/{Uri.EscapeDataString(file.Place.SeriesUid)}/instances/{Uri.EscapeDataString(file.Uid)}/bulkdata/", threshold));
    }

    private static byte[] Describe(Part10File part, string address, int threshold)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            var syntaxWritten = false;
            foreach (var element in part.DataSet)
            {
                if (!syntaxWritten && element.Tag.CompareTo(Tag.AvailableTransferSyntaxUID) >= 0)
                {
                    WriteSyntax(writer, part.TransferSyntax.Uid);
                    syntaxWritten = true;
                }

                if (element.Tag != Tag.AvailableTransferSyntaxUID)
                {
                    WriteElement(writer, element, part.DataSet, address, threshold);
                }
            }

            if (!syntaxWritten)
            {
                WriteSyntax(writer, part.TransferSyntax.Uid);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    // Which syntax frames come in (PS3.18 Table 10.6.1-5 has it as an attribute of instances).
    private static void WriteSyntax(Utf8JsonWriter writer, string uid)
    {
        writer.WriteStartObject(Tag.AvailableTransferSyntaxUID.ToHexString());
        writer.WriteString("vr", "UI");
        writer.WriteStartArray("Value");
        writer.WriteStringValue(uid);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteElement(Utf8JsonWriter writer, DataElement element, DataSet dataSet, string address, int threshold)
    {
        var isLong = element switch
        {
            StreamedElement or EncapsulatedElement => true,
            ValueElement value => IsPixelData(element.Tag) || value.Bytes.Length > threshold,
            _ => false,
        };
        if (element is SequenceElement { Items.Count: > 0 } sequence)
        {
            writer.WriteStartObject(element.Tag.ToHexString());
            writer.WriteString("vr", "SQ");
            writer.WriteStartArray("Value");
            for (var i = 0; i < sequence.Items.Count; i++)
            {
                writer.WriteStartObject();
                foreach (var inner in sequence.Items[i])
                {
                    WriteElement(writer, inner, sequence.Items[i], $"{address}{element.Tag.ToHexString()}/{i + 1}/", threshold);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        else if (isLong)
        {
            writer.WriteStartObject(element.Tag.ToHexString());
            writer.WriteString("vr", element.Vr.Code);
            WriteAddress(writer, address + element.Tag.ToHexString());
            writer.WriteEndObject();
        }
        else
        {
            DicomJsonWriter.WriteElement(writer, element, dataSet);
        }
    }

    /// <summary>True for the three kinds of pixel data.</summary>
    public static bool IsPixelData(Tag tag) => tag == Tag.PixelData || tag == Tag.FloatPixelData || tag == Tag.DoubleFloatPixelData;

    // Written raw: the mark is no character that JSON text can hold.
    private static void WriteAddress(Utf8JsonWriter writer, string address)
    {
        var encoded = JsonEncodedText.Encode(address).EncodedUtf8Bytes;
        Span<byte> raw = new byte[encoded.Length + 3];
        raw[0] = (byte)'"';
        raw[1] = BaseMark;
        encoded.CopyTo(raw[2..]);
        raw[^1] = (byte)'"';
        writer.WritePropertyName("BulkDataURI");
        writer.WriteRawValue(raw, skipInputValidation: true);
    }

    internal void Write(BinaryWriter writer)
    {
        writer.Write(Uid);
        writer.Write(SeriesUid);
        writer.Write(SopClassUid);
        foreach (var number in (ReadOnlySpan<int?>)[Number, Rows, Columns, BitsAllocated, Frames])
        {
            writer.Write(number.HasValue);
            writer.Write(number ?? 0);
        }

        writer.Write(Json.Length);
        writer.Write(Json.Span);
    }

    internal static InstanceDigest Read(BinaryReader reader)
    {
        int? Number()
        {
            var has = reader.ReadBoolean();
            var value = reader.ReadInt32();
            return has ? value : null;
        }

        var (uid, series, type) = (reader.ReadString(), reader.ReadString(), reader.ReadString());
        var numbers = (Number(), Number(), Number(), Number(), Number());
        var json = reader.ReadBytes(reader.ReadInt32());
        return new InstanceDigest(uid, series, type, numbers.Item1, numbers.Item2, numbers.Item3, numbers.Item4, numbers.Item5, json);
    }
}
