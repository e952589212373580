using System.Buffers.Binary;

namespace Vesalius.Dicom;

/// <summary>Finds by looking how a data set is encoded, where nothing says so or what it says is not true.</summary>
internal static class EncodingGuess
{
    /// <summary>The transfer syntax to read with.</summary>
    public static TransferSyntax Resolve(ReadOnlySpan<byte> body, Part10Prefix prefix, List<ReadWarning> warnings)
    {
        var guess = Guess(body);
        if (prefix.TransferSyntax is not { } declared)
        {
            if (guess is null)
            {
                throw new MalformedDicomException(MalformedReason.NotDicom, prefix.Length, null, "PS3.10 §7.1");
            }

            warnings.Add(new ReadWarning(ReadWarningKind.NoTransferSyntax, prefix.Length, Tag.TransferSyntaxUID, "PS3.10 §7.1"));
            return guess.Value switch
            {
                { ExplicitVr: false } => TransferSyntax.ImplicitVRLittleEndian,
                { BigEndian: true } => TransferSyntax.Find("1.2.840.10008.1.2.2"),
                _ => TransferSyntax.ExplicitVRLittleEndian,
            };
        }

        if (guess is { } found && found != declared.Encoding)
        {
            warnings.Add(new ReadWarning(ReadWarningKind.OtherEncodingThanDeclared, prefix.Length, Tag.TransferSyntaxUID, "PS3.5 §10"));
            return declared with { Encoding = found };
        }

        return declared;
    }

    /// <summary>True if the bytes begin like an element of one of the first groups.</summary>
    public static bool LooksLikeElement(ReadOnlySpan<byte> bytes) => Guess(bytes) is not null;

    private static DicomEncoding? Guess(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8)
        {
            return null;
        }

        var little = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        var big = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        var bigEndian = big < little;
        // Data sets begin with a low group; anything above is more likely no DICOM at all.
        if (Math.Min(little, big) > 0x0040)
        {
            return null;
        }

        if (Vr.TryParse(bytes[4], bytes[5], out _))
        {
            return new DicomEncoding(true, bigEndian);
        }

        // Letters that are no known representation still say explicit if the length is plausible.
        return bigEndian || BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) > 0x0100_0000 ? null : DicomEncoding.ImplicitLittleEndian;
    }
}
