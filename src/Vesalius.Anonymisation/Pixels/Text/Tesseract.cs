using System.Diagnostics;
using System.Globalization;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>A word that was read.</summary>
/// <param name="Rectangle">Its place in the picture that was read.</param>
/// <param name="Text">What it says.</param>
/// <param name="Confidence">0 to 100.</param>
/// <param name="Page">Number of the page, from 0.</param>
/// <param name="Line">Number of its line in all pages.</param>
internal sealed record ReadWord(PixelRectangle Rectangle, string Text, double Confidence, int Page, int Line);

/// <summary>Runs Tesseract on a picture or pages of pictures: PNG or TIFF to its standard input, words with their places from its standard output; no file is written.</summary>
internal static class Tesseract
{
    /// <summary>Words of a picture with their places in it.</summary>
    public static async Task<IReadOnlyList<ReadWord>> ReadAsync(byte[] picture, string mode, TextSearchOptions options, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(options.Program)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var argument in new[] { "stdin", "stdout", "--psm", mode, "-l", "eng", "tsv" })
        {
            start.ArgumentList.Add(argument);
        }

        // Its threads spin against those of other readers.
        start.Environment["OMP_THREAD_LIMIT"] = "1";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.Time);
        Process process;
        try
        {
            process = Process.Start(start) ?? throw new TextSearchException("Tesseract cannot be started.");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new TextSearchException("Tesseract (Debian package tesseract-ocr) is not installed.");
        }

        using (process)
        {
            try
            {
                // What it says beside the words may quote them.
                process.ErrorDataReceived += static (_, _) => { };
                process.BeginErrorReadLine();
                var output = process.StandardOutput.ReadToEndAsync(limit.Token);
                await process.StandardInput.BaseStream.WriteAsync(picture, limit.Token).ConfigureAwait(false);
                process.StandardInput.Close();
                var text = await output.ConfigureAwait(false);
                await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
                return process.ExitCode == 0 ? Parse(text) : throw new TextSearchException("Tesseract failed on a frame.");
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                Kill(process);
                cancellationToken.ThrowIfCancellationRequested();
                throw new TextSearchException(e is IOException ? "Tesseract failed on a frame." : "Tesseract took too long on a frame.");
            }
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    // level page block paragraph line word left top width height confidence text; level 4 is a line, 5 a word.
    private static List<ReadWord> Parse(string tsv)
    {
        var words = new List<ReadWord>();
        var lineNumber = 0;
        foreach (var line in tsv.Split('\n'))
        {
            var fields = line.Split('\t');
            lineNumber += fields[0] == "4" ? 1 : 0;
            if (fields.Length < 12 || fields[0] != "5" || string.IsNullOrWhiteSpace(fields[11])
                || !double.TryParse(fields[10], NumberStyles.Float, CultureInfo.InvariantCulture, out var confidence))
            {
                continue;
            }

            int Number(int i) => int.Parse(fields[i], CultureInfo.InvariantCulture);
            words.Add(new ReadWord(new PixelRectangle(Number(6), Number(7), Number(6) + Number(8), Number(7) + Number(9)), fields[11].Trim(), confidence, Number(1) - 1, lineNumber));
        }

        return words;
    }
}
