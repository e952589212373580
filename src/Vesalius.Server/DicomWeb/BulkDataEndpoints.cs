using System.Globalization;
using Vesalius.Archive.DicomQueries;
using Vesalius.Dicom;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.DicomWeb;

/// <summary>WADO-RS: values that the metadata only names (PS3.18 §10.4.1.1.5), and all pixel data.</summary>
internal static class BulkDataEndpoints
{
    private const string Octets = "application/octet-stream";

    public static void MapDicomWebBulkData(this IEndpointRouteBuilder endpoints)
    {
        foreach (var root in DicomWebRequest.Roots)
        {
            foreach (var tail in (string[])["/studies/{study}", "/studies/{study}/series/{series}", "/studies/{study}/series/{series}/instances/{instance}"])
            {
                endpoints.MapGet(root + tail + "/bulkdata", (Delegate)((HttpContext context) => AllAsync(context, onlyPixels: false)));
                endpoints.MapGet(root + tail + "/pixeldata", (Delegate)((HttpContext context) => AllAsync(context, onlyPixels: true)));
            }

            endpoints.MapGet(root + "/studies/{study}/series/{series}/instances/{instance}/bulkdata/{**path}", (Delegate)OneAsync);
        }
    }

    private static void CheckAccepted(IReadOnlyList<AcceptedType> accepted)
    {
        if (accepted.Count > 0 && !accepted.Any(a => a.Takes(Octets)))
        {
            throw AcceptedTypes.NotAcceptable(Octets);
        }
    }

    private static async Task<IResult> AllAsync(HttpContext context, bool onlyPixels)
    {
        var request = await DicomWebRequest.ReadAsync(context);
        CheckAccepted(AcceptedTypes.Read(context));
        var files = await RetrieveEndpoints.FilesAsync(context, request, "dicomweb.download");
        return new MultipartResult(Octets, PartsAsync(context, request, files, onlyPixels));
    }

    private static async IAsyncEnumerable<BodyPart> PartsAsync(HttpContext context, DicomWebRequest request, IReadOnlyList<DicomFile> files, bool onlyPixels)
    {
        foreach (var file in files)
        {
            Part10File part;
            try
            {
                part = await Part10File.OpenAsync(file.FullPath, cancellationToken: context.RequestAborted);
            }
            catch (Exception e) when (e is MalformedDicomException or IOException)
            {
                // The others are still good.
                continue;
            }

            var address = $"{request.Studies}{Data.Experiments.Route(context, "study")}/series/{file.Place.SeriesUid}/instances/{file.Uid}/bulkdata/";
            foreach (var (element, path) in Long(part.DataSet, address, request.Settings.BulkDataThreshold))
            {
                if (!InstanceDigest.IsPixelData(element.Tag))
                {
                    if (!onlyPixels)
                    {
                        yield return Part(element, path);
                    }

                    continue;
                }

                foreach (var frame in Pixels(element, part, path))
                {
                    yield return frame;
                }
            }
        }
    }

    // Those that the metadata gives as addresses.
    private static IEnumerable<(DataElement Element, string Path)> Long(DataSet dataSet, string address, int threshold)
    {
        foreach (var element in dataSet)
        {
            var path = address + element.Tag.ToHexString();
            if (element is SequenceElement sequence)
            {
                for (var i = 0; i < sequence.Items.Count; i++)
                {
                    foreach (var inner in Long(sequence.Items[i], $"{path}/{i + 1}/", threshold))
                    {
                        yield return inner;
                    }
                }
            }
            else if (element is StreamedElement or EncapsulatedElement || (element is ValueElement value && (InstanceDigest.IsPixelData(element.Tag) || value.Bytes.Length > threshold)))
            {
                yield return (element, path);
            }
        }
    }

    private static async Task<IResult> OneAsync(HttpContext context, string path)
    {
        var request = await DicomWebRequest.ReadAsync(context);
        var accepted = AcceptedTypes.Read(context);
        CheckAccepted(accepted);
        var tags = Parse(path);
        var file = (await RetrieveEndpoints.FilesAsync(context, request, "dicomweb.download"))[0];
        Part10File part;
        try
        {
            part = await Part10File.OpenAsync(file.FullPath, cancellationToken: context.RequestAborted);
        }
        catch (Exception e) when (e is MalformedDicomException or IOException)
        {
            throw RequestRefusedException.Conflict("The instance's file cannot be read; POST /xapi/archive/verify says more.");
        }

        var element = Find(part.DataSet, tags) ?? throw RequestRefusedException.NotFound("The instance has no such attribute.");
        if (element is SequenceElement)
        {
            throw RequestRefusedException.NotFound("A sequence is no bulk data; its items' attributes may be.");
        }

        var location = $"{request.Studies}{Data.Experiments.Route(context, "study")}/series/{file.Place.SeriesUid}/instances/{file.Uid}/bulkdata/{string.Join('/', tags.Select(t => t.Item is { } item ? $"{t.Tag.ToHexString()}/{item}" : t.Tag.ToHexString()))}";
        if (InstanceDigest.IsPixelData(element.Tag) && tags.Count == 1 && element is EncapsulatedElement or StreamedElement { IsEncapsulated: true })
        {
            return new MultipartResult(Octets, Pixels(element, part, location));
        }

        return accepted.Count > 0 && accepted[0].IsMultipart ? new MultipartResult(Octets, [Part(element, location)]) : new FrameEndpoints.SinglePart(Part(element, location));
    }

    private static BodyPart Part(DataElement element, string location) => element switch
    {
        StreamedElement { IsBigEndian: false, IsEncapsulated: false, Data: FileRange range } streamed => new BodyPart(Octets, location, null, async (response, cancelled) =>
        {
            var source = streamed.Data.OpenRead();
            await using (source)
            {
                await source.CopyToAsync(response.Body, 1 << 17, cancelled);
            }
        }),
        ValueElement value => BodyPart.OfBytes(Octets, location, _ => Task.FromResult(LittleEndian(value))),
        EncapsulatedElement encapsulated => BodyPart.OfBytes(Octets, location, _ => Task.FromResult(encapsulated.EncodedItems)),
        StreamedElement streamed => BodyPart.OfBytes(Octets, location, async cancelled =>
        {
            var bytes = new byte[checked((int)streamed.Data.Length)];
            var source = streamed.Data.OpenRead();
            await using (source)
            {
                await source.ReadExactlyAsync(bytes, cancelled);
            }

            return streamed.IsEncapsulated ? bytes : LittleEndian(new ValueElement(streamed.Tag, streamed.Vr, bytes, streamed.IsBigEndian));
        }),
        _ => BodyPart.OfBytes(Octets, location, _ => Task.FromResult(ReadOnlyMemory<byte>.Empty)),
    };

    private static ReadOnlyMemory<byte> LittleEndian(ValueElement value)
    {
        if (!value.IsBigEndian || value.Vr.UnitLength < 2)
        {
            return value.Bytes;
        }

        var swapped = value.Bytes.ToArray();
        for (var i = 0; i + value.Vr.UnitLength <= swapped.Length; i += value.Vr.UnitLength)
        {
            swapped.AsSpan(i, value.Vr.UnitLength).Reverse();
        }

        return swapped;
    }

    // Codestreams one by one, since a run of fragments means nothing without its offset table.
    private static IEnumerable<BodyPart> Pixels(DataElement element, Part10File part, string location)
    {
        if (element is not (EncapsulatedElement or StreamedElement { IsEncapsulated: true }))
        {
            return [Part(element, location)];
        }

        var frames = Vesalius.Dicom.PixelData.ImageFrames.Open(part.DataSet, part.TransferSyntax.Uid);
        return Enumerable.Range(0, frames.Count).Select(i => BodyPart.OfBytes($"{Octets}; transfer-syntax={frames.TransferSyntaxUid}", location, _ =>
        {
            var bytes = frames.ReadEncoded(i);
            if (i == frames.Count - 1)
            {
                frames.Dispose();
            }

            return Task.FromResult<ReadOnlyMemory<byte>>(bytes);
        }));
    }

    private static List<(Tag Tag, int? Item)> Parse(string path)
    {
        var parts = path.Split('/');
        var tags = new List<(Tag, int?)>();
        for (var i = 0; i < parts.Length; i += 2)
        {
            if (parts[i].Length != 8 || !Tag.TryParse(parts[i], out var tag))
            {
                throw RequestRefusedException.BadRequest("Bulk data is named by tags of eight hexadecimal digits, with the number of the item between them.");
            }

            int? item = i + 1 == parts.Length ? null : int.TryParse(parts[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && i + 2 < parts.Length
                ? number : throw RequestRefusedException.BadRequest("Items are numbered from 1, and a tag follows each.");
            tags.Add((tag, item));
        }

        return tags;
    }

    private static DataElement? Find(DataSet dataSet, List<(Tag Tag, int? Item)> path)
    {
        DataElement? element = null;
        foreach (var (tag, item) in path)
        {
            element = dataSet[tag];
            if (item is null)
            {
                return element;
            }

            if (element is not SequenceElement sequence || item > sequence.Items.Count)
            {
                return null;
            }

            dataSet = sequence.Items[item.Value - 1];
        }

        return element;
    }
}
