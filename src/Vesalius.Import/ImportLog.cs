using Microsoft.Extensions.Logging;

namespace Vesalius.Import;

/// <summary>What the import room logs: our own ids, places in scripts, ports.</summary>
internal static partial class ImportLog
{
    [LoggerMessage(4001, LogLevel.Warning, "An object was quarantined: site script failed at line {Line}, column {Column}")]
    public static partial void Quarantined(ILogger logger, int line, int column);

    [LoggerMessage(4002, LogLevel.Error, "Port {Port} cannot be listened on: {Error}")]
    public static partial void PortTaken(ILogger logger, int port, System.Net.Sockets.SocketError error);

    [LoggerMessage(4003, LogLevel.Information, "Listening for associations on port {Port}")]
    public static partial void Listening(ILogger logger, int port);

    [LoggerMessage(4004, LogLevel.Warning, "Association {Association}: object refused: {Reason}")]
    public static partial void Refused(ILogger logger, Guid association, string reason);
}
