using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Vesalius.Dicom.Network;

/// <summary>Where a DICOMweb server is, and how patient we are with it.</summary>
public sealed record DicomWebOptions
{
    /// <summary>Root of its services, to which <c>studies</c> is added.</summary>
    public required Uri Root { get; init; }

    /// <summary>Who we are; null to say nothing. See <see cref="Basic"/> and <see cref="Bearer"/>.</summary>
    public AuthenticationHeaderValue? Authorization { get; init; }

    /// <summary>How the certificate of an https server is checked; null for the system's authorities.</summary>
    public RequestorTls? Tls { get; init; }

    /// <summary>How long the server may take to begin an answer to a query, and be silent in it. Default 20 s.</summary>
    public TimeSpan Query { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long the server may take to begin to send objects, and be silent while it sends. Default 60 s.</summary>
    public TimeSpan Retrieve { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Answers to ask for at once. Default 200.</summary>
    public int PageSize { get; init; } = 200;

    /// <summary>Largest page of answers, in bytes. Default 64 MiB.</summary>
    public long MaximumPageLength { get; init; } = 64L * 1024 * 1024;

    /// <summary>Authorisation by user and password (RFC 7617).</summary>
    public static AuthenticationHeaderValue Basic(string user, string password) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));

    /// <summary>Authorisation by a token (RFC 6750).</summary>
    public static AuthenticationHeaderValue Bearer(string token) => new("Bearer", token);
}

/// <summary>Why a DICOMweb server did not do what it was asked.</summary>
public enum DicomWebFault
{
    /// <summary>Nobody listens there, or the connection broke.</summary>
    Unreachable,
    /// <summary>It was silent for too long.</summary>
    TimedOut,
    /// <summary>401, 403: it does not let us.</summary>
    NotAuthorised,
    /// <summary>404, 410: it has no such object, or no such service.</summary>
    NotFound,
    /// <summary>406, 415: it cannot send what was asked for in this form.</summary>
    NotAcceptable,
    /// <summary>429, 503: try later.</summary>
    Busy,
    /// <summary>Any other 4xx, and redirections, which are not followed: they would carry identifiers elsewhere.</summary>
    Refused,
    /// <summary>Any other 5xx.</summary>
    ServerFailed,
    /// <summary>It answered what is not DICOMweb: wrong type, malformed JSON or parts, too long, ended early.</summary>
    InvalidAnswer,
}

/// <summary>Thrown when a DICOMweb server fails. Names neither address nor what was asked.</summary>
/// <param name="fault">What happened.</param>
/// <param name="detail">What was wrong; no value that came from an object.</param>
/// <param name="status">HTTP status, if there was an answer.</param>
/// <param name="inner">What caused it.</param>
public sealed class DicomWebException(DicomWebFault fault, string? detail = null, HttpStatusCode? status = null, Exception? inner = null)
    : Exception($"DICOMweb: {fault}{(status is { } code ? $", status {(int)code}" : "")}{(detail is null ? "" : $" ({detail})")}.", inner)
{
    /// <summary>What happened.</summary>
    public DicomWebFault Fault { get; } = fault;

    /// <summary>HTTP status, if there was an answer.</summary>
    public HttpStatusCode? Status { get; } = status;

    /// <summary>True if the same request may succeed later.</summary>
    public bool IsTransient => Fault is DicomWebFault.Unreachable or DicomWebFault.TimedOut or DicomWebFault.Busy or DicomWebFault.ServerFailed;

    internal static DicomWebFault FaultOf(HttpStatusCode status) => (int)status switch
    {
        401 or 403 => DicomWebFault.NotAuthorised,
        404 or 410 => DicomWebFault.NotFound,
        406 or 415 => DicomWebFault.NotAcceptable,
        429 or 503 => DicomWebFault.Busy,
        >= 500 => DicomWebFault.ServerFailed,
        _ => DicomWebFault.Refused,
    };
}
