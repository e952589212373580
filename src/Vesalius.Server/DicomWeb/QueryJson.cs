using System.Globalization;
using System.Text.Json;
using Vesalius.Archive.DicomQueries;
using Vesalius.Dicom;

namespace Vesalius.Server.DicomWeb;

/// <summary>Rows of queries in the DICOM JSON model, with the attributes of each level (xapi F.4).</summary>
internal static class QueryJson
{
    public static void WriteStudy(Utf8JsonWriter json, StudyRow row, string studies)
    {
        Text(json, Tag.StudyDate, "DA", row.Date);
        Text(json, Tag.StudyTime, "TM", row.Time);
        Text(json, Tag.AccessionNumber, "SH", row.Id);
        Text(json, Tag.ModalitiesInStudy, "CS", row.Modalities);
        Name(json, Tag.ReferringPhysicianName, "");
        Text(json, Tag.StudyDescription, "LO", row.Project);
        Text(json, Tag.RetrieveURL, "UR", studies + row.Uid);
        Name(json, Tag.PatientName, row.Name.Length > 0 ? row.Name : "UNKNOWN");
        Text(json, Tag.PatientID, "LO", row.Subject.Length > 0 ? row.Subject : "UNKNOWN");
        Text(json, Tag.PatientBirthDate, "DA", row.BirthDate.Replace("-", "", StringComparison.Ordinal));
        Text(json, Tag.PatientSex, "CS", row.Sex.Length == 0 ? "" : row.Sex.ToUpperInvariant()[..1] is "M" or "F" ? row.Sex.ToUpperInvariant()[..1] : "O");
        Text(json, Tag.StudyInstanceUID, "UI", row.Uid);
        Text(json, Tag.StudyID, "SH", row.Id);
        Number(json, Tag.NumberOfStudyRelatedSeries, "IS", row.Series);
        Number(json, Tag.NumberOfStudyRelatedInstances, "IS", row.Instances);
    }

    public static void WriteSeries(Utf8JsonWriter json, SeriesRow row, string studies)
    {
        Text(json, Tag.Modality, "CS", row.Modality);
        Text(json, Tag.SeriesDescription, "LO", row.Description);
        Text(json, Tag.RetrieveURL, "UR", $"{studies}{row.StudyUid}/series/{row.Uid}");
        if (row.Time.Length > 0)
        {
            Text(json, Tag.PerformedProcedureStepStartDate, "DA", row.Date);
            Text(json, Tag.PerformedProcedureStepStartTime, "TM", row.Time);
        }

        Text(json, Tag.StudyInstanceUID, "UI", row.StudyUid);
        Text(json, Tag.SeriesInstanceUID, "UI", row.Uid);
        Number(json, Tag.SeriesNumber, "IS", long.TryParse(row.Number, CultureInfo.InvariantCulture, out var number) ? number : null);
        Number(json, Tag.NumberOfSeriesRelatedInstances, "IS", row.Instances);
    }

    public static void WriteInstance(Utf8JsonWriter json, InstanceDigest digest, string study)
    {
        Text(json, Tag.SOPClassUID, "UI", digest.SopClassUid);
        Text(json, Tag.SOPInstanceUID, "UI", digest.Uid);
        Text(json, Tag.InstanceAvailability, "CS", "ONLINE");
        Text(json, Tag.RetrieveURL, "UR", $"{study}/series/{digest.SeriesUid}/instances/{digest.Uid}");
        Text(json, Tag.SeriesInstanceUID, "UI", digest.SeriesUid);
        Number(json, Tag.InstanceNumber, "IS", digest.Number);
        foreach (var (tag, vr, value) in (ReadOnlySpan<(Tag, string, int?)>)[
            (Tag.NumberOfFrames, "IS", digest.Frames ?? (digest.Rows is null ? null : 1)), (Tag.Rows, "US", digest.Rows), (Tag.Columns, "US", digest.Columns), (Tag.BitsAllocated, "US", digest.BitsAllocated)])
        {
            if (value is not null)
            {
                Number(json, tag, vr, value);
            }
        }
    }

    public static void Text(Utf8JsonWriter json, Tag tag, string vr, params ReadOnlySpan<string> values)
    {
        json.WriteStartObject(tag.ToHexString());
        json.WriteString("vr", vr);
        if (values.Length > 0 && values[0].Length > 0)
        {
            json.WriteStartArray("Value");
            foreach (var value in values)
            {
                json.WriteStringValue(value);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Name(Utf8JsonWriter json, Tag tag, string name)
    {
        json.WriteStartObject(tag.ToHexString());
        json.WriteString("vr", "PN");
        json.WriteStartArray("Value");
        json.WriteStartObject();
        json.WriteString("Alphabetic", name);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void Number(Utf8JsonWriter json, Tag tag, string vr, long? value)
    {
        json.WriteStartObject(tag.ToHexString());
        json.WriteString("vr", vr);
        if (value is { } number)
        {
            json.WriteStartArray("Value");
            json.WriteNumberValue(number);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
