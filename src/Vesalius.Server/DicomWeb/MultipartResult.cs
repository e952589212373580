using System.Security.Cryptography;
using System.Text;

namespace Vesalius.Server.DicomWeb;

/// <summary>A part of an answer.</summary>
/// <param name="ContentType">Its type.</param>
/// <param name="Location">Address of the part alone; null if it has none.</param>
/// <param name="Write">Writes its bytes.</param>
internal sealed record BodyPart(string ContentType, string? Location, Func<HttpResponse, CancellationToken, Task> Write)
{
    /// <summary>A part whose bytes lie in a file.</summary>
    public static BodyPart OfFile(string contentType, string? location, string path, long start, long? length) =>
        new(contentType, location, (response, cancelled) => response.SendFileAsync(path, start, length, cancelled));

    /// <summary>A part whose bytes are made when it is its turn.</summary>
    public static BodyPart OfBytes(string contentType, string? location, Func<CancellationToken, Task<ReadOnlyMemory<byte>>> read) =>
        new(contentType, location, async (response, cancelled) => await response.Body.WriteAsync(await read(cancelled), cancelled));
}

/// <summary>Streams parts as <c>multipart/related</c> (PS3.18 §8.6.1.2). The first part is made before anything is sent, so that its failure can still be answered.</summary>
/// <param name="type">Type of the parts.</param>
/// <param name="parts">The parts.</param>
internal sealed class MultipartResult(string type, IAsyncEnumerable<BodyPart> parts) : IResult
{
    public MultipartResult(string type, IEnumerable<BodyPart> parts)
        : this(type, AsAsync(parts))
    {
    }

#pragma warning disable CS1998 // An enumerator without waiting.
    private static async IAsyncEnumerable<BodyPart> AsAsync(IEnumerable<BodyPart> parts)
#pragma warning restore CS1998
    {
        foreach (var part in parts)
        {
            yield return part;
        }
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var boundary = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var response = httpContext.Response;
        var cancelled = httpContext.RequestAborted;
        response.ContentType = $"multipart/related; type=\"{type}\"; boundary={boundary}";
        var lead = $"--{boundary}\r\n";
        await foreach (var part in parts.WithCancellation(cancelled))
        {
            var location = part.Location is null ? "" : $"Content-Location: {part.Location}\r\n";
            await response.Body.WriteAsync(Encoding.ASCII.GetBytes($"{lead}Content-Type: {part.ContentType}\r\n{location}\r\n"), cancelled);
            await part.Write(response, cancelled);
            lead = $"\r\n--{boundary}\r\n";
        }

        await response.Body.WriteAsync(Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n"), cancelled);
    }
}
