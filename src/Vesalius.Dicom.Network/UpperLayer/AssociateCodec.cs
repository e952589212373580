using System.Buffers.Binary;
using System.Text;

namespace Vesalius.Dicom.Network;

/// <summary>Why bytes are no valid PDU.</summary>
public enum PduFault
{
    /// <summary>A length reaches beyond what surrounds it.</summary>
    LengthBeyondPdu,
    /// <summary>A PDU is longer than was agreed.</summary>
    TooLong,
    /// <summary>A PDU is shorter than its fixed part.</summary>
    TooShort,
    /// <summary>The PDU type is unknown.</summary>
    UnknownType,
    /// <summary>A presentation context has an even or repeated number.</summary>
    InvalidContextId,
    /// <summary>Data comes in a presentation context that was not accepted.</summary>
    ContextNotAccepted,
    /// <summary>A command set cannot be read.</summary>
    InvalidCommand,
    /// <summary>Command and data fragments come in an impossible order.</summary>
    FragmentOutOfPlace,
    /// <summary>A message answers something that was not asked.</summary>
    UnexpectedMessage,
}

/// <summary>Thrown when bytes are no valid PDU; carries no content.</summary>
/// <param name="fault">What is wrong.</param>
/// <param name="section">Where the standard says how it should be.</param>
public sealed class PduException(PduFault fault, string section) : Exception($"{fault} ({section}).")
{
    /// <summary>What is wrong.</summary>
    public PduFault Fault { get; } = fault;
}

/// <summary>Encodes and decodes A-ASSOCIATE-RQ and -AC (PS3.8 §9.3.2, §9.3.3, Annex D; PS3.7 Annex D).</summary>
public static class AssociateCodec
{
    private const int FixedLength = 68;

    /// <summary>Decodes what follows the 6-byte header.</summary>
    /// <exception cref="PduException">The bytes are no valid PDU.</exception>
    public static AssociatePdu Decode(ReadOnlySpan<byte> body, bool isRequest)
    {
        if (body.Length < FixedLength)
        {
            throw new PduException(PduFault.TooShort, "PS3.8 §9.3.2");
        }

        var pdu = new AssociatePdu
        {
            IsRequest = isRequest,
            ProtocolVersion = BinaryPrimitives.ReadUInt16BigEndian(body),
            CalledAeTitle = Title(body.Slice(4, 16)),
            CallingAeTitle = Title(body.Slice(20, 16)),
            ApplicationContext = "",
        };
        var contexts = new List<PresentationContext>();
        var rest = body[FixedLength..];
        while (TryTakeItem(ref rest, out var type, out var content))
        {
            switch (type)
            {
                case 0x10:
                    pdu = pdu with { ApplicationContext = Uid(content) };
                    break;
                case 0x20 or 0x21:
                    contexts.Add(DecodeContext(content, isRequest));
                    break;
                case 0x50:
                    pdu = DecodeUserInformation(pdu, content);
                    break;
            }
        }

        if (contexts.Exists(c => c.Id % 2 == 0) || contexts.DistinctBy(c => c.Id).Count() != contexts.Count)
        {
            throw new PduException(PduFault.InvalidContextId, "PS3.8 §9.3.2.2");
        }

        return pdu with { PresentationContexts = contexts };
    }

    private static string Title(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes).Trim(' ', '\0');

    private static string Uid(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes).Trim(' ', '\0');

    private static bool TryTakeItem(ref ReadOnlySpan<byte> rest, out byte type, out ReadOnlySpan<byte> content)
    {
        type = 0;
        content = default;
        if (rest.IsEmpty)
        {
            return false;
        }

        if (rest.Length < 4)
        {
            throw new PduException(PduFault.LengthBeyondPdu, "PS3.8 §9.3.1");
        }

        type = rest[0];
        var length = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
        if (length > rest.Length - 4)
        {
            throw new PduException(PduFault.LengthBeyondPdu, "PS3.8 §9.3.1");
        }

        content = rest.Slice(4, length);
        rest = rest[(4 + length)..];
        return true;
    }

    private static PresentationContext DecodeContext(ReadOnlySpan<byte> content, bool isRequest)
    {
        if (content.Length < 4)
        {
            throw new PduException(PduFault.TooShort, "PS3.8 §9.3.2.2");
        }

        var abstractSyntax = "";
        var transferSyntaxes = new List<string>();
        var rest = content[4..];
        while (TryTakeItem(ref rest, out var type, out var item))
        {
            if (type == 0x30)
            {
                abstractSyntax = Uid(item);
            }
            else if (type == 0x40)
            {
                transferSyntaxes.Add(Uid(item));
            }
        }

        return new PresentationContext(content[0], abstractSyntax, transferSyntaxes, isRequest ? (byte)0 : content[2]);
    }

    private static AssociatePdu DecodeUserInformation(AssociatePdu pdu, ReadOnlySpan<byte> content)
    {
        var roles = new List<RoleSelection>();
        var extended = new List<ExtendedNegotiation>();
        while (TryTakeItem(ref content, out var type, out var item))
        {
            switch (type)
            {
                case 0x51 when item.Length >= 4:
                    pdu = pdu with { MaximumLength = BinaryPrimitives.ReadUInt32BigEndian(item) };
                    break;
                case 0x52:
                    pdu = pdu with { ImplementationClassUid = Uid(item) };
                    break;
                case 0x53 when item.Length >= 4:
                    pdu = pdu with { AsynchronousOperations = (BinaryPrimitives.ReadUInt16BigEndian(item), BinaryPrimitives.ReadUInt16BigEndian(item[2..])) };
                    break;
                case 0x54 when item.Length >= 4 && BinaryPrimitives.ReadUInt16BigEndian(item) is var length && item.Length >= length + 4:
                    roles.Add(new RoleSelection(Uid(item.Slice(2, length)), item[2 + length] == 1, item[3 + length] == 1));
                    break;
                case 0x55:
                    pdu = pdu with { ImplementationVersionName = Uid(item) };
                    break;
                case 0x56 when item.Length >= 2 && BinaryPrimitives.ReadUInt16BigEndian(item) is var length && item.Length >= length + 2:
                    extended.Add(new ExtendedNegotiation(Uid(item.Slice(2, length)), item[(2 + length)..].ToArray()));
                    break;
                case 0x58 when item.Length >= 6:
                    pdu = pdu with { UserIdentity = DecodeIdentity(item) };
                    break;
                case 0x59 when item.Length >= 2:
                    pdu = pdu with { UserIdentityResponse = item[2..].ToArray() };
                    break;
            }
        }

        return pdu with { Roles = roles, ExtendedNegotiations = extended };
    }

    private static UserIdentity DecodeIdentity(ReadOnlySpan<byte> item)
    {
        var primaryLength = BinaryPrimitives.ReadUInt16BigEndian(item[2..]);
        if (4 + primaryLength + 2 > item.Length)
        {
            throw new PduException(PduFault.LengthBeyondPdu, "PS3.7 §D.3.3.7");
        }

        var secondaryLength = BinaryPrimitives.ReadUInt16BigEndian(item[(4 + primaryLength)..]);
        if (6 + primaryLength + secondaryLength > item.Length)
        {
            throw new PduException(PduFault.LengthBeyondPdu, "PS3.7 §D.3.3.7");
        }

        return new UserIdentity(
            item[0], item[1] == 1, item.Slice(4, primaryLength).ToArray(), item.Slice(6 + primaryLength, secondaryLength).ToArray());
    }

    /// <summary>Encodes the whole PDU, header included.</summary>
    public static byte[] Encode(AssociatePdu pdu)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        var output = new PduOutput(pdu.IsRequest ? (byte)0x01 : (byte)0x02);
        output.UInt16(pdu.ProtocolVersion);
        output.UInt16(0);
        output.Title(pdu.CalledAeTitle);
        output.Title(pdu.CallingAeTitle);
        output.Zeros(32);
        output.Item(0x10, () => output.Text(pdu.ApplicationContext));
        foreach (var context in pdu.PresentationContexts)
        {
            output.Item(pdu.IsRequest ? (byte)0x20 : (byte)0x21, () =>
            {
                output.Byte(context.Id);
                output.Byte(0);
                output.Byte(context.Result);
                output.Byte(0);
                if (pdu.IsRequest)
                {
                    output.Item(0x30, () => output.Text(context.AbstractSyntax));
                }

                foreach (var syntax in context.TransferSyntaxes)
                {
                    output.Item(0x40, () => output.Text(syntax));
                }
            });
        }

        output.Item(0x50, () => EncodeUserInformation(output, pdu));
        return output.Finish();
    }

    private static void EncodeUserInformation(PduOutput output, AssociatePdu pdu)
    {
        output.Item(0x51, () => output.UInt32(pdu.MaximumLength));
        output.Item(0x52, () => output.Text(pdu.ImplementationClassUid));
        if (pdu.AsynchronousOperations is { } window)
        {
            output.Item(0x53, () =>
            {
                output.UInt16(window.Invoked);
                output.UInt16(window.Performed);
            });
        }

        foreach (var role in pdu.Roles)
        {
            output.Item(0x54, () =>
            {
                output.UInt16((ushort)role.SopClassUid.Length);
                output.Text(role.SopClassUid);
                output.Byte(role.IsScu ? (byte)1 : (byte)0);
                output.Byte(role.IsScp ? (byte)1 : (byte)0);
            });
        }

        if (pdu.ImplementationVersionName.Length > 0)
        {
            output.Item(0x55, () => output.Text(pdu.ImplementationVersionName));
        }

        foreach (var negotiation in pdu.ExtendedNegotiations)
        {
            output.Item(0x56, () =>
            {
                output.UInt16((ushort)negotiation.SopClassUid.Length);
                output.Text(negotiation.SopClassUid);
                output.Bytes(negotiation.ApplicationInformation.Span);
            });
        }

        if (pdu.UserIdentity is { } identity)
        {
            output.Item(0x58, () =>
            {
                output.Byte(identity.Type);
                output.Byte(identity.PositiveResponseRequested ? (byte)1 : (byte)0);
                output.UInt16((ushort)identity.Primary.Length);
                output.Bytes(identity.Primary.Span);
                output.UInt16((ushort)identity.Secondary.Length);
                output.Bytes(identity.Secondary.Span);
            });
        }

        if (pdu.UserIdentityResponse is { } response)
        {
            output.Item(0x59, () =>
            {
                output.UInt16((ushort)response.Length);
                output.Bytes(response.Span);
            });
        }
    }

    private sealed class PduOutput
    {
        private readonly MemoryStream _stream = new();

        public PduOutput(byte type)
        {
            Byte(type);
            Byte(0);
            UInt32(0);
        }

        public void Byte(byte value) => _stream.WriteByte(value);

        public void Bytes(ReadOnlySpan<byte> value) => _stream.Write(value);

        public void Zeros(int count) => _stream.Write(new byte[count]);

        public void Text(string value) => _stream.Write(Encoding.Latin1.GetBytes(value));

        public void Title(string value) => Text(value.Length > 16 ? value[..16] : value.PadRight(16));

        public void UInt16(ushort value)
        {
            Byte((byte)(value >> 8));
            Byte((byte)value);
        }

        public void UInt32(uint value)
        {
            UInt16((ushort)(value >> 16));
            UInt16((ushort)value);
        }

        public void Item(byte type, Action content)
        {
            Byte(type);
            Byte(0);
            var lengthAt = _stream.Position;
            UInt16(0);
            content();
            var end = _stream.Position;
            _stream.Position = lengthAt;
            UInt16(checked((ushort)(end - lengthAt - 2)));
            _stream.Position = end;
        }

        public byte[] Finish()
        {
            var bytes = _stream.ToArray();
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(2), (uint)(bytes.Length - 6));
            return bytes;
        }
    }
}
