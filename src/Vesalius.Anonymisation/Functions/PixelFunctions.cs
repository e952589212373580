using System.Globalization;
using Vesalius.Anonymisation.Evaluation;
using Vesalius.Anonymisation.Pixels;
using Vesalius.Dicom;
using Vesalius.Dicom.PixelData;

namespace Vesalius.Anonymisation.Functions;

/// <summary><c>alterPixels</c> (§7.5).</summary>
internal static class PixelFunctions
{
    public static ScriptValue AlterPixels(FunctionCall call)
    {
        if (call.RequiredText(0).Trim() != "rectangle" || call.RequiredText(2).Trim() != "solid")
        {
            throw new EvaluationException("'alterPixels' knows the shape 'rectangle' and the fill 'solid' only.");
        }

        var rectangle = Measures(call.RequiredText(1));
        CheckFill(call.RequiredText(3));
        var run = call.Run;
        if (!ImageDescription.HasPixels(run.DataSet))
        {
            return ScriptValue.Missing;
        }

        using var timed = new CancellationTokenSource(run.TimeLeft > TimeSpan.Zero ? run.TimeLeft : throw run.TimeIsOver(), run.Context.Time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(timed.Token, run.CancellationToken);
        try
        {
            // Overlays and icons stay: §7.5 leaves them to statements of their own.
            var options = new RedactionOptions { ScratchFolder = run.Context.ScratchFolder, Codecs = run.Context.Codecs };
            var result = PixelRedaction.Redact(run.DataSet, run.PixelSyntaxUid, [new BlankedArea(rectangle)], options, stop.Token);
            run.PixelSyntaxUid = result.TransferSyntaxUid;
            run.PixelsAltered |= result.IsAltered;
        }
        catch (OperationCanceledException) when (!run.CancellationToken.IsCancellationRequested)
        {
            throw run.TimeIsOver();
        }
        catch (PixelDataException e)
        {
            throw new EvaluationException($"the pixels cannot be altered: {e.Message}");
        }

        if (run.PixelsAltered && run.Container(0x0002) is { } meta && meta.Contains(Tag.TransferSyntaxUID))
        {
            meta.SetString(Tag.TransferSyntaxUID, Uids.ExplicitVRLittleEndian, Vr.UI);
        }

        return ScriptValue.Missing;
    }

    private static PixelRectangle Measures(string text)
    {
        var sides = new Dictionary<char, long>();
        foreach (var part in text.Split(','))
        {
            var pair = part.Split('=', StringSplitOptions.TrimEntries);
            if (pair.Length != 2
                || pair[0] is not ("l" or "left" or "t" or "top" or "r" or "right" or "b" or "bottom")
                || !long.TryParse(pair[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                || !sides.TryAdd(pair[0][0], number))
            {
                throw new EvaluationException("the measures are not of the form \"l=…, t=…, r=…, b=…\".");
            }
        }

        return sides.Count == 4 ? new PixelRectangle(sides['l'], sides['t'], sides['r'], sides['b']) : throw new EvaluationException("a measure is missing.");
    }

    private static void CheckFill(string text)
    {
        var pair = text.Split('=', 2, StringSplitOptions.TrimEntries);
        if (pair.Length != 2 || pair[0] is not ("v" or "value") || pair[1].Split(',').Length is not (1 or 3)
            || !pair[1].Split(',').All(p => double.TryParse(p, NumberStyles.Float, CultureInfo.InvariantCulture, out _)))
        {
            throw new EvaluationException("the fill is not of the form \"v=…\".");
        }
    }
}
