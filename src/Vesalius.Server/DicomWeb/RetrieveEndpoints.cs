using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Vesalius.Archive.DicomQueries;
using Vesalius.Dicom;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.DicomWeb;

/// <summary>WADO-RS: instances as they are stored, and their metadata (PS3.18 §10.4; xapi F.5).</summary>
internal static class RetrieveEndpoints
{
    private const string DicomType = "application/dicom";
    private const string JsonType = "application/dicom+json";
    private const string XmlType = "application/dicom+xml";

    public static void MapDicomWebRetrieval(this IEndpointRouteBuilder endpoints)
    {
        foreach (var root in DicomWebRequest.Roots)
        {
            foreach (var tail in (string[])["/studies/{study}", "/studies/{study}/series/{series}", "/studies/{study}/series/{series}/instances/{instance}"])
            {
                endpoints.MapGet(root + tail, (Delegate)InstancesAsync);
                endpoints.MapGet(root + tail + "/metadata", (Delegate)MetadataAsync);
            }
        }
    }

    /// <summary>What the address names.</summary>
    public static DicomAddress Address(HttpContext context) =>
        new(Data.Experiments.Route(context, "study")!, Data.Experiments.Route(context, "series"), Data.Experiments.Route(context, "instance"));

    /// <summary>The files that the address names, with the look in the trail.</summary>
    /// <exception cref="RequestRefusedException">There are none, or they are not the caller's to read.</exception>
    public static async Task<IReadOnlyList<DicomFile>> FilesAsync(HttpContext context, DicomWebRequest request, string action)
    {
        var files = await context.RequestServices.GetRequiredService<DicomFileDirectory>().FilesAsync(request.Scope, Address(context), context.RequestAborted);
        if (files.Count == 0)
        {
            throw RequestRefusedException.NotFound("There is no such study, series or instance.");
        }

        await LookedAsync(context, action, files.Select(f => f.Place));
        return files;
    }

    private static async Task LookedAsync(HttpContext context, string action, IEnumerable<DicomPlace> places)
    {
        var looks = context.RequestServices.GetRequiredService<DicomWebLooks>();
        foreach (var subject in places.Select(p => $"{p.SessionId}/{p.Owner}").Distinct())
        {
            await looks.RecordAsync(context, action, subject);
        }
    }

    private static async Task<IResult> InstancesAsync(HttpContext context)
    {
        var request = await DicomWebRequest.ReadAsync(context);
        var accepted = AcceptedTypes.Read(context);
        var isSingle = Data.Experiments.Route(context, "instance") is not null;
        var choice = accepted.Count == 0 ? new AcceptedType(DicomType, !isSingle, null)
            : accepted.FirstOrDefault(a => a.Takes(DicomType) && (a.IsMultipart || a.IsAny || isSingle))
                ?? throw AcceptedTypes.NotAcceptable(isSingle ? "application/dicom, alone or as multipart/related" : "multipart/related; type=\"application/dicom\"");
        var files = await FilesAsync(context, request, "dicomweb.download");
        if (files.Count(f => !File.Exists(f.FullPath)) is > 0 and var missing)
        {
            throw RequestRefusedException.Conflict($"{missing} of {files.Count} files are missing on disk; POST /xapi/archive/verify names them.");
        }

        var isNative = choice.TransferSyntax is Uids.ExplicitVRLittleEndian;
        if (choice.TransferSyntax is not (null or "*" or Uids.ExplicitVRLittleEndian) && !await AreAllStoredAsAsync(files, choice.TransferSyntax, context.RequestAborted))
        {
            throw AcceptedTypes.NotAcceptable("instances in the transfer syntax that they are stored in, or in Explicit VR Little Endian");
        }

        if (isSingle && !choice.IsMultipart && !choice.IsAny)
        {
            return isNative ? Results.Bytes(await DecodedInstance.ReadAsync(files[0].FullPath, context.RequestAborted), DicomType) : Results.File(files[0].FullPath, DicomType, enableRangeProcessing: true);
        }

        return new MultipartResult(DicomType, files.Select(f => isNative
            ? BodyPart.OfBytes($"{DicomType}; transfer-syntax={Uids.ExplicitVRLittleEndian}", null, async cancelled => await DecodedInstance.ReadAsync(f.FullPath, cancelled))
            : BodyPart.OfFile(DicomType, null, f.FullPath, 0, null)));
    }

    private static async Task<bool> AreAllStoredAsAsync(IReadOnlyList<DicomFile> files, string syntax, CancellationToken cancellationToken)
    {
        foreach (var file in files)
        {
            if ((await Part10File.ReadHeaderAsync(file.FullPath, cancellationToken: cancellationToken)).TransferSyntax.Uid != syntax)
            {
                return false;
            }
        }

        return true;
    }

    private static async Task<IResult> MetadataAsync(HttpContext context)
    {
        var request = await DicomWebRequest.ReadAsync(context);
        var accepted = AcceptedTypes.Read(context);
        var isXml = accepted.Count > 0 && (accepted.FirstOrDefault(a => (!a.IsMultipart && (a.Takes(JsonType) || a.Takes("application/json"))) || a.Takes(XmlType))
            ?? throw AcceptedTypes.NotAcceptable($"{JsonType}, {XmlType}")) is var choice && !choice.IsAny && choice.Takes(XmlType) && !choice.Takes(JsonType);
        var address = Address(context);
        var places = await context.RequestServices.GetRequiredService<DicomFileDirectory>().PlacesAsync(request.Scope, address, context.RequestAborted);
        var digests = DigestsAsync(context, request, address, places, context.RequestAborted);
        // The first is looked for before anything is answered.
        var first = digests.GetAsyncEnumerator(context.RequestAborted);
        context.Response.RegisterForDisposeAsync(first);
        if (!await first.MoveNextAsync())
        {
            throw RequestRefusedException.NotFound("There is no such study, series or instance.");
        }

        await LookedAsync(context, "dicomweb.read", places);
        var root = Encoding.UTF8.GetBytes(JsonEncodedText.Encode(request.Studies).ToString());
        return isXml ? new MultipartResult(XmlType, XmlPartsAsync(first, root)) : new JsonMetadata(first, root);
    }

    // Without copies: an instance that is there twice stands in two resources.
    private static async IAsyncEnumerable<InstanceDigest> DigestsAsync(
        HttpContext context, DicomWebRequest request, DicomAddress address, IReadOnlyList<DicomPlace> places, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var store = context.RequestServices.GetRequiredService<DigestStore>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var part in store.ReadAsync(address.Study, places, request.Settings.BulkDataThreshold, cancellationToken))
        {
            foreach (var digest in part)
            {
                if ((address.Instance is null || digest.Uid == address.Instance) && seen.Add(digest.Uid))
                {
                    yield return digest;
                }
            }
        }
    }

    /// <summary>The JSON of an instance with addresses below a root.</summary>
    public static void WriteJson(IBufferWriter<byte> target, InstanceDigest digest, ReadOnlySpan<byte> root)
    {
        var json = digest.Json.Span;
        int at;
        while ((at = json.IndexOf(InstanceDigest.BaseMark)) >= 0)
        {
            target.Write(json[..at]);
            target.Write(root);
            json = json[(at + 1)..];
        }

        target.Write(json);
    }

    private static async IAsyncEnumerable<BodyPart> XmlPartsAsync(IAsyncEnumerator<InstanceDigest> digests, byte[] root)
    {
        do
        {
            var buffer = new ArrayBufferWriter<byte>();
            WriteJson(buffer, digests.Current, root);
            using var document = JsonDocument.Parse(buffer.WrittenMemory);
            var xml = NativeModelWriter.Write(document.RootElement);
            yield return BodyPart.OfBytes(XmlType, null, _ => Task.FromResult<ReadOnlyMemory<byte>>(xml));
        }
        while (await digests.MoveNextAsync());
    }

    private sealed class JsonMetadata(IAsyncEnumerator<InstanceDigest> digests, byte[] root) : IResult
    {
        private const int FlushLength = 1 << 17;

        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentType = JsonType;
            var body = httpContext.Response.BodyWriter;
            var unflushed = 0;
            body.Write("["u8);
            while (true)
            {
                WriteJson(body, digests.Current, root);
                unflushed += digests.Current.Json.Length;
                if (!await digests.MoveNextAsync())
                {
                    break;
                }

                body.Write(","u8);
                if (unflushed > FlushLength)
                {
                    await body.FlushAsync(httpContext.RequestAborted);
                    unflushed = 0;
                }
            }

            body.Write("]"u8);
            await body.FlushAsync(httpContext.RequestAborted);
        }
    }
}
