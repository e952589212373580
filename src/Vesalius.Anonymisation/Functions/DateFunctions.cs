using System.Globalization;
using Vesalius.Anonymisation.Evaluation;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Functions;

/// <summary>Functions on dates and ages (§7.2).</summary>
internal static class DateFunctions
{
    // 89 years of 365.24 days, rounded.
    private const int DaysAtEightyNine = 32_506;

    public static ScriptValue ShiftDate(FunctionCall call) => Shift(call, "days", [Vr.DA]);

    public static ScriptValue ShiftDateTime(FunctionCall call) => Shift(call, "seconds", [Vr.DA, Vr.DT]);

    private static ScriptValue Shift(FunctionCall call, string unit, Vr[] allowed)
    {
        if (call.Arguments[0] is PlaceValue place && PathLookup.Find(call.Run, place.Path) is [var found, ..]
            && !allowed.Contains(found.Element.Vr == Vr.UN ? DataDictionary.VrOf(found.Element.Tag) : found.Element.Vr))
        {
            throw new EvaluationException($"{found.Element.Tag} is {found.Element.Vr}, which '{call.Name}' does not shift.");
        }

        if (call.Run.Context.SkipsMissingDates && call.IsAssignedToItsSource && string.IsNullOrWhiteSpace(call.Text(0)))
        {
            return ScriptValue.Missing;
        }

        var text = call.RequiredText(0);
        if (text.Trim().Length == 0)
        {
            throw new EvaluationException("the date to shift is empty.");
        }

        var seconds = DicomDateTime.Seconds(call.RequiredInteger(1), call.Arguments.Count > 2 ? call.RequiredText(2) : unit);
        return ScriptValue.Of(DicomDateTime.ShiftAll(text, seconds));
    }

    public static ScriptValue ShiftSequence(FunctionCall call)
    {
        ShiftPlaces(call, call.Places(1).SelectMany(p => PathLookup.Find(call.Run, p)).ToList(), DicomDateTime.Seconds(call.RequiredInteger(0), "seconds"));
        return ScriptValue.Missing;
    }

    public static ScriptValue ShiftList(FunctionCall call)
    {
        var places = new FunctionCall(call.Run, call.Name, [call.Arguments[0]]).Places().SelectMany(p => PathLookup.Find(call.Run, p)).ToList();
        ShiftPlaces(call, places, DicomDateTime.Seconds(call.RequiredInteger(1), call.RequiredText(2)));
        return ScriptValue.Missing;
    }

    private static void ShiftPlaces(FunctionCall call, List<Place> places, long seconds)
    {
        var seen = new HashSet<(DataSet, Tag)>();
        foreach (var place in places)
        {
            call.Run.Visit();
            if (!seen.Add((place.Owner, place.Element.Tag)))
            {
                continue;
            }

            if (place.Element is not ValueElement || place.Element.Vr == Vr.TM)
            {
                throw new EvaluationException($"{place.Element.Tag} is no date and cannot be shifted by '{call.Name}'.");
            }

            var text = place.Owner.GetString(place.Element.Tag)!;
            if (text.Trim().Length > 0)
            {
                Editing.Put(place.Owner, place.Element.Tag, DicomDateTime.ShiftAll(text, seconds), place.Element.Vr);
            }
        }
    }

    public static ScriptValue ScaleAge(FunctionCall call)
    {
        var dataSet = call.Run.DataSet;
        var birth = dataSet.GetString(Tag.PatientBirthDate);
        var study = dataSet.GetString(Tag.StudyDate);
        if (!string.IsNullOrEmpty(birth))
        {
            if (string.IsNullOrEmpty(study))
            {
                return ScriptValue.Missing;
            }

            var days = (DicomDateTime.Date(study) ?? throw NoDate(Tag.StudyDate)).DayNumber
                - (DicomDateTime.Date(birth) ?? throw NoDate(Tag.PatientBirthDate)).DayNumber - DaysAtEightyNine;
            if (days > 0)
            {
                Everywhere(call.Run, Tag.PatientBirthDate, text =>
                    (DicomDateTime.Date(text) ?? throw NoDate(Tag.PatientBirthDate)).AddDays(days).ToString("yyyyMMdd", CultureInfo.InvariantCulture));
            }
        }

        if (dataSet.GetString(Tag.PatientAge)?.Trim() is { Length: 4 } age && age[3] == 'Y' && int.TryParse(age.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var years) && years > 89)
        {
            Everywhere(call.Run, Tag.PatientAge, _ => "089Y", evenEmpty: true);
        }

        return ScriptValue.Missing;
    }

    private static EvaluationException NoDate(Tag tag) => new($"{tag} is no date.");

    private static void Everywhere(ScriptRun run, Tag tag, Func<string, string> change, bool evenEmpty = false)
    {
        foreach (var dataSet in run.AllDataSets().ToList())
        {
            if (dataSet[tag] is ValueElement element && dataSet.GetString(tag) is { } text && (evenEmpty || text.Length > 0))
            {
                dataSet.SetString(tag, change(text), element.Vr);
            }
        }
    }
}
