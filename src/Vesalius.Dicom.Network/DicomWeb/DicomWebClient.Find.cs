using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Vesalius.Dicom.Network;

/// <content>QIDO-RS (PS3.18 §10.6).</content>
public sealed partial class DicomWebClient
{
    private static readonly JsonSerializerOptions JsonOptions = new() { MaxDepth = 256 };

    /// <summary>Queries the server, page by page, until it has no more.</summary>
    /// <param name="level">Study, series or image.</param>
    /// <param name="matching">Keys to match. Study and Series Instance UID become the path where they name one.</param>
    /// <param name="returned">Keys to return besides those that the server returns anyway.</param>
    /// <param name="isFuzzy">Asks for fuzzy matching of names; servers may ignore it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Answers as they arrive, each once even if the server repeats it on another page.</returns>
    /// <exception cref="DicomWebException">The server failed or refused.</exception>
    /// <exception cref="ArgumentException">The level is patient, which QIDO does not have.</exception>
    public async IAsyncEnumerable<DataSet> FindAsync(
        QueryLevel level, IEnumerable<KeyValuePair<Tag, string>> matching, IEnumerable<Tag>? returned = null, bool isFuzzy = false,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(matching);
        var (key, path) = Address(level, matching.Where(k => k.Value.Length > 0).ToDictionary(k => k.Key, k => k.Value), returned ?? [], isFuzzy);
        var seen = new HashSet<string>();
        for (var offset = 0; ;)
        {
            var count = 0;
            var known = seen.Count;
            var page = PageAsync(string.Create(CultureInfo.InvariantCulture, $"{path}limit={_options.PageSize}&offset={offset}"), cancellationToken);
            await foreach (var answer in page.ConfigureAwait(false))
            {
                count++;
                // Without its UID an answer is of no use, and could not be told from one that came already.
                if (answer.GetString(key) is { Length: > 0 } uid && seen.Add(uid))
                {
                    yield return answer;
                }
            }

            // Servers may send smaller pages than asked for, so a short page is no end; one that brings nothing new is, as of a server that ignores the offset.
            if (seen.Count == known)
            {
                yield break;
            }

            offset += count;
        }
    }

    private static (Tag Key, string Path) Address(QueryLevel level, Dictionary<Tag, string> keys, IEnumerable<Tag> returned, bool isFuzzy)
    {
        string? Take(Tag tag) => keys.TryGetValue(tag, out var uid) && IsUid(uid) && keys.Remove(tag) ? uid : null;
        (Tag, string) target;
        switch (level)
        {
            case QueryLevel.Study:
                target = (Tag.StudyInstanceUID, "studies");
                break;
            case QueryLevel.Series:
                target = (Tag.SeriesInstanceUID, Take(Tag.StudyInstanceUID) is { } parent ? $"studies/{parent}/series" : "series");
                break;
            case QueryLevel.Image:
                var study = Take(Tag.StudyInstanceUID);
                var series = study is null ? null : Take(Tag.SeriesInstanceUID);
                target = (Tag.SOPInstanceUID, study is null ? "instances" : series is null ? $"studies/{study}/instances" : $"studies/{study}/series/{series}/instances");
                break;
            default:
                throw new ArgumentException("QIDO-RS has no level above studies.", nameof(level));
        }

        var query = new StringBuilder(target.Item2).Append('?');
        foreach (var (tag, value) in keys)
        {
            // Lists of UIDs stand with commas here (PS3.18 §8.3.4.1). Commas and asterisks need no escape (RFC 3986 §3.4), and some servers understand none.
            var escaped = Uri.EscapeDataString(value.Replace('\\', ',')).Replace("%2A", "*", StringComparison.Ordinal).Replace("%2C", ",", StringComparison.Ordinal);
            query.Append(Hex(tag)).Append('=').Append(escaped).Append('&');
        }

        foreach (var tag in returned)
        {
            query.Append("includefield=").Append(Hex(tag)).Append('&');
        }

        return (target.Item1, query.Append(isFuzzy ? "fuzzymatching=true&" : "").ToString());
    }

    private async IAsyncEnumerable<DataSet> PageAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await GetAsync(path, new MediaTypeWithQualityHeaderValue("application/dicom+json"), _options.Query, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NoContent)
        {
            yield break;
        }

        if (response.Content.Headers.ContentType?.MediaType is not ("application/dicom+json" or "application/json"))
        {
            throw new DicomWebException(DicomWebFault.InvalidAnswer, "not of type application/dicom+json", response.StatusCode);
        }

        var body = await OpenAsync(response, _options.Query, _options.MaximumPageLength, cancellationToken).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            var elements = JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(body, JsonOptions, cancellationToken).GetAsyncEnumerator(cancellationToken);
            await using (elements.ConfigureAwait(false))
            {
                while (await NextAsync(elements).ConfigureAwait(false) is { } answer)
                {
                    yield return answer;
                }
            }
        }
    }

    private static async Task<DataSet?> NextAsync(IAsyncEnumerator<JsonElement> elements)
    {
        try
        {
            return await elements.MoveNextAsync().ConfigureAwait(false) ? DicomJsonReader.Read(Encoding.UTF8.GetBytes(elements.Current.GetRawText())) : null;
        }
        catch (Exception e) when (e is JsonException or MalformedDicomException or InvalidOperationException)
        {
            // The exceptions' texts may quote the answer, so they are not passed on.
            throw new DicomWebException(DicomWebFault.InvalidAnswer, "malformed DICOM JSON");
        }
    }
}
