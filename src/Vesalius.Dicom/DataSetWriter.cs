using System.Buffers;
using System.Buffers.Binary;

namespace Vesalius.Dicom;

/// <summary>One run of an encoded data set: bytes in memory, or bytes that lie elsewhere.</summary>
/// <param name="Memory">The bytes, if in memory.</param>
/// <param name="Bulk">Where they lie, if elsewhere; otherwise null.</param>
public readonly record struct EncodedSegment(ReadOnlyMemory<byte> Memory, IBulkData? Bulk)
{
    /// <summary>Length in bytes.</summary>
    public long Length => Bulk?.Length ?? Memory.Length;
}

/// <summary>An encoded data set as runs of bytes in order; large values are referred to, not copied.</summary>
public sealed class EncodedDataSet
{
    internal EncodedDataSet(IReadOnlyList<EncodedSegment> segments)
    {
        Segments = segments;
        foreach (var segment in segments)
        {
            Length += segment.Length;
        }
    }

    /// <summary>A data set, or a file of one, that is encoded already.</summary>
    public static EncodedDataSet Of(ReadOnlyMemory<byte> bytes) => new([new EncodedSegment(bytes, null)]);

    /// <summary>Puts runs behind each other.</summary>
    internal static EncodedDataSet Join(ReadOnlyMemory<byte> before, EncodedDataSet? middle, ReadOnlyMemory<byte> after)
    {
        var segments = new List<EncodedSegment> { new(before, null) };
        if (middle is not null)
        {
            segments.AddRange(middle.Segments);
        }

        if (!after.IsEmpty)
        {
            segments.Add(new EncodedSegment(after, null));
        }

        return new EncodedDataSet(segments);
    }

    /// <summary>The runs in order.</summary>
    public IReadOnlyList<EncodedSegment> Segments { get; }

    /// <summary>Length in bytes of all runs.</summary>
    public long Length { get; }

    /// <summary>Writes all runs to a stream.</summary>
    public async ValueTask CopyToAsync(Stream stream, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stream);
        foreach (var segment in Segments)
        {
            if (segment.Bulk is null)
            {
                await stream.WriteAsync(segment.Memory, cancellationToken).ConfigureAwait(false);
                continue;
            }

            var source = segment.Bulk.OpenRead();
            await using (source.ConfigureAwait(false))
            {
                await source.CopyToAsync(stream, 1 << 20, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>All runs in one array.</summary>
    /// <exception cref="OverflowException">More than 2 GiB.</exception>
    public byte[] ToArray()
    {
        var result = new byte[checked((int)Length)];
        using var stream = new MemoryStream(result);
        foreach (var segment in Segments)
        {
            if (segment.Bulk is null)
            {
                stream.Write(segment.Memory.Span);
                continue;
            }

            using var source = segment.Bulk.OpenRead();
            source.CopyTo(stream);
        }

        return result;
    }
}

/// <summary>Encodes data sets (PS3.5 §7). Elements that were read in the same encoding and not edited keep their bytes.</summary>
public static class DataSetWriter
{
    private const uint Undefined = 0xFFFF_FFFF;
    private const int LargeLength = 32 * 1024;

    /// <summary>Encodes a data set.</summary>
    /// <param name="dataSet">What to encode.</param>
    /// <param name="encoding">Byte layout; normally the one that the data set was read in.</param>
    /// <remarks>Group length elements (gggg,0000) are dropped from a data set that was edited, since they would be wrong (PS3.5 §7.2).</remarks>
    public static EncodedDataSet Encode(DataSet dataSet, DicomEncoding encoding)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        var output = new Output();
        WriteElements(output, dataSet, encoding);
        return output.Finish();
    }

    private static void WriteElements(Output output, DataSet dataSet, DicomEncoding encoding)
    {
        var dropGroupLengths = dataSet.IsModified;
        foreach (var element in dataSet)
        {
            if (dropGroupLengths && element.Tag.IsGroupLength && element.Tag.Group is not (0x0000 or 0x0002))
            {
                continue;
            }

            WriteElement(output, element, encoding);
        }
    }

    private static void WriteElement(Output output, DataElement element, DicomEncoding encoding)
    {
        if (element is StreamedElement streamed)
        {
            WriteStreamed(output, streamed, encoding);
            return;
        }

        if (element.RawEncoding == encoding && !element.IsModified)
        {
            output.Write(element.Raw);
            return;
        }

        switch (element)
        {
            case ValueElement value:
                WriteValue(output, value, encoding);
                break;
            case EncapsulatedElement encapsulated:
                WriteHeader(output, element.Tag, element.Vr, Undefined, encoding);
                output.Write(encapsulated.EncodedItems);
                break;
            case SequenceElement sequence:
                WriteSequence(output, sequence, encoding);
                break;
        }
    }

    private static void WriteStreamed(Output output, StreamedElement element, DicomEncoding encoding)
    {
        if (!element.Raw.IsEmpty && element.RawEncoding == encoding)
        {
            output.Write(element.Raw);
        }
        else if (element.IsBigEndian != encoding.BigEndian && element.Vr.UnitLength > 1)
        {
            throw new NotSupportedException("A streamed value is written only in the byte order that it was read in.");
        }
        else
        {
            WriteHeader(output, element.Tag, element.Vr, element.IsEncapsulated ? Undefined : checked((uint)element.Data.Length), encoding);
        }

        output.Write(element.Data);
    }

    private static void WriteValue(Output output, ValueElement element, DicomEncoding encoding)
    {
        var bytes = element.Bytes;
        var padded = bytes.Length + (bytes.Length & 1);
        var vr = element.Vr;
        if (encoding.ExplicitVr && !vr.HasLongHeader && padded > 0xFFFE)
        {
            // PS3.5 §6.2.2: what does not fit a 16-bit length field is written as UN, little endian.
            vr = Vr.UN;
        }

        WriteHeader(output, element.Tag, vr, (uint)padded, encoding);
        if (element.IsBigEndian != encoding.BigEndian && element.Vr.UnitLength > 1)
        {
            bytes = Swap(bytes.Span, element.Vr.UnitLength);
        }

        output.Write(bytes);
        if (padded != bytes.Length)
        {
            output.Write([element.Vr.Padding]);
        }
    }

    internal static byte[] Swap(ReadOnlySpan<byte> bytes, int unit)
    {
        var swapped = bytes.ToArray();
        for (var i = 0; i + unit <= swapped.Length; i += unit)
        {
            swapped.AsSpan(i, unit).Reverse();
        }

        return swapped;
    }

    private static void WriteSequence(Output output, SequenceElement sequence, DicomEncoding encoding)
    {
        var itemEncoding = sequence.Vr == Vr.UN ? DicomEncoding.ImplicitLittleEndian : encoding;
        if (sequence.HasUndefinedLength || sequence.Vr == Vr.UN)
        {
            WriteHeader(output, sequence.Tag, sequence.Vr, Undefined, encoding);
            WriteItems(output, sequence, itemEncoding);
            WriteTagAndLength(output, Tag.SequenceEnd, 0, itemEncoding);
            return;
        }

        var content = new Output();
        WriteItems(content, sequence, itemEncoding);
        var encoded = content.Finish();
        WriteHeader(output, sequence.Tag, sequence.Vr, checked((uint)encoded.Length), encoding);
        output.Write(encoded);
    }

    private static void WriteItems(Output output, SequenceElement sequence, DicomEncoding encoding)
    {
        foreach (var item in sequence.Items)
        {
            if (!item.RawItem.IsEmpty && item.Encoding == encoding && !item.IsModified)
            {
                output.Write(item.RawItem);
                continue;
            }

            if (item.HasUndefinedLength)
            {
                WriteTagAndLength(output, Tag.ItemStart, Undefined, encoding);
                WriteElements(output, item, encoding);
                WriteTagAndLength(output, Tag.ItemEnd, 0, encoding);
                continue;
            }

            var content = new Output();
            WriteElements(content, item, encoding);
            var encoded = content.Finish();
            WriteTagAndLength(output, Tag.ItemStart, checked((uint)encoded.Length), encoding);
            output.Write(encoded);
        }
    }

    private static void WriteTagAndLength(Output output, Tag tag, uint length, DicomEncoding encoding)
    {
        Span<byte> header = stackalloc byte[8];
        PutTag(header, tag, encoding);
        PutUInt32(header[4..], length, encoding);
        output.Write(header);
    }

    private static void WriteHeader(Output output, Tag tag, Vr vr, uint length, DicomEncoding encoding)
    {
        if (!encoding.ExplicitVr)
        {
            WriteTagAndLength(output, tag, length, encoding);
            return;
        }

        Span<byte> header = stackalloc byte[12];
        header.Clear();
        PutTag(header, tag, encoding);
        header[4] = (byte)vr.Code[0];
        header[5] = (byte)vr.Code[1];
        if (vr.HasLongHeader)
        {
            PutUInt32(header[8..], length, encoding);
            output.Write(header);
            return;
        }

        if (encoding.BigEndian)
        {
            BinaryPrimitives.WriteUInt16BigEndian(header[6..], checked((ushort)length));
        }
        else
        {
            BinaryPrimitives.WriteUInt16LittleEndian(header[6..], checked((ushort)length));
        }

        output.Write(header[..8]);
    }

    private static void PutTag(Span<byte> target, Tag tag, DicomEncoding encoding)
    {
        if (encoding.BigEndian)
        {
            BinaryPrimitives.WriteUInt16BigEndian(target, tag.Group);
            BinaryPrimitives.WriteUInt16BigEndian(target[2..], tag.Element);
        }
        else
        {
            BinaryPrimitives.WriteUInt16LittleEndian(target, tag.Group);
            BinaryPrimitives.WriteUInt16LittleEndian(target[2..], tag.Element);
        }
    }

    private static void PutUInt32(Span<byte> target, uint value, DicomEncoding encoding)
    {
        if (encoding.BigEndian)
        {
            BinaryPrimitives.WriteUInt32BigEndian(target, value);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(target, value);
        }
    }

    private sealed class Output
    {
        private readonly List<EncodedSegment> _segments = [];
        private ArrayBufferWriter<byte> _small = new(1024);

        public void Write(ReadOnlySpan<byte> bytes) => _small.Write(bytes);

        public void Write(ReadOnlyMemory<byte> bytes)
        {
            if (bytes.Length < LargeLength)
            {
                _small.Write(bytes.Span);
                return;
            }

            Flush();
            _segments.Add(new EncodedSegment(bytes, null));
        }

        public void Write(IBulkData bulk)
        {
            Flush();
            _segments.Add(new EncodedSegment(default, bulk));
        }

        public void Write(EncodedDataSet encoded)
        {
            foreach (var segment in encoded.Segments)
            {
                if (segment.Bulk is null)
                {
                    Write(segment.Memory);
                }
                else
                {
                    Write(segment.Bulk);
                }
            }
        }

        public EncodedDataSet Finish()
        {
            Flush();
            return new EncodedDataSet(_segments);
        }

        private void Flush()
        {
            if (_small.WrittenCount > 0)
            {
                _segments.Add(new EncodedSegment(_small.WrittenMemory, null));
                _small = new ArrayBufferWriter<byte>(1024);
            }
        }
    }
}
