using System.Globalization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Vesalius.Archive.Downloads;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Data;

/// <summary>Streams files as one archive file. A zip without compression has a length and a tag, and can be continued where it broke off.</summary>
/// <param name="entries">Members.</param>
/// <param name="checksums">Recorded checksum of each member.</param>
/// <param name="name">File name without extension.</param>
/// <param name="format"><c>zip</c>, <c>tar</c>, <c>tar.gz</c>, or <c>xar</c>, which is a zip of another name.</param>
internal sealed class DownloadResult(IReadOnlyList<DownloadEntry> entries, IEnumerable<string> checksums, string name, string format) : IResult
{
    /// <summary>True for formats that are streamed as one file.</summary>
    public static bool IsArchive(string format) => format is "zip" or "tar" or "tar.gz" or "tgz";

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        CheckFiles();
        var response = httpContext.Response;
        var extension = format == "tgz" ? "tar.gz" : format;
        response.ContentType = extension switch { "zip" => "application/zip", "tar" => "application/x-tar", "xar" => "application/xar", _ => "application/x-gtar" };
        var safe = new string([.. name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_')]);
        response.Headers.ContentDisposition = $"attachment; filename=\"{safe}.{extension}\"";
        int? level = httpContext.Request.Query.TryGetValue("compression", out var asked)
            ? int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 9 ? number : throw RequestRefusedException.BadRequest("compression is a number from 0 to 9.")
            : null;
        if (extension is "zip" or "xar" && level is null or 0)
        {
            await SendStoredAsync(httpContext);
            return;
        }

        if (HttpMethods.IsHead(httpContext.Request.Method))
        {
            return;
        }

        // The framework's writers end members with small synchronous writes.
        httpContext.Features.Get<IHttpBodyControlFeature>()!.AllowSynchronousIO = true;
        await (extension is "zip" or "xar"
            ? CompressedDownload.WriteZipAsync(response.Body, entries, level!.Value, httpContext.RequestAborted)
            : CompressedDownload.WriteTarAsync(response.Body, entries, extension == "tar" ? null : level ?? 1, httpContext.RequestAborted));
    }

    // What is found missing before the first byte can still be said.
    private void CheckFiles()
    {
        var wrong = entries.Count(e => e.Path is not null && (new FileInfo(e.Path) is not { Exists: true } file || file.Length != e.Size));
        if (wrong > 0)
        {
            throw RequestRefusedException.Conflict($"{wrong} of {entries.Count} files are missing on disk or were changed; POST /xapi/archive/verify names them.");
        }
    }

    private async Task SendStoredAsync(HttpContext context)
    {
        var zip = new StoredZip(entries);
        var tag = new EntityTagHeaderValue($"\"{zip.Tag(checksums)}\"");
        var (request, response) = (context.Request, context.Response);
        response.Headers.ETag = tag.ToString();
        response.Headers.AcceptRanges = "bytes";
        var (from, count) = (0L, zip.Length);
        var headers = request.GetTypedHeaders();
        if (headers.IfNoneMatch.Any(t => t.Compare(tag, useStrongComparison: false)))
        {
            response.StatusCode = 304;
            return;
        }

        // Another tag means that the files changed since: the whole is sent.
        if (headers.Range is { Unit.Value: "bytes", Ranges: { Count: 1 } ranges } && (headers.IfRange is null || headers.IfRange.EntityTag?.Compare(tag, useStrongComparison: true) == true))
        {
            var range = ranges.First();
            from = range.From ?? Math.Max(0, zip.Length - range.To!.Value);
            var to = range.From is null ? zip.Length - 1 : Math.Min(range.To ?? long.MaxValue, zip.Length - 1);
            if (from > to)
            {
                response.StatusCode = 416;
                response.Headers.ContentRange = $"bytes */{zip.Length}";
                response.ContentLength = 0;
                return;
            }

            count = to - from + 1;
            response.StatusCode = 206;
            response.Headers.ContentRange = $"bytes {from}-{to}/{zip.Length}";
        }

        response.ContentLength = count;
        if (!HttpMethods.IsHead(request.Method))
        {
            await zip.WriteAsync(response.BodyWriter, from, count, context.RequestAborted);
        }
    }
}
