using System.Globalization;
using SkiaSharp;
using Vesalius.Anonymisation.Pixels;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>Draws a patient's name and other identifiers into pictures as scanners do, in many sizes, places, colours and fonts.</summary>
internal sealed class PicturePlanting(Backgrounds backgrounds, string fontFolder)
{
    private static readonly string[] Fonts =
    [
        "dejavu/DejaVuSans.ttf", "dejavu/DejaVuSans-Bold.ttf", "dejavu/DejaVuSansMono.ttf", "dejavu/DejaVuSansMono-Bold.ttf", "dejavu/DejaVuSerif.ttf",
        "liberation/LiberationSans-Regular.ttf", "liberation/LiberationSans-Bold.ttf", "liberation/LiberationMono-Regular.ttf", "liberation/LiberationSansNarrow-Regular.ttf",
        "liberation/LiberationSerif-Regular.ttf", "liberation/LiberationSansNarrow-Bold.ttf",
    ];

    private static readonly (int Columns, int Rows)[] Sizes = [(640, 480), (800, 600), (1024, 768), (512, 512), (768, 576), (1280, 960)];
    private static readonly string[] Layouts = ["top bar", "corner list", "bottom line", "over the image", "label box", "page"];
    private static readonly SKColor[] OnDark = [SKColors.White, new(210, 210, 210), new(255, 255, 0), new(0, 230, 230), new(120, 255, 120), new(255, 170, 60), new(150, 150, 150)];
    private static readonly SKColor[] OnLight = [SKColors.Black, new(40, 40, 90), new(90, 0, 0)];

    // Less difference in brightness than this nobody can read.
    private const int LeastContrast = 70;

    /// <summary>Makes a picture.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="number">Which picture.</param>
    /// <param name="clean">True for one without text.</param>
    public Picture Make(int seed, int number, bool clean)
    {
        var random = new Random(unchecked((seed * 32452843) + (number * 2) + (clean ? 1 : 0)));
        var modality = number % 2 == 0 ? "US" : "SC";
        var (columns, rows) = Sizes[random.Next(Sizes.Length)];
        using var bitmap = new SKBitmap(columns, rows, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var canvas = new SKCanvas(bitmap);
        var isColour = backgrounds.Draw(canvas, columns, rows, modality, clean, random);
        if (clean)
        {
            return Finish($"clean-{number:D3}", modality, "clean", 0, [], bitmap, isColour, random);
        }

        var layout = Layouts[random.Next(Layouts.Length)];
        using var typeface = SKTypeface.FromFile(Path.Combine(fontFolder, Fonts[random.Next(Fonts.Length)]));
        var size = random.Next(rows >= 900 ? 14 : 11, 30);
        using var font = new SKFont(typeface, size)
        {
            Edging = random.Next(3) == 0 ? SKFontEdging.Alias : SKFontEdging.Antialias,
            Hinting = SKFontHinting.Normal,
        };
        var words = Write(canvas, bitmap, font, layout, Subject.Make(seed + 500_000, number), random);
        return Finish($"text-{number:D3}", modality, layout, Math.Abs(font.Metrics.CapHeight), words, bitmap, isColour, random);
    }

    private static List<DrawnWord> Write(SKCanvas canvas, SKBitmap bitmap, SKFont font, string layout, Subject subject, Random random)
    {
        var lines = Lines(subject, layout, random);
        var (columns, rows) = (bitmap.Width, bitmap.Height);
        var height = font.Spacing * 1.05f;
        var width = lines.Max(l => font.MeasureText(string.Join(' ', l.Select(w => w.Text))));
        var block = height * lines.Count;
        using var paint = new SKPaint { IsAntialias = font.Edging != SKFontEdging.Alias };
        var edge = font.Size * 0.4f;
        var right = Math.Max(edge, columns - width - edge);
        var low = Math.Max(edge, rows - block - edge);
        var (x, y) = layout switch
        {
            "top bar" => ((float)(edge + (random.NextDouble() * Math.Max(0, columns - width - (2 * edge)))), edge * (float)random.NextDouble()),
            "bottom line" => ((float)(edge + (random.NextDouble() * Math.Max(0, columns - width - (2 * edge)))), low),
            "corner list" => (random.Next(2) == 0 ? edge : right, random.Next(2) == 0 ? edge : low),
            _ => ((float)(edge + (random.NextDouble() * (right - edge))), (float)(edge + (random.NextDouble() * (low - edge)))),
        };
        var area = new SKRect(x - edge, y - (edge / 2), x + width + edge, y + block + (edge / 2));
        if (layout == "page")
        {
            canvas.Clear(new SKColor((byte)random.Next(225, 256), (byte)random.Next(225, 256), (byte)random.Next(225, 256)));
        }
        else if (layout == "label box" || (layout == "top bar" && random.Next(2) == 0))
        {
            var shade = (byte)(random.Next(2) == 0 ? random.Next(200, 256) : random.Next(0, 70));
            paint.Color = new SKColor(shade, shade, shade);
            canvas.DrawRect(layout == "top bar" ? new SKRect(0, 0, columns, area.Bottom) : area, paint);
        }

        canvas.Flush();
        paint.Color = Colour(Brightness(bitmap, area), random);
        var words = new List<DrawnWord>();
        foreach (var line in lines)
        {
            y += height;
            var at = x;
            foreach (var (text, isName) in line)
            {
                var advance = font.MeasureText(text + " ");
                // The dot behind an initial tells nothing.
                font.MeasureText(text.TrimEnd('.', ','), out var bounds);
                bounds.Offset(at, y - (height * 0.25f));
                // What runs over the edge is not on the screen.
                if (bounds.Right <= columns && bounds.Left >= 0 && bounds.Bottom <= rows && bounds.Top >= 0)
                {
                    canvas.DrawText(text, at, y - (height * 0.25f), SKTextAlign.Left, font, paint);
                    words.Add(new DrawnWord(text, isName, new PixelRectangle((int)bounds.Left, (int)bounds.Top, (int)Math.Ceiling(bounds.Right), (int)Math.Ceiling(bounds.Bottom))));
                }

                at += advance;
            }
        }

        canvas.Flush();
        return words;
    }

    private static List<List<(string Text, bool IsName)>> Lines(Subject subject, string layout, Random random)
    {
        var (family, given) = (Subject.Plain(subject.Family), Subject.Plain(subject.Given));
        var name = random.Next(5) switch
        {
            0 => $"{family.ToUpperInvariant()}, {given}",
            1 => $"{given} {family}",
            2 => $"{family.ToUpperInvariant()} {given.ToUpperInvariant()}",
            3 => $"{family.ToUpperInvariant()}^{given.ToUpperInvariant()}",
            _ => $"{family}, {given[..1]}.",
        };
        List<(string, bool)> Words(string text, bool isName) => [.. text.Split(' ').Where(w => w.Length > 1).Select(w => (w, isName))];
        var rest = new List<List<(string, bool)>>
        {
            Words($"ID: {subject.PatientId}", false),
            Words("DOB " + subject.BirthDate.ToString(random.Next(2) == 0 ? "dd/MM/yyyy" : "yyyy-MM-dd", CultureInfo.InvariantCulture), false),
            Words(subject.Institution, false),
            Words("Acc " + subject.Accession, false),
        };
        List<List<(string, bool)>> lines = layout is "top bar" or "bottom line" or "over the image"
            ? [[.. Words(name, true), .. random.Next(3) == 0 ? [] : rest[random.Next(2)]]]
            : [Words(name, true), .. rest.Take(random.Next(0, 5))];
        return lines;
    }

    private static SKColor Colour(double brightness, Random random)
    {
        var fitting = OnDark.Concat(OnLight).Where(c => Math.Abs(Brightness(c) - brightness) >= LeastContrast && (brightness > 140) == OnLight.Contains(c)).ToList();
        return fitting.Count == 0 ? brightness > 128 ? SKColors.Black : SKColors.White : fitting[random.Next(fitting.Count)];
    }

    private static double Brightness(SKColor c) => Math.Max(c.Red, Math.Max(c.Green, c.Blue));

    private static double Brightness(SKBitmap bitmap, SKRect area)
    {
        var (sum, count) = (0.0, 0);
        for (var y = Math.Max(0, (int)area.Top); y < Math.Min(bitmap.Height, (int)area.Bottom); y += 2)
        {
            for (var x = Math.Max(0, (int)area.Left); x < Math.Min(bitmap.Width, (int)area.Right); x += 2)
            {
                sum += Brightness(bitmap.GetPixel(x, y));
                count++;
            }
        }

        return count == 0 ? 0 : sum / count;
    }

    private static Picture Finish(string name, string modality, string layout, double capHeight, List<DrawnWord> words, SKBitmap bitmap, bool isColour, Random random)
    {
        // A third went through lossy compression on its way.
        using var lossy = random.Next(3) == 0 ? bitmap.Encode(SKEncodedImageFormat.Jpeg, random.Next(70, 95)) : null;
        using var decoded = lossy is null ? null : SKBitmap.Decode(lossy).Copy(SKColorType.Rgba8888);
        var pixels = (decoded ?? bitmap).GetPixelSpan();
        var count = bitmap.Width * bitmap.Height;
        var samples = new byte[count * (isColour ? 3 : 1)];
        for (var i = 0; i < count; i++)
        {
            var (r, g, b) = (pixels[i * 4], pixels[(i * 4) + 1], pixels[(i * 4) + 2]);
            if (isColour)
            {
                (samples[i * 3], samples[(i * 3) + 1], samples[(i * 3) + 2]) = (r, g, b);
            }
            else
            {
                samples[i] = Math.Max(r, Math.Max(g, b));
            }
        }

        return new Picture(name, modality, layout, capHeight, words, Picture.MakeObject(modality, bitmap.Width, bitmap.Height, isColour, samples));
    }
}
