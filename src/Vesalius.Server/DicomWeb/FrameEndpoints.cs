using System.Globalization;
using Vesalius.Archive.DicomQueries;
using Vesalius.Dicom;
using Vesalius.Dicom.PixelData;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.DicomWeb;

/// <summary>WADO-RS: single frames, as they are stored or decoded (PS3.18 §10.4.1.1.6).</summary>
internal static class FrameEndpoints
{
    private const string Octets = "application/octet-stream";
    private const int MostFrames = 10_000;

    /// <summary>Types of codestreams (PS3.18 Table 8.7.3-5), the newer name first.</summary>
    private static readonly Dictionary<string, string[]> CodestreamTypes = new()
    {
        [Uids.JPEGBaseline8Bit] = ["image/jpeg"], [Uids.JPEGExtended12Bit] = ["image/jpeg"], [Uids.JPEGLossless] = ["image/jpeg"], [Uids.JPEGLosslessSV1] = ["image/jpeg"],
        [Uids.RLELossless] = ["image/dicom-rle", "image/x-dicom-rle"], [Uids.JPEGLSLossless] = ["image/jls", "image/x-jls"], [Uids.JPEGLSNearLossless] = ["image/jls", "image/x-jls"],
        [Uids.JPEG2000Lossless] = ["image/jp2"], [Uids.JPEG2000] = ["image/jp2"], [Uids.HTJ2KLossless] = ["image/jphc"], [Uids.HTJ2KLosslessRPCL] = ["image/jphc"], [Uids.HTJ2K] = ["image/jphc"],
    };

    public static void MapDicomWebFrames(this IEndpointRouteBuilder endpoints)
    {
        foreach (var root in DicomWebRequest.Roots)
        {
            endpoints.MapGet(root + "/studies/{study}/series/{series}/instances/{instance}/frames/{frames}", (Delegate)FramesAsync);
        }
    }

    /// <summary>The numbers of a list, from 1.</summary>
    /// <exception cref="RequestRefusedException">It is no list of numbers from 1.</exception>
    public static IReadOnlyList<int> Numbers(string list)
    {
        var numbers = new List<int>();
        foreach (var text in list.Split(','))
        {
            numbers.Add(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && numbers.Count < MostFrames
                ? number : throw RequestRefusedException.BadRequest($"Frames are a list of at most {MostFrames} numbers from 1, joined by commas."));
        }

        return numbers;
    }

    /// <summary>The frames of an instance.</summary>
    /// <exception cref="RequestRefusedException">The instance holds none that can be read.</exception>
    public static async Task<InstanceFrames> OpenAsync(HttpContext context, DicomFile file)
    {
        try
        {
            return await context.RequestServices.GetRequiredService<FrameReader>().OpenAsync(file, context.RequestAborted);
        }
        catch (PixelDataException e) when (e.Reason == PixelDataReason.NoPixelData)
        {
            throw RequestRefusedException.NotFound("The instance has no frames.");
        }
        catch (Exception e) when (e is PixelDataException or MalformedDicomException)
        {
            throw RequestRefusedException.Conflict($"The frames of the instance cannot be read: {e.Message}");
        }
        catch (IOException)
        {
            throw RequestRefusedException.Conflict("The instance's file is missing on disk; POST /xapi/archive/verify names it.");
        }
    }

    private static async Task<IResult> FramesAsync(HttpContext context, string frames)
    {
        var request = await DicomWebRequest.ReadAsync(context);
        var numbers = Numbers(frames);
        var accepted = AcceptedTypes.Read(context);
        var file = (await RetrieveEndpoints.FilesAsync(context, request, "dicomweb.read"))[0];
        var source = await OpenAsync(context, file);
        context.Response.RegisterForDispose(source);
        if (numbers.Any(n => n > source.Count))
        {
            throw RequestRefusedException.NotFound($"The instance has {source.Count} frames.");
        }

        var (type, isNative, isMultipart) = Choose(accepted, source) ?? throw AcceptedTypes.NotAcceptable(
            source.IsEncapsulated ? $"frames as {Octets} with transfer-syntax {source.TransferSyntaxUid}, or {Uids.ExplicitVRLittleEndian} decoded" : $"frames as {Octets}");
        var syntax = isNative ? Uids.ExplicitVRLittleEndian : source.TransferSyntaxUid;
        var partType = $"{type}; transfer-syntax={syntax}";
        // Where decoding fails, that has to be known before the answer begins.
        var first = isNative && source.IsEncapsulated ? await DecodeAsync(source, numbers[0], context.RequestAborted) : null;
        BodyPart Part(int number, int index) => !isNative || !source.IsEncapsulated
            ? source.RangeOf(number - 1) is { } range ? BodyPart.OfFile(partType, null, range.Path, range.Start, range.Length)
                : BodyPart.OfBytes(partType, null, _ => Task.FromResult<ReadOnlyMemory<byte>>(source.ReadStored(number - 1)))
            : BodyPart.OfBytes(partType, null, async cancelled => index == 0 ? first! : await DecodeAsync(source, number, cancelled));
        return isMultipart || numbers.Count > 1 ? new MultipartResult(type, [.. numbers.Select(Part)]) : new SinglePart(Part(numbers[0], 0));
    }

    private static async Task<byte[]> DecodeAsync(InstanceFrames source, int number, CancellationToken cancellationToken)
    {
        try
        {
            return await source.ReadNativeAsync(number - 1, cancellationToken);
        }
        catch (PixelDataException e)
        {
            throw new RequestRefusedException(406, $"The frame cannot be decoded: {e.Message} It can be fetched as it is stored with transfer-syntax=*.");
        }
    }

    // Octets without a syntax are decoded (PS3.18 §8.7.3.3.2); a codestream's own type, or any syntax, is what is stored.
    private static (string Type, bool IsNative, bool IsMultipart)? Choose(IReadOnlyList<AcceptedType> accepted, InstanceFrames source)
    {
        var types = source.IsEncapsulated && CodestreamTypes.TryGetValue(source.TransferSyntaxUid, out var known) ? known : [];
        foreach (var one in accepted.Count == 0 ? [new AcceptedType("*/*", false, null)] : accepted)
        {
            var isStored = one.TransferSyntax == "*" || one.TransferSyntax == source.TransferSyntaxUid;
            if (one.Takes(Octets))
            {
                if (isStored || one.TransferSyntax is null or Uids.ExplicitVRLittleEndian)
                {
                    return (Octets, !isStored, one.IsMultipart);
                }
            }
            else if (Array.Find(types, one.Takes) is { } type && (one.TransferSyntax is null || isStored))
            {
                return (type, false, one.IsMultipart);
            }
        }

        return null;
    }

    /// <summary>One part as the whole body.</summary>
    public sealed class SinglePart(BodyPart part) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentType = part.ContentType;
            httpContext.Response.ContentLength = part.Length;
            if (part.Location is not null)
            {
                httpContext.Response.Headers.ContentLocation = part.Location;
            }

            return part.Write(httpContext.Response, httpContext.RequestAborted);
        }
    }
}
