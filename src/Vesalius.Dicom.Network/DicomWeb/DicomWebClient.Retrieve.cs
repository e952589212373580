using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.WebUtilities;

namespace Vesalius.Dicom.Network;

/// <content>WADO-RS (PS3.18 §10.4).</content>
public sealed partial class DicomWebClient
{
    /// <summary>Retrieves a study, a series or an instance as the server keeps it, object by object.</summary>
    /// <param name="studyInstanceUid">The study.</param>
    /// <param name="seriesInstanceUid">The series; null for all.</param>
    /// <param name="sopInstanceUid">The instance; null for all. Needs the series.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Each object as the stream of a DICOM file (PS3.10), valid until the next is asked for; whoever reads slowly holds the server back.
    /// Reading it throws <see cref="DicomWebException"/> too.</returns>
    /// <exception cref="DicomWebException">The server failed or refused; objects read to their ends until then are good.</exception>
    /// <exception cref="ArgumentException">An identifier is no UID, or the instance comes without its series.</exception>
    public async IAsyncEnumerable<Stream> RetrieveAsync(
        string studyInstanceUid, string? seriesInstanceUid = null, string? sopInstanceUid = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var path = RetrievalPath(studyInstanceUid, seriesInstanceUid, sopInstanceUid);
        var accept = new MediaTypeWithQualityHeaderValue("multipart/related")
        {
            Parameters = { new NameValueHeaderValue("type", "\"application/dicom\""), new NameValueHeaderValue("transfer-syntax", "*") },
        };
        using var response = await GetAsync(path, accept, _options.Retrieve, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NoContent)
        {
            yield break;
        }

        var body = await OpenAsync(response, _options.Retrieve, null, cancellationToken).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            var type = response.Content.Headers.ContentType;
            if (type?.MediaType == "application/dicom")
            {
                yield return body;
                yield break;
            }

            var reader = new MultipartReader(Boundary(type), body);
            while (await NextAsync(reader, cancellationToken).ConfigureAwait(false) is { } part)
            {
                yield return new AnswerStream(part.Body, _options.Retrieve, null);
            }
        }
    }

    private static string RetrievalPath(string study, string? series, string? instance)
    {
        if (!IsUid(study) || (series is not null && !IsUid(series)) || (instance is not null && (series is null || !IsUid(instance))))
        {
            throw new ArgumentException("A retrieval names a study, a study and a series, or those and an instance, each by its UID.", nameof(study));
        }

        return $"studies/{study}{(series is null ? "" : $"/series/{series}")}{(instance is null ? "" : $"/instances/{instance}")}";
    }

    private static string Boundary(MediaTypeHeaderValue? type)
    {
        var boundary = type?.Parameters.FirstOrDefault(p => p.Name.Equals("boundary", StringComparison.OrdinalIgnoreCase))?.Value?.Trim('"');
        // At most 70 characters (RFC 2046 §5.1.1).
        return type?.MediaType == "multipart/related" && boundary is { Length: > 0 and <= 70 }
            ? boundary
            : throw new DicomWebException(DicomWebFault.InvalidAnswer, "not of type multipart/related with a boundary");
    }

    private static async Task<MultipartSection?> NextAsync(MultipartReader reader, CancellationToken cancellationToken)
    {
        MultipartSection? part;
        try
        {
            part = await reader.ReadNextSectionAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new DicomWebException(DicomWebFault.InvalidAnswer, "the parts are malformed or end early", inner: e);
        }

        return part is null || MediaTypeHeaderValue.TryParse(part.ContentType, out var type) && type.MediaType == "application/dicom"
            ? part
            : throw new DicomWebException(DicomWebFault.InvalidAnswer, "a part is not of type application/dicom");
    }
}
