using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>Blanks overlay planes (60xx; PS3.3 §C.9.2) inside rectangles of the image that they lie over. Overlays in unused bits of pixel cells go with the cells.</summary>
internal static class OverlayRedaction
{
    public static void Clear(DataSet dataSet, IReadOnlyList<BlankedArea> areas)
    {
        dataSet.Remove(Tag.IconImageSequence);
        for (var group = 0x6000; group <= 0x601E; group += 2)
        {
            if (dataSet[new Tag((ushort)group, 0x3000)] is not { } element)
            {
                continue;
            }

            if (element is not ValueElement plane || !TryClear(dataSet, (ushort)group, plane, areas))
            {
                // What lies where cannot be told, so none of it may stay.
                dataSet.RemoveWhere(e => e.Tag.Group == group);
            }
        }
    }

    private static bool TryClear(DataSet dataSet, ushort group, ValueElement plane, IReadOnlyList<BlankedArea> areas)
    {
        long? Number(ushort element) => dataSet.GetInteger(new Tag(group, element));
        var origin = dataSet.GetStrings(new Tag(group, 0x0050));
        if (Number(0x0010) is not ({ } and > 0 and <= 0xFFFF and var rows) || Number(0x0011) is not ({ } and > 0 and <= 0xFFFF and var columns)
            || origin.Count < 2 || !int.TryParse(origin[0], out var top) || !int.TryParse(origin[1], out var left))
        {
            return false;
        }

        var frames = Math.Max(1, Number(0x0015) ?? 1);
        var firstFrame = (Number(0x0051) ?? 1) - 1;
        var bytes = plane.Bytes.ToArray();
        if (((rows * columns * frames) + 7) / 8 > bytes.Length)
        {
            return false;
        }

        if (plane.IsBigEndian && plane.Vr == Vr.OW)
        {
            Swap(bytes);
        }

        for (long frame = 0; frame < frames; frame++)
        {
            foreach (var area in areas)
            {
                // A single overlay frame lies over all frames of the image.
                if (frames > 1 && (firstFrame + frame < area.FirstFrame || firstFrame + frame > area.LastFrame))
                {
                    continue;
                }

                // Overlay Origin counts from 1.
                var r = area.Rectangle;
                var inside = new PixelRectangle(r.Left - (left - 1), r.Top - (top - 1), r.Right - (left - 1), r.Bottom - (top - 1)).Inside((int)rows, (int)columns);
                for (var row = inside.Top; row < inside.Bottom; row++)
                {
                    for (var column = inside.Left; column < inside.Right; column++)
                    {
                        var bit = (((frame * rows) + row) * columns) + column;
                        bytes[bit >> 3] &= (byte)~(1 << (int)(bit & 7));
                    }
                }
            }
        }

        dataSet.Set(new ValueElement(plane.Tag, plane.Vr, bytes));
        return true;
    }

    private static void Swap(byte[] bytes)
    {
        for (var i = 0; i + 1 < bytes.Length; i += 2)
        {
            (bytes[i], bytes[i + 1]) = (bytes[i + 1], bytes[i]);
        }
    }
}
