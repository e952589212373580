namespace Vesalius.Dicom.Network;

/// <summary>Command fields (PS3.7 §E.1). A response has the bit 8000H added.</summary>
internal static class CommandFields
{
    public const ushort Store = 0x0001;
    public const ushort Get = 0x0010;
    public const ushort Find = 0x0020;
    public const ushort Move = 0x0021;
    public const ushort Echo = 0x0030;
    public const ushort Cancel = 0x0FFF;
    public const ushort Response = 0x8000;
}

/// <summary>Priority of an operation (PS3.7 §9.1). Peers are free to ignore it.</summary>
public enum DimsePriority
{
    /// <summary>Medium.</summary>
    Medium = 0x0000,
    /// <summary>High.</summary>
    High = 0x0001,
    /// <summary>Low.</summary>
    Low = 0x0002,
}

/// <summary>Command sets of requests and responses, with the elements that PS3.7 §9.3 requires.</summary>
internal static class DimseCommands
{
    private const ushort NoDataSet = 0x0101;

    public static CommandSet Request(ushort field, ushort messageId, string sopClassUid, bool hasDataSet, DimsePriority? priority = null)
    {
        var command = new CommandSet()
            .With(0x0002, sopClassUid)
            .With(0x0100, field)
            .With(0x0110, messageId)
            .With(0x0800, hasDataSet ? (ushort)0x0001 : NoDataSet);
        return priority is { } given ? command.With(0x0700, (ushort)given) : command;
    }

    public static CommandSet Store(OutgoingObject outgoing, ushort messageId, MoveOriginator? originator, DimsePriority priority)
    {
        var command = Request(CommandFields.Store, messageId, outgoing.SopClassUid, hasDataSet: true, priority).With(0x1000, outgoing.SopInstanceUid);
        return originator is { } move ? command.With(0x1030, move.AeTitle, (byte)' ').With(0x1031, move.MessageId) : command;
    }

    public static CommandSet Cancel(ushort messageId) => new CommandSet()
        .With(0x0100, CommandFields.Cancel)
        .With(0x0120, messageId)
        .With(0x0800, NoDataSet);

    public static CommandSet Response(CommandSet request, DimseStatus status, bool hasDataSet = false)
    {
        var command = new CommandSet()
            .With(0x0100, (ushort)(request.CommandField | CommandFields.Response))
            .With(0x0120, request.GetUInt16(0x0110) ?? 0)
            .With(0x0800, hasDataSet ? (ushort)0x0001 : NoDataSet)
            .With(0x0900, status.Code);
        if (request.GetText(0x0002) is { } sopClass)
        {
            command.With(0x0002, sopClass);
        }

        if (request.GetText(0x1000) is { } sopInstance)
        {
            command.With(0x1000, sopInstance);
        }

        return status.Comment is { } comment ? command.With(0x0902, comment, (byte)' ') : command;
    }
}
