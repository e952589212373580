namespace Vesalius.Server.Rendering;

/// <summary>A request that is answered with an error status. Each URL family renders it in its own way
/// (<c>/data</c>: a small HTML page with the reason in <c>&lt;h3&gt;</c>; <c>/xapi</c>: plain text).</summary>
/// <param name="status">HTTP status code.</param>
/// <param name="reason">What went wrong, without any value that identifies a patient.</param>
public sealed class RequestRefusedException(int status, string reason) : Exception(reason)
{
    /// <summary>HTTP status code.</summary>
    public int Status { get; } = status;

    /// <summary>404: not there, or not visible to the caller.</summary>
    public static RequestRefusedException NotFound(string reason = "Not found") => new(404, reason);

    /// <summary>403: visible, but not permitted.</summary>
    public static RequestRefusedException Forbidden(string reason = "Not permitted") => new(403, reason);

    /// <summary>400: the request cannot be understood.</summary>
    public static RequestRefusedException BadRequest(string reason) => new(400, reason);

    /// <summary>409: in conflict with what is stored.</summary>
    public static RequestRefusedException Conflict(string reason) => new(409, reason);
}
