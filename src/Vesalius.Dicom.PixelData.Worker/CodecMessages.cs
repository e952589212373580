using System.Text;

namespace Vesalius.Dicom.PixelData.Worker;

/// <summary>What the worker is to do.</summary>
internal enum CodecOperation : byte
{
    /// <summary>Answers at once: the worker is up and GDCM loaded.</summary>
    Probe = 0,

    /// <summary>Codestream of one frame to native pixels.</summary>
    Decode = 1,

    /// <summary>Native pixels of one frame to a codestream.</summary>
    Encode = 2,
}

/// <summary>One frame and its description (PS3.3 §C.7.6.3), as it goes from the server to the worker.</summary>
internal sealed record CodecRequest(
    CodecOperation Operation, string TransferSyntaxUid, int Rows, int Columns, int SamplesPerPixel, int BitsAllocated, int BitsStored, int HighBit, bool IsSigned,
    int PlanarConfiguration, string PhotometricInterpretation, int Quality, ReadOnlyMemory<byte> Data)
{
    private const uint Magic = 0x5153_4F56;

    public void Write(Stream stream)
    {
        using var header = new MemoryStream();
        using (var writer = new BinaryWriter(header, Encoding.ASCII, leaveOpen: true))
        {
            writer.Write(Magic);
            writer.Write((byte)Operation);
            writer.Write(TransferSyntaxUid);
            foreach (var number in new[] { Rows, Columns, SamplesPerPixel, BitsAllocated, BitsStored, HighBit, IsSigned ? 1 : 0, PlanarConfiguration, Quality })
            {
                writer.Write(number);
            }

            writer.Write(PhotometricInterpretation);
            writer.Write(Data.Length);
        }

        header.Position = 0;
        header.CopyTo(stream);
        stream.Write(Data.Span);
        stream.Flush();
    }

    /// <summary>Reads the next request; null at the end of the stream.</summary>
    public static CodecRequest? Read(Stream stream)
    {
        using var reader = new BinaryReader(stream, Encoding.ASCII, leaveOpen: true);
        try
        {
            if (reader.ReadUInt32() != Magic)
            {
                return null;
            }
        }
        catch (EndOfStreamException)
        {
            return null;
        }

        var operation = (CodecOperation)reader.ReadByte();
        var syntax = reader.ReadString();
        var n = new int[9];
        for (var i = 0; i < n.Length; i++)
        {
            n[i] = reader.ReadInt32();
        }

        var photometric = reader.ReadString();
        var data = new byte[reader.ReadInt32()];
        stream.ReadExactly(data);
        return new CodecRequest(operation, syntax, n[0], n[1], n[2], n[3], n[4], n[5], n[6] == 1, n[7], photometric, n[8], data);
    }
}

/// <summary>How the worker answers: the frame, or a reason from a fixed list of sentences, never anything out of the object.</summary>
internal sealed record CodecResponse(string? Refusal, int BitsAllocated, int PlanarConfiguration, string PhotometricInterpretation, ReadOnlyMemory<byte> Data)
{
    private const uint Magic = 0x4153_4F56;

    public static CodecResponse Refuse(string reason) => new(reason, 0, 0, "", default);

    public void Write(Stream stream)
    {
        using var header = new MemoryStream();
        using (var writer = new BinaryWriter(header, Encoding.ASCII, leaveOpen: true))
        {
            writer.Write(Magic);
            writer.Write(Refusal is null);
            writer.Write(Refusal ?? "");
            writer.Write(BitsAllocated);
            writer.Write(PlanarConfiguration);
            writer.Write(PhotometricInterpretation);
            writer.Write(Data.Length);
        }

        header.Position = 0;
        header.CopyTo(stream);
        stream.Write(Data.Span);
        stream.Flush();
    }

    /// <summary>Reads an answer.</summary>
    /// <exception cref="IOException">The worker ended, or its output is no answer.</exception>
    public static CodecResponse Read(Stream stream, long mostBytes)
    {
        using var reader = new BinaryReader(stream, Encoding.ASCII, leaveOpen: true);
        if (reader.ReadUInt32() != Magic)
        {
            throw new IOException("The worker's output is no answer.");
        }

        var succeeded = reader.ReadBoolean();
        var reason = reader.ReadString();
        var bits = reader.ReadInt32();
        var planar = reader.ReadInt32();
        var photometric = reader.ReadString();
        var length = reader.ReadInt32();
        if (length < 0 || length > mostBytes)
        {
            throw new IOException("The worker's answer is longer than any frame.");
        }

        var data = new byte[length];
        stream.ReadExactly(data);
        return new CodecResponse(succeeded ? null : reason, bits, planar, photometric, data);
    }
}
