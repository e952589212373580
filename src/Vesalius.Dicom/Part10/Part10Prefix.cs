using System.Buffers.Binary;

namespace Vesalius.Dicom;

/// <summary>What stands before the data set of a file: preamble, prefix, file meta information (PS3.10 §7.1).</summary>
internal sealed record Part10Prefix(int Length, DataSet? FileMeta, TransferSyntax? TransferSyntax)
{
    /// <summary>Reads it. Null if more bytes are needed to know where it ends.</summary>
    public static Part10Prefix? Read(ReadOnlyMemory<byte> bytes, List<ReadWarning> warnings, bool isComplete)
    {
        var span = bytes.Span;
        if (span.Length < 8)
        {
            return isComplete ? throw new MalformedDicomException(MalformedReason.NotDicom, 0, null, "PS3.10 §7.1") : null;
        }

        var start = 0;
        if (span.Length >= 132 && span.Slice(128, 4).SequenceEqual("DICM"u8))
        {
            start = 132;
        }
        else if (span[..4].SequenceEqual("DICM"u8))
        {
            warnings.Add(new ReadWarning(ReadWarningKind.NoPreamble, 0, default, "PS3.10 §7.1"));
            start = 4;
        }
        else
        {
            warnings.Add(new ReadWarning(ReadWarningKind.NoPreamble, 0, default, "PS3.10 §7.1"));
            // A preamble without the prefix: group 0002 stands right behind 128 bytes.
            if (span.Length > 136 && !EncodingGuess.LooksLikeElement(span) && EncodingGuess.LooksLikeElement(span[128..]))
            {
                start = 128;
            }
        }

        return ReadMeta(bytes, start, warnings, isComplete);
    }

    private static Part10Prefix? ReadMeta(ReadOnlyMemory<byte> bytes, int start, List<ReadWarning> warnings, bool isComplete)
    {
        var rest = bytes[start..];
        if (rest.Length < 8)
        {
            return isComplete ? throw new MalformedDicomException(MalformedReason.Truncated, start, null, "PS3.10 §7.1") : null;
        }

        var little = BinaryPrimitives.ReadUInt16LittleEndian(rest.Span) == 0x0002;
        var big = BinaryPrimitives.ReadUInt16BigEndian(rest.Span) == 0x0002;
        if (!little && !big)
        {
            warnings.Add(new ReadWarning(ReadWarningKind.NoFileMeta, start, default, "PS3.10 §7.1"));
            return new Part10Prefix(start, null, null);
        }

        var isExplicit = Vr.TryParse(rest.Span[4], rest.Span[5], out _);
        var encoding = new DicomEncoding(isExplicit, big && !little);
        if (encoding != DicomEncoding.ExplicitLittleEndian)
        {
            warnings.Add(new ReadWarning(ReadWarningKind.OtherFileMetaEncoding, start, new Tag(0x0002_0000), "PS3.10 §7.1"));
        }

        if (FindMetaEnd(rest.Span, encoding, isComplete) is not { } length)
        {
            return null;
        }

        var meta = DataSetReader.Read(rest[..length], encoding, null, warnings);
        var declared = meta.GetInteger(Tag.FileMetaInformationGroupLength);
        if (declared is null || declared + 12 != length)
        {
            warnings.Add(new ReadWarning(ReadWarningKind.WrongFileMetaLength, start, Tag.FileMetaInformationGroupLength, "PS3.10 §7.1"));
        }

        var uid = meta.GetString(Tag.TransferSyntaxUID);
        return new Part10Prefix(start + length, meta, string.IsNullOrEmpty(uid) ? null : Dicom.TransferSyntax.Find(uid));
    }

    // The end of the group is found by looking at the elements: the declared group length is wrong too often.
    private static int? FindMetaEnd(ReadOnlySpan<byte> span, DicomEncoding encoding, bool isComplete)
    {
        var position = 0;
        while (position + 8 <= span.Length)
        {
            var header = span[position..];
            var group = encoding.BigEndian ? BinaryPrimitives.ReadUInt16BigEndian(header) : BinaryPrimitives.ReadUInt16LittleEndian(header);
            if (group != 0x0002)
            {
                return position;
            }

            long length;
            var headerLength = 8;
            if (!encoding.ExplicitVr)
            {
                length = encoding.BigEndian ? BinaryPrimitives.ReadUInt32BigEndian(header[4..]) : BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
            }
            else if (Vr.TryParse(header[4], header[5], out var vr) && !vr.HasLongHeader)
            {
                length = encoding.BigEndian ? BinaryPrimitives.ReadUInt16BigEndian(header[6..]) : BinaryPrimitives.ReadUInt16LittleEndian(header[6..]);
            }
            else
            {
                if (header.Length < 12)
                {
                    break;
                }

                headerLength = 12;
                length = encoding.BigEndian ? BinaryPrimitives.ReadUInt32BigEndian(header[8..]) : BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
            }

            if (length > 1 << 20)
            {
                throw new MalformedDicomException(MalformedReason.LimitExceeded, position, new Tag(0x0002_0000), "PS3.10 §7.1");
            }

            position += headerLength + (int)length;
        }

        if (!isComplete)
        {
            return null;
        }

        return position == span.Length
            ? position
            : throw new MalformedDicomException(MalformedReason.Truncated, span.Length, new Tag(0x0002_0000), "PS3.10 §7.1");
    }
}
