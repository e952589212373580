using System.Buffers.Binary;
using System.Globalization;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Benchmark;

/// <summary>Objects that nobody has: many with nested sequences, one that is very large.</summary>
internal static class SyntheticObjects
{
    private const int Side = 16;
    private const int Frames = 12;
    private const int FrameSide = 1024;
    private const string Root = "1.2.826.0.1.3680043.10.1337";

    /// <summary>Writes enhanced MR objects of one study: per-frame functional groups, each with sequences within sequences.</summary>
    public static void WriteNested(string folder, int count)
    {
        Directory.CreateDirectory(folder);
        for (var i = 0; i < count; i++)
        {
            var dataSet = Header(Uids.EnhancedMRImageStorage, $"{Root}.6.{i}", Side, Side, Frames);
            dataSet.Set(new SequenceElement(Tag.PerFrameFunctionalGroupsSequence, Enumerable.Range(0, Frames).Select(Group)));
            dataSet.Set(new ValueElement(Tag.PixelData, Vr.OW, new byte[Side * Side * 2 * Frames]));
            File.WriteAllBytes(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{i:D5}.dcm")), File10(dataSet).ToArray());
        }
    }

    /// <summary>Writes one multi-frame object, its pixels piece by piece.</summary>
    public static void WriteFrames(string path, int mebibytes)
    {
        var frames = mebibytes / 2;
        var dataSet = Header(Uids.EnhancedMRImageStorage, $"{Root}.7.1", FrameSide, FrameSide, frames);
        using var file = File.Create(path);
        file.Write(File10(dataSet).ToArray());
        Span<byte> header = stackalloc byte[12];
        header.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(header, 0x7FE0);
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], 0x0010);
        header[4] = (byte)'O';
        header[5] = (byte)'W';
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], checked((uint)frames * FrameSide * FrameSide * 2));
        file.Write(header);
        var frame = new byte[FrameSide * FrameSide * 2];
        new Random(1).NextBytes(frame);
        for (var i = 0; i < frames; i++)
        {
            file.Write(frame);
        }
    }

    private static EncodedDataSet File10(DataSet dataSet) => Part10Writer.Encode(
        Part10Writer.MakeFileMeta(dataSet.GetString(Tag.SOPClassUID)!, dataSet.GetString(Tag.SOPInstanceUID)!, Uids.ExplicitVRLittleEndian), dataSet, TransferSyntax.ExplicitVRLittleEndian);

    private static DataSet Header(string sopClass, string instance, int rows, int columns, int frames)
    {
        var dataSet = new DataSet();
        void Set(Tag tag, string text) => dataSet.SetString(tag, text);
        Set(Tag.SOPClassUID, sopClass);
        Set(Tag.SOPInstanceUID, instance);
        Set(Tag.StudyInstanceUID, $"{Root}.1.9");
        Set(Tag.SeriesInstanceUID, $"{Root}.2.9");
        Set(Tag.Modality, "MR");
        Set(Tag.PatientName, "Invented^Patient");
        Set(Tag.PatientID, "INVENTED-9");
        Set(Tag.PatientBirthDate, "19700101");
        Set(Tag.InstitutionName, "Invented Hospital");
        Set(Tag.ReferringPhysicianName, "Invented^Referrer");
        foreach (var tag in (Tag[])[Tag.StudyDate, Tag.SeriesDate, Tag.AcquisitionDate, Tag.ContentDate, Tag.PerformedProcedureStepStartDate])
        {
            Set(tag, "20260102");
        }

        Set(Tag.SamplesPerPixel, "1");
        Set(Tag.PhotometricInterpretation, "MONOCHROME2");
        Set(Tag.Rows, rows.ToString(CultureInfo.InvariantCulture));
        Set(Tag.Columns, columns.ToString(CultureInfo.InvariantCulture));
        Set(Tag.NumberOfFrames, frames.ToString(CultureInfo.InvariantCulture));
        Set(Tag.BitsAllocated, "16");
        Set(Tag.BitsStored, "16");
        Set(Tag.HighBit, "15");
        Set(Tag.PixelRepresentation, "0");
        return dataSet;
    }

    private static DataSet Group(int frame)
    {
        static DataSet Item(Action<DataSet> fill)
        {
            var item = new DataSet();
            fill(item);
            return item;
        }

        return Item(group =>
        {
            group.Set(new SequenceElement(Tag.FrameContentSequence, [Item(i => i.SetString(Tag.FrameComments, $"frame {frame} of Invented"))]));
            group.Set(new SequenceElement(Tag.DerivationImageSequence, [Item(derivation => derivation.Set(new SequenceElement(
                Tag.SourceImageSequence,
                Enumerable.Range(0, 3).Select(n => Item(source =>
                {
                    source.SetString(Tag.ReferencedSOPInstanceUID, $"{Root}.8.{frame}.{n}");
                    source.Set(new SequenceElement(Tag.PurposeOfReferenceCodeSequence, [Item(code => code.SetString(Tag.CodeMeaning, "Same acquisition"))]));
                })))))]));
        });
    }
}
