using System.Globalization;
using Vesalius.Archive.DicomQueries;
using Vesalius.Dicom;
using Vesalius.Dicom.PixelData;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.DicomWeb;

/// <summary>WADO-RS: pictures for screens (PS3.18 §10.4.1.1.3, §10.4.1.1.4).</summary>
internal static class RenderedEndpoints
{
    private const int ThumbnailSize = 128;
    private const int MostPixels = 8192;
    private const int MostGrid = 4096;
    private const int MostImages = 100;
    private const int MostAnimated = 512;
    private const int DefaultQuality = 90;

    public static void MapDicomWebRendering(this IEndpointRouteBuilder endpoints)
    {
        foreach (var root in DicomWebRequest.Roots)
        {
            foreach (var tail in (string[])["/studies/{study}", "/studies/{study}/series/{series}", "/studies/{study}/series/{series}/instances/{instance}", "/studies/{study}/series/{series}/instances/{instance}/frames/{frames}"])
            {
                endpoints.MapGet(root + tail + "/rendered", (Delegate)((HttpContext context) => RenderedAsync(context, isThumbnail: false)));
                endpoints.MapGet(root + tail + "/thumbnail", (Delegate)((HttpContext context) => RenderedAsync(context, isThumbnail: true)));
            }
        }
    }

    private sealed record Wanted(RenderOptions Options, int Quality, int? Frame, string Type)
    {
        public static Wanted Read(HttpContext context, bool isThumbnail, string? type = null)
        {
            var query = context.Request.Query;
            var (columns, rows) = Viewport(query["viewport"].ToString(), isThumbnail);
            return new Wanted(
                new RenderOptions { MostColumns = columns, MostRows = rows, Window = Window(query["window"].ToString()) }, Number(query["quality"].ToString(), "quality", 1, 100) ?? DefaultQuality,
                Number(query["frame"].ToString(), "frame", 1, int.MaxValue), type ?? TypeOf(AcceptedTypes.Read(context)));
        }

        private static string TypeOf(IReadOnlyList<AcceptedType> accepted) => accepted.Count == 0 ? "image/jpeg"
            : accepted.Where(a => !a.IsMultipart).Select(a => Array.Find((string[])["image/jpeg", "image/png", "image/gif"], a.Takes)).FirstOrDefault(t => t is not null)
                ?? throw AcceptedTypes.NotAcceptable("image/jpeg, image/png, image/gif");

        private static int? Number(string text, string name, int least, int most) => text.Length == 0 ? null
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
                ? number : throw RequestRefusedException.BadRequest($"{name} is a whole number from {least}{(most == int.MaxValue ? "" : $" to {most}")}.");

        private static (int? Columns, int? Rows) Viewport(string text, bool isThumbnail)
        {
            if (text.Length == 0)
            {
                return isThumbnail ? (ThumbnailSize, ThumbnailSize) : (null, null);
            }

            var parts = text.Split(',');
            return parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var columns) && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var rows)
                && columns is > 0 and <= MostPixels && rows is > 0 and <= MostPixels
                    ? (columns, rows) : throw RequestRefusedException.BadRequest($"viewport is width,height, each from 1 to {MostPixels}.");
        }

        private static Window? Window(string text)
        {
            if (text.Length == 0)
            {
                return null;
            }

            var parts = text.Split(',');
            VoiFunction? function = parts.Length < 3 ? VoiFunction.Linear : parts[2].ToLowerInvariant() switch
            {
                "linear" => VoiFunction.Linear, "linear-exact" or "linear_exact" => VoiFunction.LinearExact, "sigmoid" => VoiFunction.Sigmoid, _ => null,
            };
            return parts.Length is 2 or 3 && function is { } shape && double.TryParse(parts[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var center) && double.IsFinite(center)
                && double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var width) && double.IsFinite(width) && width >= (shape == VoiFunction.Linear ? 1 : double.Epsilon)
                    ? new Window(center, width, shape) : throw RequestRefusedException.BadRequest("window is center,width and perhaps linear, linear-exact or sigmoid; the width is above 0, for linear at least 1.");
        }
    }

    private static async Task<IResult> RenderedAsync(HttpContext context, bool isThumbnail)
    {
        var request = await DicomWebRequest.ReadAsync(context);
        var wanted = Wanted.Read(context, isThumbnail);
        IReadOnlyList<int> numbers = Data.Experiments.Route(context, "frames") is { } list ? FrameEndpoints.Numbers(list) : wanted.Frame is { } frame ? [frame] : [];
        var files = await RetrieveEndpoints.FilesAsync(context, request, "dicomweb.read");
        return await ShowAsync(context, files, wanted, numbers, middleFrame: isThumbnail, isInstance: Data.Experiments.Route(context, "instance") is not null);
    }

    /// <summary>A picture of some files: of the one in the middle.</summary>
    public static Task<IResult> SnapshotAsync(HttpContext context, IReadOnlyList<DicomFile> files) =>
        ShowAsync(context, files, Wanted.Read(context, isThumbnail: true), [], middleFrame: true, isInstance: false);

    /// <summary>Pictures from the beginning to the end of some files, in equal steps, as one.</summary>
    /// <exception cref="RequestRefusedException">There is no picture in them (406).</exception>
    public static async Task<IResult> GridAsync(HttpContext context, IReadOnlyList<DicomFile> files, int columns, int rows, bool isThumbnail)
    {
        var wanted = Wanted.Read(context, isThumbnail: true);
        var cell = isThumbnail ? ThumbnailSize / 2 : ThumbnailSize * 2;
        var (width, height) = context.Request.Query.ContainsKey("viewport") ? (wanted.Options.MostColumns ?? cell, wanted.Options.MostRows ?? cell) : (cell, cell);
        // However large its cells are wished for, all pictures of a grid lie in memory together.
        var options = wanted.Options with { MostColumns = Math.Min(width, MostGrid / columns), MostRows = Math.Min(height, MostGrid / rows) };
        var images = new List<RenderedImage>();
        foreach (var (file, frame) in await FramesAsync(context, files, columns * rows))
        {
            if (await RenderAsync(context, file.FullPath, frame, middleFrame: true, options) is var (image, _, _))
            {
                images.Add(image);
            }
        }

        return images.Count > 0 ? await EncodedAsync(context, PictureGrid.Compose(images, columns, rows), wanted) : throw NoPicture();
    }

    // So many frames of files, in order; of many files one frame each, and of few as many as it takes.
    private static async Task<IReadOnlyList<(DicomFile File, int? Frame)>> FramesAsync(HttpContext context, IReadOnlyList<DicomFile> files, int most)
    {
        if (files.Count >= most)
        {
            return [.. Sample(files, most).Select(f => (f, (int?)null))];
        }

        var frames = new List<(DicomFile, int?)>();
        foreach (var file in files)
        {
            try
            {
                using var source = await context.RequestServices.GetRequiredService<FrameReader>().OpenAsync(file, context.RequestAborted);
                frames.AddRange(Enumerable.Range(1, source.Count).Select(n => (file, (int?)n)));
            }
            catch (Exception e) when (e is PixelDataException or MalformedDicomException or IOException)
            {
                continue;
            }
        }

        return Sample(frames, most);
    }

    private static async Task<IResult> ShowAsync(HttpContext context, IReadOnlyList<DicomFile> files, Wanted wanted, IReadOnlyList<int> numbers, bool middleFrame, bool isInstance)
    {
        if (wanted.Type == "image/gif" && !middleFrame && (numbers.Count > 1 || (numbers.Count == 0 && (files.Count > 1 || isInstance))))
        {
            return await AnimateAsync(context, files, wanted, numbers, isInstance);
        }

        // Beside the middle there may be what is no image.
        foreach (var file in files.Skip(files.Count / 2).Concat(files.Take(files.Count / 2)).Take(isInstance ? 1 : 8))
        {
            if (await RenderAsync(context, file.FullPath, numbers.Count > 0 ? numbers[0] : null, middleFrame, wanted.Options) is not var (image, number, count))
            {
                continue;
            }

            if (isInstance)
            {
                TellFrame(context, number, count);
            }

            return await EncodedAsync(context, image, wanted);
        }

        throw NoPicture();
    }

    private static RequestRefusedException NoPicture() => new(406, "There is no picture in it that can be shown.");

    private static async Task<IResult> EncodedAsync(HttpContext context, RenderedImage image, Wanted wanted) => Results.Bytes(
        wanted.Type switch
        {
            "image/png" => PngWriter.Encode(image),
            "image/gif" => GifWriter.Encode([image]),
            _ => await JpegAsync(image, wanted.Quality, context.RequestAborted),
        },
        wanted.Type);

    /// <summary>True for the types of pictures that can be made of DICOM files.</summary>
    public static bool Makes(string type) => type is "image/jpeg" or "image/png" or "image/gif";

    /// <summary>A DICOM file as a picture of a type: its first frame, or the one that <c>frame</c> names.</summary>
    /// <exception cref="RequestRefusedException">It holds no picture (406), or not so many frames (404).</exception>
    public static async Task<IResult> OfFileAsync(HttpContext context, string path, string type)
    {
        var wanted = Wanted.Read(context, isThumbnail: false, type);
        return await RenderAsync(context, path, wanted.Frame, middleFrame: false, wanted.Options) is var (image, _, _) ? await EncodedAsync(context, image, wanted) : throw NoPicture();
    }

    private static async Task<IResult> AnimateAsync(HttpContext context, IReadOnlyList<DicomFile> files, Wanted wanted, IReadOnlyList<int> numbers, bool isInstance)
    {
        // An animation that nobody would wait for is thinned out.
        var options = wanted.Options with { MostColumns = Math.Min(wanted.Options.MostColumns ?? MostAnimated, MostAnimated), MostRows = Math.Min(wanted.Options.MostRows ?? MostAnimated, MostAnimated) };
        var images = new List<RenderedImage>();
        var chosen = Sample(files, MostImages);
        foreach (var file in chosen)
        {
            IEnumerable<int> frames = numbers;
            if (numbers.Count == 0)
            {
                try
                {
                    using var source = await context.RequestServices.GetRequiredService<FrameReader>().OpenAsync(file, context.RequestAborted);
                    frames = Sample([.. Enumerable.Range(1, source.Count)], Math.Max(1, MostImages / chosen.Count));
                }
                catch (Exception e) when (e is PixelDataException or MalformedDicomException or IOException)
                {
                    continue;
                }
            }

            foreach (var number in frames)
            {
                if (await RenderAsync(context, file.FullPath, number, middleFrame: false, options) is var (image, shown, count))
                {
                    if (isInstance && images.Count == 0)
                    {
                        TellFrame(context, shown, count);
                    }

                    images.Add(image);
                }
            }
        }

        return images.Count > 0 ? Results.Bytes(GifWriter.Encode(images), "image/gif") : throw NoPicture();
    }

    // The frame that is shown, of an animation the first, and how many the instance has.
    private static void TellFrame(HttpContext context, int number, int count)
    {
        context.Response.Headers["X-Frame-Count"] = count.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["X-Frame-Number"] = number.ToString(CultureInfo.InvariantCulture);
    }

    private static IReadOnlyList<T> Sample<T>(IReadOnlyList<T> all, int most) =>
        all.Count <= most ? all : [.. Enumerable.Range(0, most).Select(i => all[(int)((long)i * all.Count / most)])];

    private static async Task<byte[]> JpegAsync(RenderedImage image, int quality, CancellationToken cancellationToken)
    {
        try
        {
            return await FrameRenderer.ToJpegAsync(image, quality, null, cancellationToken);
        }
        catch (PixelDataException)
        {
            throw new RequestRefusedException(406, "JPEG cannot be made on this server; ask for image/png.");
        }
    }

    private static async Task<(RenderedImage Image, int Number, int Count)?> RenderAsync(HttpContext context, string path, int? number, bool middleFrame, RenderOptions options)
    {
        try
        {
            var part = await Part10File.OpenAsync(path, cancellationToken: context.RequestAborted);
            if (!ImageDescription.HasPixels(part.DataSet))
            {
                return null;
            }

            using var frames = ImageFrames.Open(part.DataSet, part.TransferSyntax.Uid);
            var wanted = number ?? (middleFrame ? (frames.Count / 2) + 1 : 1);
            return wanted <= frames.Count ? (await FrameRenderer.RenderAsync(part.DataSet, frames, wanted - 1, options, context.RequestAborted), wanted, frames.Count)
                : throw RequestRefusedException.NotFound($"The instance has {frames.Count} frames.");
        }
        catch (Exception e) when (e is PixelDataException or MalformedDicomException or IOException)
        {
            return null;
        }
    }
}
