using SkiaSharp;
using Vesalius.Dicom;
using Vesalius.Dicom.PixelData;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>What is seen behind text: pictures of real objects, and screens that are drawn.</summary>
internal sealed class Backgrounds
{
    // Objects that hold text of their own would spoil the count of false alarms.
    private static readonly string[] WithText = ["burned-in", "Exam Summary", "PM5644", "studies/us-stress-echo-acuson", "modalities", "archives", "pixel-formats", "reports-and-derived", "charsets", "malformed",
        // Random noise instead of a picture.
        "IM-0001-0170-0001", "nifti"];

    private readonly List<(string Path, RenderedImage Image)> _ultrasound = [];
    private readonly List<(string Path, RenderedImage Image)> _others = [];

    /// <summary>Reads pictures of a folder of objects: ultrasound with its own settings in it, and slices and radiographs without text.</summary>
    public static async Task<Backgrounds> ReadAsync(string folder)
    {
        var backgrounds = new Backgrounds();
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var isUltrasound = path.Contains("us-stress-echo", StringComparison.Ordinal);
            if (!isUltrasound && (!path.EndsWith(".dcm", StringComparison.Ordinal) || WithText.Any(t => path.Contains(t, StringComparison.Ordinal)) || backgrounds._others.Count >= 80))
            {
                continue;
            }

            try
            {
                var file = Part10File.Read(await File.ReadAllBytesAsync(path));
                if (!isUltrasound && (file.DataSet.GetString(Tag.Modality) is not ("CT" or "MR" or "CR" or "DX" or "PT" or "MG") || file.DataSet.GetInteger(Tag.Rows) is null or < 128
                    || file.DataSet.GetString(Tag.SOPClassUID)!.StartsWith("1.2.840.10008.5.1.4.1.1.7", StringComparison.Ordinal)))
                {
                    continue;
                }

                // Every eighth slice of a long series is enough.
                if (path.Contains("mprage", StringComparison.Ordinal) && !path.EndsWith("7.dcm", StringComparison.Ordinal))
                {
                    continue;
                }

                using var frames = ImageFrames.Open(file.DataSet, file.TransferSyntax.Uid);
                var image = await FrameRenderer.RenderAsync(file.DataSet, frames, 0, new RenderOptions { AutomaticWindow = file.DataSet.GetString(Tag.WindowCenter) is null }, default);
                if (!isUltrasound && IsNoise(image))
                {
                    continue;
                }

                (isUltrasound ? backgrounds._ultrasound : backgrounds._others).Add((path, image));
            }
            catch (Exception e) when (e is MalformedDicomException or PixelDataException)
            {
                // Not what is measured here.
            }
        }

        return backgrounds;
    }

    // Where neighbours differ as much as any two pixels do (phase outside of the body), people read nothing either.
    private static bool IsNoise(RenderedImage image)
    {
        var mean = image.Bytes.Average(b => (double)b);
        var deviation = image.Bytes.Average(b => Math.Abs(b - mean));
        var step = Enumerable.Range(0, image.Bytes.Length - image.Samples).Average(i => Math.Abs(image.Bytes[i] - image.Bytes[i + image.Samples]));
        return step > deviation * 0.6;
    }

    /// <summary>Draws a background on the whole canvas.</summary>
    /// <returns>True if it is in colour.</returns>
    public bool Draw(SKCanvas canvas, int columns, int rows, string modality, bool withoutText, Random random)
    {
        canvas.Clear(SKColors.Black);
        var list = modality == "US" && !withoutText ? _ultrasound : _others;
        switch (random.Next(list.Count == 0 ? 1 : 4))
        {
            case 0 when modality == "US":
                Sector(canvas, columns, rows, random);
                return random.Next(2) == 0;
            case 0:
                var shade = (byte)random.Next(0, 60);
                canvas.Clear(new SKColor(shade, shade, shade));
                return random.Next(2) == 0;
            default:
                var (_, image) = list[random.Next(list.Count)];
                using (var bitmap = ToBitmap(image))
                using (var picture = SKImage.FromBitmap(bitmap))
                {
                    // As large as the screen's height, in the middle.
                    var scale = Math.Min((float)columns / image.Columns, (float)rows / image.Rows);
                    var (width, height) = (image.Columns * scale, image.Rows * scale);
                    canvas.DrawImage(picture, new SKRect((columns - width) / 2, (rows - height) / 2, (columns + width) / 2, (rows + height) / 2), new SKSamplingOptions(SKFilterMode.Linear));
                }

                return image.Samples == 3 || random.Next(3) == 0;
        }
    }

    // A fan of speckle, as an ultrasound probe sees it.
    private static void Sector(SKCanvas canvas, int columns, int rows, Random random)
    {
        using var paint = new SKPaint { IsAntialias = true };
        var (x, y, reach) = (columns / 2f, rows * 0.08f, rows * 0.85f);
        for (var i = 0; i < columns * rows / 40; i++)
        {
            var angle = (random.NextDouble() - 0.5) * 1.4;
            var distance = Math.Sqrt(random.NextDouble()) * reach;
            var brightness = (byte)(random.NextDouble() * random.NextDouble() * (140 + (80 * Math.Sin(distance / 23))));
            paint.Color = new SKColor(brightness, brightness, brightness);
            canvas.DrawOval((float)(x + (Math.Sin(angle) * distance)), (float)(y + (Math.Cos(angle) * distance)), 3, 1.2f, paint);
        }
    }

    private static SKBitmap ToBitmap(RenderedImage image)
    {
        var bitmap = new SKBitmap(image.Columns, image.Rows, SKColorType.Rgba8888, SKAlphaType.Opaque);
        var pixels = new byte[image.Columns * image.Rows * 4];
        for (var i = 0; i < image.Columns * image.Rows; i++)
        {
            for (var c = 0; c < 3; c++)
            {
                pixels[(i * 4) + c] = image.Bytes[image.Samples == 3 ? (i * 3) + c : i];
            }

            pixels[(i * 4) + 3] = 255;
        }

        System.Runtime.InteropServices.Marshal.Copy(pixels, 0, bitmap.GetPixels(), pixels.Length);
        return bitmap;
    }
}
