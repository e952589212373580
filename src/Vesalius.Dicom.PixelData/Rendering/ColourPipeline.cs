namespace Vesalius.Dicom.PixelData;

/// <summary>Colour pixels and palettes to 8-bit red, green, blue (PS3.3 §C.7.6.3.1.2, §C.7.6.3.1.5).</summary>
internal static class ColourPipeline
{
    public static byte[] Render(NativeFrame frame)
    {
        var source = SampleLayout.Interleave(SampleLayout.Upsample(frame));
        var d = source.Description;
        if (d.SamplesPerPixel != 3 && d.PhotometricInterpretation != "ARGB" && d.PhotometricInterpretation != "CMYK")
        {
            throw new PixelDataException(PixelDataReason.NotRenderable, "The photometric interpretation is none that can be shown.");
        }

        var eight = To8Bits(source);
        return d.PhotometricInterpretation switch
        {
            "RGB" or "YBR_RCT" or "YBR_ICT" => eight,
            "YBR_FULL" or "YBR_FULL_422" => FromYbr(eight, isPartial: false),
            "YBR_PARTIAL_422" or "YBR_PARTIAL_444" or "YBR_PARTIAL_420" => FromYbr(eight, isPartial: true),
            _ => throw new PixelDataException(PixelDataReason.NotRenderable, "The photometric interpretation is none that can be shown."),
        };
    }

    private static byte[] To8Bits(NativeFrame frame)
    {
        var d = frame.Description;
        if (d.BitsAllocated == 8 && d.BitsStored == 8 && !d.IsSigned)
        {
            return frame.Bytes.Length == d.PixelsPerFrame * d.SamplesPerPixel ? frame.Bytes : frame.Bytes[..(int)(d.PixelsPerFrame * d.SamplesPerPixel)];
        }

        var values = SampleReader.Read(frame);
        var scale = 255.0 / (Math.Pow(2, d.BitsStored) - 1);
        var offset = d.IsSigned ? Math.Pow(2, d.BitsStored - 1) : 0;
        var result = new byte[values.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = (byte)Math.Clamp((values[i] + offset) * scale, 0, 255);
        }

        return result;
    }

    private static byte[] FromYbr(byte[] ybr, bool isPartial)
    {
        var rgb = new byte[ybr.Length];
        for (var i = 0; i + 2 < ybr.Length; i += 3)
        {
            double y = ybr[i], cb = ybr[i + 1] - 128, cr = ybr[i + 2] - 128;
            if (isPartial)
            {
                (y, cb, cr) = ((y - 16) * 255 / 219, cb * 255 / 224, cr * 255 / 224);
            }

            rgb[i] = Clamp(y + (1.402 * cr));
            rgb[i + 1] = Clamp(y - (0.344136 * cb) - (0.714136 * cr));
            rgb[i + 2] = Clamp(y + (1.772 * cb));
        }

        return rgb;
    }

    /// <summary>Red, green, blue to luminance and chroma of full range.</summary>
    public static byte[] ToYbr(byte[] rgb)
    {
        var ybr = new byte[rgb.Length];
        for (var i = 0; i + 2 < rgb.Length; i += 3)
        {
            double r = rgb[i], g = rgb[i + 1], b = rgb[i + 2];
            ybr[i] = Clamp((0.299 * r) + (0.587 * g) + (0.114 * b));
            ybr[i + 1] = Clamp((-0.168736 * r) - (0.331264 * g) + (0.5 * b) + 128);
            ybr[i + 2] = Clamp((0.5 * r) - (0.418688 * g) - (0.081312 * b) + 128);
        }

        return ybr;
    }

    private static byte Clamp(double value) => (byte)Math.Clamp(Math.Round(value), 0, 255);

    public static byte[] RenderPalette(NativeFrame frame, DataSet dataSet)
    {
        var signed = frame.Description.IsSigned;
        var tables = new[]
        {
            Palette(dataSet, Tag.RedPaletteColorLookupTableDescriptor, Tag.RedPaletteColorLookupTableData, Tag.SegmentedRedPaletteColorLookupTableData, signed),
            Palette(dataSet, Tag.GreenPaletteColorLookupTableDescriptor, Tag.GreenPaletteColorLookupTableData, Tag.SegmentedGreenPaletteColorLookupTableData, signed),
            Palette(dataSet, Tag.BluePaletteColorLookupTableDescriptor, Tag.BluePaletteColorLookupTableData, Tag.SegmentedBluePaletteColorLookupTableData, signed),
        };
        var values = SampleReader.Read(frame);
        var rgb = new byte[values.Length * 3];
        for (var i = 0; i < values.Length; i++)
        {
            for (var c = 0; c < 3; c++)
            {
                var entry = tables[c][values[i]];
                rgb[(i * 3) + c] = (byte)(tables[c].Bits > 8 ? Math.Clamp(entry / 256, 0, 255) : entry);
            }
        }

        return rgb;
    }

    private static LookupTable Palette(DataSet dataSet, Tag descriptor, Tag data, Tag segmented, bool signed) =>
        LookupTable.Read(dataSet, descriptor, data, signed) ?? LookupTable.ReadSegmented(dataSet, descriptor, segmented, signed)
        ?? throw new PixelDataException(PixelDataReason.NotRenderable, "The palette is missing or cannot be (PS3.3 §C.7.6.3.1.5).");
}
