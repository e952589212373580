using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Takes in uploads to resources: one file in the body or a multipart part, an archive that is unpacked, or files that lie on the server (rest-api §10.3).</summary>
internal static class FileUpload
{
    public static async Task<IResult> ReceiveAsync(HttpContext context)
    {
        var caller = context.SignedIn();
        var address = ArchiveAddress.OfRoute(context);
        var parent = await ResourceParent.FindAsync(context, address, ProjectRights.Edit);
        var reference = context.Request.Query["reference"].ToString();
        if (reference.Length > 0)
        {
            context.Administrator();
        }

        var path = address.File?.TrimEnd('/') is { Length: > 0 } given ? given : null;
        var source = reference.Length > 0 ? null : await UploadBody.OpenAsync(context);
        var resource = await parent.ResourceAsync(context, address.Resource!, mayExist: true);
        var upload = new ResourceUpload(context, resource, caller.Login);
        var duplicates = source is null
            ? await ServerFiles.ImportAsync(context, upload, reference, path)
            : await upload.TakeAsync(path ?? source.FileName ?? throw RequestRefusedException.BadRequest("Neither address nor body name a file."), source.Content);
        await Scope.AuditAsync(context, "file.upload", $"{resource.Id}");
        return duplicates.Count == 0 ? Results.Ok() : Results.Content(JsonSerializer.Serialize(new { duplicates }), "text/html; charset=utf-8");
    }
}

/// <summary>The bytes of an upload.</summary>
/// <param name="FileName">Name that the part gives; null if none.</param>
/// <param name="Content">Bytes.</param>
internal sealed record UploadBody(string? FileName, Stream Content)
{
    /// <summary>Opens the body: the first file part of a multipart body, else the body itself. Nothing is buffered on disk.</summary>
    /// <exception cref="RequestRefusedException">There is nothing in it (400), or form and <c>inbody=true</c> contradict each other (406).</exception>
    public static async Task<UploadBody> OpenAsync(HttpContext context)
    {
        var inBody = RequestFlags.IsSet(context, "inbody");
        var type = MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var parsed) ? parsed : null;
        if (type?.MediaType.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase) == true)
        {
            return inBody ? throw new RequestRefusedException(406, "A multipart body and inbody=true contradict each other.") : await OpenPartAsync(context, type);
        }

        if (!inBody && type?.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) == true)
        {
            throw RequestRefusedException.BadRequest("A form holds no file: send multipart/form-data, another content type, or inbody=true.");
        }

        return new UploadBody(null, await NotEmptyAsync(context.Request.Body, context.RequestAborted));
    }

    private static async Task<UploadBody> OpenPartAsync(HttpContext context, MediaTypeHeaderValue type)
    {
        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).Value;
        if (string.IsNullOrEmpty(boundary) || boundary.Length > 200)
        {
            throw RequestRefusedException.BadRequest("The multipart body names no usable boundary.");
        }

        var reader = new MultipartReader(boundary, context.Request.Body);
        try
        {
            while (await reader.ReadNextSectionAsync(context.RequestAborted) is { } section)
            {
                if (ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition) && (disposition.FileName.Length > 0 || disposition.FileNameStar.Length > 0))
                {
                    var name = HeaderUtilities.RemoveQuotes(disposition.FileNameStar.Length > 0 ? disposition.FileNameStar : disposition.FileName).Value!;
                    return new UploadBody(Path.GetFileName(name.Replace('\\', '/')), await NotEmptyAsync(section.Body, context.RequestAborted));
                }
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException && !context.RequestAborted.IsCancellationRequested)
        {
            throw RequestRefusedException.BadRequest("The multipart body is damaged.");
        }

        throw RequestRefusedException.BadRequest("The multipart body has no file part.");
    }

    private static async Task<Stream> NotEmptyAsync(Stream body, CancellationToken cancellationToken)
    {
        var first = new byte[1];
        return await body.ReadAsync(first, cancellationToken) == 0 ? throw RequestRefusedException.BadRequest("The request has no bytes to store.") : new PrefixedStream(first, body);
    }
}

/// <summary>Bytes that were read already, then the rest of a stream.</summary>
internal sealed class PrefixedStream(byte[] prefix, Stream rest) : Stream
{
    private int _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position < prefix.Length)
        {
            var count = Math.Min(prefix.Length - _position, buffer.Length);
            prefix.AsMemory(_position, count).CopyTo(buffer);
            _position += count;
            return count;
        }

        return await rest.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
