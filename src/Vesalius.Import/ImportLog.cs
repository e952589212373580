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

    [LoggerMessage(4005, LogLevel.Information, "{Count} objects that were acknowledged before an abrupt end were written from the journal")]
    public static partial void Replayed(ILogger logger, int count);

    [LoggerMessage(4006, LogLevel.Error, "The intake's journal cannot be written ({Fault}); objects go past it")]
    public static partial void JournalFailed(ILogger logger, string fault);

    [LoggerMessage(4007, LogLevel.Error, "Acknowledged objects wait in the journal: storage or database refuses them ({Fault})")]
    public static partial void HeldUp(ILogger logger, string fault);

    [LoggerMessage(4008, LogLevel.Error, "Journal record {Sequence}: its session is gone or has the instance with other bytes; the file was kept in cache/unrecorded")]
    public static partial void Homeless(ILogger logger, long sequence);

    [LoggerMessage(4009, LogLevel.Information, "{Count} files that were sent in parts waited too long and were removed")]
    public static partial void UploadsExpired(ILogger logger, int count);

    [LoggerMessage(4010, LogLevel.Warning, "Files that were sent in parts and waited too long cannot be removed: {Error}")]
    public static partial void UploadsNotExpired(ILogger logger, string error);

    [LoggerMessage(4011, LogLevel.Information, "{Count} files in users' caches waited too long and were removed")]
    public static partial void CachesExpired(ILogger logger, int count);

    [LoggerMessage(4012, LogLevel.Warning, "Files in users' caches that waited too long cannot be removed: {Error}")]
    public static partial void CachesNotExpired(ILogger logger, string error);

    [LoggerMessage(4020, LogLevel.Error, "The certificate for receivers cannot be read, the former stays in force: {Error}")]
    public static partial void CertificateUnreadable(ILogger logger, string error);

    [LoggerMessage(4021, LogLevel.Error, "Port {Port} is not listened on: its receiver wants TLS. {Fault}")]
    public static partial void NoCertificate(ILogger logger, int port, string fault);
}
