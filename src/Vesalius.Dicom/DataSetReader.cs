using System.Buffers.Binary;

namespace Vesalius.Dicom;

/// <summary>How far a header could be read.</summary>
public enum HeaderReadStatus
{
    /// <summary>The data set ended without top-level pixel data.</summary>
    Complete,
    /// <summary>The next element is pixel data.</summary>
    PixelDataReached,
    /// <summary>The bytes end inside an element and more are to come.</summary>
    NeedMoreBytes,
}

/// <summary>The header of a pixel data element that a reader stopped before.</summary>
/// <param name="Tag">Its tag.</param>
/// <param name="Vr">Its value representation.</param>
/// <param name="HeaderLength">Bytes of tag, representation and length field.</param>
/// <param name="Length">Value length in bytes; null if undefined (encapsulated).</param>
public readonly record struct PixelDataHeader(Tag Tag, Vr Vr, int HeaderLength, uint? Length);

/// <summary>What <see cref="DataSetReader.ReadHeader"/> found.</summary>
/// <param name="Status">How far it came.</param>
/// <param name="DataSet">The elements before pixel data; null if more bytes are needed.</param>
/// <param name="Consumed">Bytes that <paramref name="DataSet"/> covers.</param>
/// <param name="PixelData">The pixel data element that follows, if one was reached.</param>
public readonly record struct HeaderReadResult(HeaderReadStatus Status, DataSet? DataSet, int Consumed, PixelDataHeader? PixelData);

/// <summary>Reads encoded data sets (PS3.5 §7). Elements refer to the bytes given; nothing is copied, so the caller must leave them unchanged.</summary>
public static class DataSetReader
{
    private const uint Undefined = 0xFFFF_FFFF;

    /// <summary>Reads a whole data set.</summary>
    /// <param name="bytes">The encoded elements, without file meta information.</param>
    /// <param name="encoding">Their layout.</param>
    /// <param name="options">Limits.</param>
    /// <param name="warnings">Receives the violations that were read leniently.</param>
    /// <exception cref="MalformedDicomException">The bytes cannot be read even leniently.</exception>
    public static DataSet Read(
        ReadOnlyMemory<byte> bytes, DicomEncoding encoding, ReadOptions? options = null, ICollection<ReadWarning>? warnings = null)
    {
        var state = new State(bytes, options ?? ReadOptions.Default, warnings) { IsComplete = true };
        return state.ReadElements(0, bytes.Length, encoding, depth: 0, stopAtPixelData: false, endsAtDelimiter: false, out _, out _);
    }

    /// <summary>Reads a data set up to its top-level pixel data.</summary>
    /// <param name="bytes">The encoded elements as far as they have come.</param>
    /// <param name="isComplete">True if no more bytes follow.</param>
    /// <param name="encoding">Their layout.</param>
    /// <param name="options">Limits.</param>
    /// <param name="warnings">Receives the violations that were read leniently.</param>
    /// <exception cref="MalformedDicomException">The bytes cannot be read even leniently.</exception>
    public static HeaderReadResult ReadHeader(
        ReadOnlyMemory<byte> bytes, bool isComplete, DicomEncoding encoding, ReadOptions? options = null, ICollection<ReadWarning>? warnings = null)
    {
        var state = new State(bytes, options ?? ReadOptions.Default, warnings) { IsComplete = isComplete };
        try
        {
            var dataSet = state.ReadElements(0, bytes.Length, encoding, 0, stopAtPixelData: true, endsAtDelimiter: false, out var end, out var pixelData);
            return new HeaderReadResult(pixelData is null ? HeaderReadStatus.Complete : HeaderReadStatus.PixelDataReached, dataSet, end, pixelData);
        }
        catch (NeedMoreBytesException)
        {
            if (bytes.Length >= state.Options.Limits.HeaderLength)
            {
                throw new MalformedDicomException(MalformedReason.LimitExceeded, bytes.Length, null, "ReadLimits.HeaderLength");
            }

            return new HeaderReadResult(HeaderReadStatus.NeedMoreBytes, null, 0, null);
        }
    }

    private sealed class NeedMoreBytesException : Exception;

    private sealed class State(ReadOnlyMemory<byte> bytes, ReadOptions options, ICollection<ReadWarning>? warnings)
    {
        private int _elementCount;

        // What (0028,0103) of the top level says, for representations that implicit encodings leave open.
        private bool _isSigned;

        public ReadOptions Options { get; } = options;

        public bool IsComplete { get; init; }

        private void Warn(ReadWarningKind kind, int offset, Tag tag, string section) => warnings?.Add(new ReadWarning(kind, offset, tag, section));

        private void Need(int position, long length, int end, Tag? tag)
        {
            if (position + length <= end)
            {
                return;
            }

            // Inside a parent of known length the parent is at fault, unless the parent itself has not come whole.
            if (!IsComplete && position + length > bytes.Length)
            {
                throw new NeedMoreBytesException();
            }

            throw new MalformedDicomException(
                end == bytes.Length ? MalformedReason.Truncated : MalformedReason.LengthBeyondParent, position, tag, "PS3.5 §7.1");
        }

        private Tag ReadTag(int position, DicomEncoding encoding)
        {
            var span = bytes.Span.Slice(position, 4);
            return encoding.BigEndian
                ? new Tag(BinaryPrimitives.ReadUInt16BigEndian(span), BinaryPrimitives.ReadUInt16BigEndian(span[2..]))
                : new Tag(BinaryPrimitives.ReadUInt16LittleEndian(span), BinaryPrimitives.ReadUInt16LittleEndian(span[2..]));
        }

        private uint ReadUInt32(int position, DicomEncoding encoding)
        {
            var span = bytes.Span.Slice(position, 4);
            return encoding.BigEndian ? BinaryPrimitives.ReadUInt32BigEndian(span) : BinaryPrimitives.ReadUInt32LittleEndian(span);
        }

        public DataSet ReadElements(
            int start, int end, DicomEncoding encoding, int depth, bool stopAtPixelData, bool endsAtDelimiter, out int consumed, out PixelDataHeader? pixelData)
        {
            pixelData = null;
            var elements = new List<DataElement>(depth == 0 ? 128 : 8);
            var creators = new PrivateCreators();
            var position = start;
            var previous = default(Tag);
            while (position < end)
            {
                if (end - position < 8 && !endsAtDelimiter && IsComplete)
                {
                    Warn(ReadWarningKind.TrailingBytes, position, previous, "PS3.5 §7.1");
                    position = end;
                    break;
                }

                Need(position, 8, end, previous);
                var tag = ReadTag(position, encoding);
                if (tag.Group == 0xFFFE)
                {
                    if (tag == Tag.ItemEnd && endsAtDelimiter)
                    {
                        break;
                    }

                    if (tag == Tag.ItemStart)
                    {
                        throw new MalformedDicomException(MalformedReason.UnexpectedTag, position, tag, "PS3.5 §7.5");
                    }

                    Warn(ReadWarningKind.StrayDelimiter, position, tag, "PS3.5 §7.5.2");
                    position += 8;
                    continue;
                }

                var (vr, headerLength, length) = ReadHeader(position, end, tag, encoding, creators);
                if (stopAtPixelData && depth == 0 && tag.IsPixelData)
                {
                    pixelData = new PixelDataHeader(tag, vr, headerLength, length == Undefined ? null : length);
                    break;
                }

                if (++_elementCount > Options.Limits.ElementCount)
                {
                    throw new MalformedDicomException(MalformedReason.LimitExceeded, position, tag, "ReadLimits.ElementCount");
                }

                if (elements.Count > 0 && tag <= previous)
                {
                    Warn(tag == previous ? ReadWarningKind.Duplicate : ReadWarningKind.NotInOrder, position, tag, "PS3.5 §7.1");
                }

                var element = ReadElement(position, headerLength, length, end, tag, vr, encoding, depth, out var next);
                if (tag == Tag.PixelRepresentation && depth == 0 && element is ValueElement { Bytes.Length: 2 } representation)
                {
                    _isSigned = representation.Bytes.Span[encoding.BigEndian ? 1 : 0] == 1;
                }

                if (tag.IsPrivateCreator && element is ValueElement creator)
                {
                    creators.Add(tag, creator.Bytes.Span);
                }

                elements.Add(element);
                previous = tag;
                position = next;
            }

            if (endsAtDelimiter && position >= end && !IsComplete)
            {
                throw new NeedMoreBytesException();
            }

            consumed = position;
            return new DataSet(elements, encoding);
        }

        private (Vr Vr, int HeaderLength, uint Length) ReadHeader(int position, int end, Tag tag, DicomEncoding encoding, PrivateCreators creators)
        {
            if (!encoding.ExplicitVr)
            {
                var implied = DataDictionary.VrOf(tag, creators.Find(tag));
                if (_isSigned && implied == Vr.US && DataDictionary.MayBeSigned(tag))
                {
                    implied = Vr.SS;
                }

                return (implied, 8, ReadUInt32(position + 4, encoding));
            }

            var span = bytes.Span;
            if (!Vr.TryParse(span[position + 4], span[position + 5], out var vr))
            {
                Warn(ReadWarningKind.UnknownVr, position + 4, tag, "PS3.5 §6.2");
                // PS3.5 §6.2 lets new representations use the long header; two zero bytes behind the letters tell.
                if (span[position + 6] != 0 || span[position + 7] != 0)
                {
                    return (Vr.UN, 8, ReadUInt16(position + 6, encoding));
                }

                vr = Vr.UN;
            }

            if (!vr.HasLongHeader)
            {
                return (vr, 8, ReadUInt16(position + 6, encoding));
            }

            Need(position, 12, end, tag);
            return (vr, 12, ReadUInt32(position + 8, encoding));
        }

        private ushort ReadUInt16(int position, DicomEncoding encoding)
        {
            var span = bytes.Span.Slice(position, 2);
            return encoding.BigEndian ? BinaryPrimitives.ReadUInt16BigEndian(span) : BinaryPrimitives.ReadUInt16LittleEndian(span);
        }

        private DataElement ReadElement(
            int position, int headerLength, uint length, int end, Tag tag, Vr vr, DicomEncoding encoding, int depth, out int next)
        {
            var valueStart = position + headerLength;
            if (length == Undefined)
            {
                if (tag.IsPixelData && vr != Vr.SQ)
                {
                    return ReadEncapsulated(position, valueStart, end, tag, vr, encoding, out next);
                }

                // PS3.5 §6.2.2 Note: a sequence of unknown representation is encoded implicit little endian.
                var itemEncoding = vr == Vr.UN ? DicomEncoding.ImplicitLittleEndian : encoding;
                return ReadSequence(position, valueStart, end, hasUndefinedLength: true, tag, vr, encoding, itemEncoding, depth, out next);
            }

            Need(valueStart, length, end, tag);
            next = valueStart + (int)length;
            if (vr == Vr.SQ)
            {
                return ReadSequence(position, valueStart, next, hasUndefinedLength: false, tag, vr, encoding, encoding, depth, out next);
            }

            if ((length & 1) != 0)
            {
                Warn(ReadWarningKind.OddLength, position, tag, "PS3.5 §7.1.1");
            }

            return new ValueElement(tag, vr, bytes.Slice(valueStart, (int)length), encoding.BigEndian)
            {
                Raw = bytes[position..next],
                RawEncoding = encoding,
            };
        }

        private SequenceElement ReadSequence(
            int position, int start, int end, bool hasUndefinedLength, Tag tag, Vr vr, DicomEncoding encoding, DicomEncoding itemEncoding, int depth, out int next)
        {
            if (depth + 1 > Options.Limits.SequenceDepth)
            {
                throw new MalformedDicomException(MalformedReason.NestingTooDeep, position, tag, "ReadLimits.SequenceDepth");
            }

            var items = new List<DataSet>();
            next = start;
            while (true)
            {
                if (next >= end)
                {
                    if (!hasUndefinedLength)
                    {
                        break;
                    }

                    if (!IsComplete)
                    {
                        throw new NeedMoreBytesException();
                    }

                    Warn(ReadWarningKind.MissingDelimiter, next, tag, "PS3.5 §7.5.2");
                    break;
                }

                Need(next, 8, end, tag);
                var itemTag = ReadTag(next, itemEncoding);
                var itemLength = ReadUInt32(next + 4, itemEncoding);
                if (itemTag == Tag.SequenceEnd)
                {
                    if (itemLength != 0)
                    {
                        Warn(ReadWarningKind.DelimiterWithLength, next, tag, "PS3.5 §7.5.2");
                    }

                    next += 8;
                    if (hasUndefinedLength)
                    {
                        break;
                    }

                    Warn(ReadWarningKind.StrayDelimiter, next - 8, tag, "PS3.5 §7.5.2");
                    continue;
                }

                if (itemTag != Tag.ItemStart)
                {
                    throw new MalformedDicomException(MalformedReason.UnexpectedTag, next, tag, "PS3.5 §7.5");
                }

                items.Add(ReadItem(next, itemLength, end, tag, itemEncoding, depth, out next));
            }

            return new SequenceElement(tag, items, vr)
            {
                HasUndefinedLength = hasUndefinedLength,
                Raw = bytes[position..next],
                RawEncoding = encoding,
            };
        }

        private DataSet ReadItem(int position, uint length, int end, Tag sequence, DicomEncoding encoding, int depth, out int next)
        {
            var start = position + 8;
            var undefined = length == Undefined;
            if (!undefined)
            {
                Need(start, length, end, sequence);
            }

            var itemEnd = undefined ? end : start + (int)length;
            var item = ReadElements(start, itemEnd, encoding, depth + 1, stopAtPixelData: false, endsAtDelimiter: undefined, out next, out _);
            if (undefined)
            {
                if (next + 8 <= end)
                {
                    next += 8;
                }
                else
                {
                    Warn(ReadWarningKind.MissingDelimiter, next, sequence, "PS3.5 §7.5.1");
                    next = end;
                }
            }

            return new DataSet(item, undefined) { RawItem = bytes[position..next] };
        }

        private EncapsulatedElement ReadEncapsulated(int position, int start, int end, Tag tag, Vr vr, DicomEncoding encoding, out int next)
        {
            next = start;
            while (true)
            {
                if (next >= end && IsComplete)
                {
                    Warn(ReadWarningKind.MissingDelimiter, next, tag, "PS3.5 §A.4");
                    break;
                }

                Need(next, 8, end, tag);
                var itemTag = ReadTag(next, encoding);
                var length = ReadUInt32(next + 4, encoding);
                next += 8;
                if (itemTag == Tag.SequenceEnd)
                {
                    break;
                }

                if (itemTag != Tag.ItemStart || length == Undefined)
                {
                    throw new MalformedDicomException(MalformedReason.UnexpectedTag, next - 8, tag, "PS3.5 §A.4");
                }

                Need(next, length, end, tag);
                next += (int)length;
            }

            return new EncapsulatedElement(tag, vr, bytes[start..next]) { Raw = bytes[position..next], RawEncoding = encoding };
        }
    }
}
