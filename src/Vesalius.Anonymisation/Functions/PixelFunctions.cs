using System.Globalization;
using Vesalius.Anonymisation.Evaluation;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Functions;

/// <summary><c>alterPixels</c> (§7.5).</summary>
internal static class PixelFunctions
{
    private sealed record Rectangle(long Left, long Top, long Right, long Bottom);

    public static ScriptValue AlterPixels(FunctionCall call)
    {
        if (call.RequiredText(0).Trim() != "rectangle" || call.RequiredText(2).Trim() != "solid")
        {
            throw new EvaluationException("'alterPixels' knows the shape 'rectangle' and the fill 'solid' only.");
        }

        var measures = Measures(call.RequiredText(1));
        CheckFill(call.RequiredText(3));
        var dataSet = call.Run.DataSet;
        var tag = new[] { Tag.PixelData, new Tag(0x7FE0_0008), new Tag(0x7FE0_0009) }.FirstOrDefault(dataSet.Contains);
        if (tag == default)
        {
            return ScriptValue.Missing;
        }

        var layout = PixelLayout.Of(dataSet);
        var left = Math.Clamp(measures.Left, 0, layout.Columns);
        var right = Math.Clamp(measures.Right, 0, layout.Columns);
        var top = Math.Clamp(measures.Top, 0, layout.Rows);
        var bottom = Math.Clamp(measures.Bottom, 0, layout.Rows);
        if (left >= right || top >= bottom)
        {
            return ScriptValue.Missing;
        }

        var bytes = NativeBytes(call, dataSet[tag]!);
        // Decoding may have changed the photometric interpretation.
        layout = PixelLayout.Of(dataSet);
        layout.Fill(bytes, (int)left, (int)top, (int)right, (int)bottom);
        dataSet.Set(new ValueElement(tag, dataSet[tag]!.Vr is var vr && layout.BitsAllocated > 8 && vr == Vr.OB ? Vr.OW : vr, bytes));
        if (call.Run.Container(0x0002) is { } meta && meta.Contains(Tag.TransferSyntaxUID))
        {
            meta.SetString(Tag.TransferSyntaxUID, Uids.ExplicitVRLittleEndian, Vr.UI);
        }

        call.Run.PixelsAltered = true;
        return ScriptValue.Missing;
    }

    private static byte[] NativeBytes(FunctionCall call, DataElement element)
    {
        switch (element)
        {
            case ValueElement { IsBigEndian: true } value when value.Vr.UnitLength > 1:
                var swapped = value.Bytes.ToArray();
                for (var i = 0; i + value.Vr.UnitLength <= swapped.Length; i += value.Vr.UnitLength)
                {
                    swapped.AsSpan(i, value.Vr.UnitLength).Reverse();
                }

                return swapped;
            case ValueElement value:
                return value.Bytes.ToArray();
            case EncapsulatedElement encapsulated when call.Run.Context.PixelDecoder is { } decoder:
                try
                {
                    return decoder.Decode(call.Run.DataSet, encapsulated, call.Run.Context.TransferSyntaxUid ?? "");
                }
                catch (InvalidOperationException)
                {
                    throw new EvaluationException("the pixels cannot be decoded.");
                }

            default:
                throw new EvaluationException("the pixels are compressed or too large and cannot be altered here.");
        }
    }

    private static Rectangle Measures(string text)
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

        return sides.Count == 4 ? new Rectangle(sides['l'], sides['t'], sides['r'], sides['b']) : throw new EvaluationException("a measure is missing.");
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

/// <summary>How native pixel data lies in its bytes (PS3.3 §C.7.6.3, PS3.5 §8.1): frames × rows × columns × samples, or by plane.</summary>
internal sealed record PixelLayout(int Rows, int Columns, int Samples, int BitsAllocated, int Frames, bool ByPlane, string Photometric)
{
    public static PixelLayout Of(DataSet dataSet)
    {
        var rows = Required(dataSet, Tag.Rows);
        var columns = Required(dataSet, Tag.Columns);
        var bits = Required(dataSet, Tag.BitsAllocated);
        var samples = (int)(dataSet.GetInteger(Tag.SamplesPerPixel) ?? 1);
        var frames = (int)Math.Clamp(dataSet.GetInteger(Tag.NumberOfFrames) ?? 1, 1, int.MaxValue);
        if (bits is not (1 or 8 or 16 or 32 or 64) || samples is < 1 or > 4)
        {
            throw new EvaluationException("the pixels are described in a way that cannot be altered.");
        }

        return new PixelLayout(
            rows, columns, samples, bits, frames, samples > 1 && dataSet.GetInteger(Tag.PlanarConfiguration) == 1, dataSet.GetString(Tag.PhotometricInterpretation) ?? "");
    }

    private static int Required(DataSet dataSet, Tag tag) =>
        dataSet.GetInteger(tag) is { } value and > 0 and <= 0xFFFF ? (int)value : throw new EvaluationException($"{tag} is missing or unusable.");

    private bool IsSubsampled => Photometric is "YBR_FULL_422" or "YBR_PARTIAL_422" && Samples == 3 && !ByPlane;

    /// <summary>Blanks a rectangle in every frame: zeros, in YBR the black of (0,128,128).</summary>
    public void Fill(byte[] bytes, int left, int top, int right, int bottom)
    {
        var pixelsPerFrame = (long)Rows * Columns;
        var frameLength = BitsAllocated == 1 ? 0 : IsSubsampled ? pixelsPerFrame * 2 * BitsAllocated / 8 : pixelsPerFrame * Samples * BitsAllocated / 8;
        var needed = BitsAllocated == 1 ? ((pixelsPerFrame * Samples * Frames) + 7) / 8 : frameLength * Frames;
        if (bytes.Length < needed)
        {
            throw new EvaluationException("the pixel data is shorter than its description.");
        }

        for (var frame = 0; frame < Frames; frame++)
        {
            for (var row = top; row < bottom; row++)
            {
                FillRow(bytes, frame, frameLength, row, left, right);
            }
        }
    }

    private void FillRow(byte[] bytes, int frame, long frameLength, int row, int left, int right)
    {
        var size = BitsAllocated / 8;
        if (BitsAllocated == 1)
        {
            for (var column = left; column < right; column++)
            {
                var bit = ((((long)frame * Rows) + row) * Columns) + column;
                bytes[bit >> 3] &= (byte)~(1 << (int)(bit & 7));
            }

            return;
        }

        var start = frame * frameLength;
        if (IsSubsampled)
        {
            FillSubsampledRow(bytes, start, row, left, right);
            return;
        }

        for (var sample = 0; sample < Samples; sample++)
        {
            var middle = sample > 0 && Photometric.StartsWith("YBR", StringComparison.Ordinal);
            for (var column = left; column < right; column++)
            {
                var pixel = ((long)row * Columns) + column;
                var at = start + (ByPlane ? ((sample * (long)Rows * Columns) + pixel) * size : ((pixel * Samples) + sample) * size);
                bytes.AsSpan((int)at, size).Clear();
                if (middle)
                {
                    bytes[at + size - 1] = 0x80;
                }
            }
        }
    }

    // Two pixels share their chroma: Y1 Y2 CB CR.
    private void FillSubsampledRow(byte[] bytes, long start, int row, int left, int right)
    {
        for (var column = left; column < right; column++)
        {
            var pair = start + ((((long)row * Columns) + column) / 2 * 4);
            bytes[pair + (column & 1)] = 0;
            bytes[pair + 2] = 0x80;
            bytes[pair + 3] = 0x80;
        }
    }
}
