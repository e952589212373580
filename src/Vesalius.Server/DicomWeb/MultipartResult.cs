using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Vesalius.Server.DicomWeb;

/// <summary>A part of an answer.</summary>
/// <param name="ContentType">Its type.</param>
/// <param name="Location">Address of the part alone; null if it has none.</param>
/// <param name="Length">Number of its bytes; null if it is not known before.</param>
/// <param name="Write">Writes its bytes.</param>
internal sealed record BodyPart(string ContentType, string? Location, long? Length, Func<HttpResponse, CancellationToken, Task> Write)
{
    // A frame of 512 × 512 goes in two pieces: each piece costs a change of threads.
    private const int Piece = 1 << 18;

    /// <summary>A part whose bytes lie in a file.</summary>
    public static BodyPart OfFile(string contentType, string? location, string path, long start, long? length) =>
        new(contentType, location, length, (response, cancelled) => SendAsync(response, path, start, length, cancelled));

    /// <summary>A part whose bytes are made when it is its turn.</summary>
    public static BodyPart OfBytes(string contentType, string? location, Func<CancellationToken, Task<ReadOnlyMemory<byte>>> read) =>
        new(contentType, location, null, async (response, cancelled) => await response.Body.WriteAsync(await read(cancelled), cancelled));

    // Read straight into what the connection sends from.
    private static async Task SendAsync(HttpResponse response, string path, long start, long? length, CancellationToken cancellationToken)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        var body = response.BodyWriter;
        var at = start;
        for (var left = length ?? RandomAccess.GetLength(file) - start; left > 0;)
        {
            var wanted = (int)Math.Min(left, Piece);
            var read = RandomAccess.Read(file, body.GetMemory(wanted).Span[..wanted], at);
            if (read == 0)
            {
                throw new IOException("A file is shorter than what was to be sent of it.");
            }

            body.Advance(read);
            (at, left) = (at + read, left - read);
            if ((await body.FlushAsync(cancellationToken)).IsCompleted)
            {
                return;
            }
        }
    }
}

/// <summary>Streams parts as <c>multipart/related</c> (PS3.18 §8.6.1.2). The first part is made before anything is sent, so that its failure can still be answered.</summary>
/// <param name="type">Type of the parts.</param>
/// <param name="parts">The parts.</param>
internal sealed class MultipartResult(string type, IAsyncEnumerable<BodyPart> parts) : IResult
{
    private readonly IReadOnlyList<BodyPart>? _known;

    public MultipartResult(string type, IEnumerable<BodyPart> parts)
        : this(type, AsAsync(parts)) => _known = parts as IReadOnlyList<BodyPart>;

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
        // Where every part's length is known, the answer's is.
        if (_known is not null && _known.All(p => p.Length is not null))
        {
            response.ContentLength = _known.Select((p, i) => Head(boundary, i == 0, p).Length + p.Length!.Value).Sum() + End(boundary).Length;
        }

        // What fails from here on ends the connection; it must not be taken for an answer that is still to be made.
        await response.StartAsync(cancelled);
        var isFirst = true;
        await foreach (var part in parts.WithCancellation(cancelled))
        {
            // Sent together with the part's first bytes.
            response.BodyWriter.Write(Head(boundary, isFirst, part));
            await part.Write(response, cancelled);
            isFirst = false;
        }

        response.BodyWriter.Write(End(boundary));
        await response.BodyWriter.FlushAsync(cancelled);
    }

    private static byte[] Head(string boundary, bool isFirst, BodyPart part) => Encoding.ASCII.GetBytes(
        $"{(isFirst ? "" : "\r\n")}--{boundary}\r\nContent-Type: {part.ContentType}\r\n{(part.Location is null ? "" : $"Content-Location: {part.Location}\r\n")}\r\n");

    private static byte[] End(string boundary) => Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n");
}
