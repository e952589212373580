using System.Globalization;
using Vesalius.Import;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.WebSite;

/// <summary>Files that are sent in parts by the tus protocol 1.0.0 with its extensions creation, expiration and termination (R3). The import service takes what is whole: <c>src=/xapi/vesalius/uploads/ID</c>.</summary>
internal static class UploadEndpoints
{
    private const string Root = "/xapi/vesalius/uploads";
    private const string One = Root + "/{id}";
    private const string Version = "1.0.0";
    private const string PartType = "application/offset+octet-stream";

    public static void MapUploads(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMethods(Root, ["OPTIONS"], (HttpContext context, UploadLimits limits) =>
        {
            context.SignedIn();
            Speak(context);
            context.Response.Headers["Tus-Version"] = Version;
            context.Response.Headers["Tus-Extension"] = "creation,expiration,termination";
            context.Response.Headers["Tus-Max-Size"] = limits.InParts.ToString(CultureInfo.InvariantCulture);
            return Results.NoContent();
        }).ExcludeFromDescription();
        endpoints.MapGet(Root, (HttpContext context, ResumableUploads uploads) => Results.Json(uploads.List(context.SignedIn().UserId).Select(Shown)))
            .WithSummary("The caller's files that are sent in parts, unfinished or not yet imported.");
        endpoints.MapPost(Root, (Delegate)CreateAsync).WithSummary("Begins a file that is sent in parts (tus).");
        endpoints.MapMethods(One, ["GET", "HEAD"], (HttpContext context, ResumableUploads uploads, string id) =>
        {
            var upload = Find(context, uploads, id);
            Speak(context);
            Describe(context, upload);
            context.Response.Headers["Upload-Length"] = upload.Length.ToString(CultureInfo.InvariantCulture);
            // Nothing of a study is shown by it.
            AuditMiddleware.Written(context);
            return HttpMethods.IsHead(context.Request.Method) ? Results.Ok() : Results.Json(Shown(upload));
        }).WithSummary("How much of a file that is sent in parts is there (tus).");
        endpoints.MapPatch(One, (Delegate)AppendAsync).TakesFiles().WithSummary("Adds a part to a file (tus).");
        endpoints.MapDelete(One, (HttpContext context, ResumableUploads uploads, string id) =>
        {
            var upload = Find(context, uploads, id);
            Speak(context);
            uploads.Remove(context.SignedIn().UserId, upload.Id);
            return Results.NoContent();
        }).WithSummary("Removes a file that is sent in parts, finished or not (tus).");
    }

    /// <summary>The file that <c>src</c> of an import names; null if it names something else.</summary>
    public static Guid? Parse(string source) =>
        source.StartsWith(Root + "/", StringComparison.Ordinal) && Guid.TryParseExact(source[(Root.Length + 1)..], "N", out var id) ? id : null;

    private static object Shown(ResumableUpload upload) => new { id = upload.Id.ToString("N"), length = upload.Length, offset = upload.Offset, changed = upload.Changed, expires = upload.Expires };

    // Another user's file is none.
    private static ResumableUpload Find(HttpContext context, ResumableUploads uploads, string id)
    {
        var user = context.SignedIn().UserId;
        return (Guid.TryParseExact(id, "N", out var parsed) ? uploads.Find(user, parsed) : null) ?? throw RequestRefusedException.NotFound("You have no such file here; it may have waited too long, or be imported and removed.");
    }

    private static void Speak(HttpContext context)
    {
        context.Response.Headers["Tus-Resumable"] = Version;
        var asked = context.Request.Headers["Tus-Resumable"].ToString();
        var isProtocol = !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsOptions(context.Request.Method);
        if (isProtocol && asked != Version)
        {
            context.Response.Headers["Tus-Version"] = Version;
            throw new RequestRefusedException(412, $"The header Tus-Resumable has to be {Version}.");
        }
    }

    private static void Describe(HttpContext context, ResumableUpload upload)
    {
        context.Response.Headers["Upload-Offset"] = upload.Offset.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["Upload-Expires"] = upload.Expires.ToString("R", CultureInfo.InvariantCulture);
    }

    private static long? Number(HttpContext context, string header) =>
        long.TryParse(context.Request.Headers[header].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static async Task<IResult> CreateAsync(HttpContext context, ResumableUploads uploads)
    {
        var user = context.SignedIn().UserId;
        Speak(context);
        var length = Number(context, "Upload-Length") is > 0 and var given ? given : throw RequestRefusedException.BadRequest("The header Upload-Length has to say how many bytes the file has.");
        try
        {
            var upload = uploads.Create(user, length);
            await Scope.AuditAsync(context, "upload.begin", $"{upload.Id:N}, {length} bytes");
            Describe(context, upload);
            return Results.Created($"{Root}/{upload.Id:N}", null);
        }
        catch (ResumableUploadException e)
        {
            throw Refusal(e);
        }
    }

    private static async Task<IResult> AppendAsync(HttpContext context, ResumableUploads uploads, string id)
    {
        var upload = Find(context, uploads, id);
        Speak(context);
        if (context.Request.ContentType != PartType)
        {
            throw new RequestRefusedException(415, $"The type of a part is {PartType}.");
        }

        var offset = Number(context, "Upload-Offset") ?? throw RequestRefusedException.BadRequest("The header Upload-Offset has to say where the part begins.");
        try
        {
            var now = await uploads.AppendAsync(context.SignedIn().UserId, upload.Id, offset, context.Request.Body, context.RequestAborted) ?? throw RequestRefusedException.NotFound("You have no such file here.");
            if (now.IsComplete)
            {
                await Scope.AuditAsync(context, "upload.complete", $"{now.Id:N}, {now.Length} bytes");
            }

            // Of thousands of parts none is worth a row of its own.
            AuditMiddleware.Written(context);
            Describe(context, now);
            return Results.NoContent();
        }
        catch (ResumableUploadException e)
        {
            throw Refusal(e);
        }
    }

    private static RequestRefusedException Refusal(ResumableUploadException e) => new(
        e.Refusal switch
        {
            ResumableRefusal.WrongOffset => 409,
            ResumableRefusal.Busy => 423,
            ResumableRefusal.NoRoom => 507,
            _ => 413,
        },
        e.Message);
}
