using System.Globalization;
using Vesalius.Archive;

namespace Vesalius.QueryRetrieve;

/// <summary>Looks at labels across rows: missing ones are made where that is certain, clashes are told (R5, R9).</summary>
internal static class CsvLabels
{
    public static void Check(List<CsvRow> rows, CsvReading reading)
    {
        if (!reading.NeedsLabels)
        {
            return;
        }

        DropRepeated(rows);
        NameSessions(rows);
        var clashing = rows.Where(r => r is { IsTaken: true, Session: not null }).GroupBy(r => r.Session!, StringComparer.OrdinalIgnoreCase).Where(g => g.Count() > 1)
            .ToDictionary(g => g.Key, g => g.Select(r => r.Number).ToList(), StringComparer.OrdinalIgnoreCase);
        var subjects = rows.Where(r => r is { IsTaken: true, Subject: not null, Criteria.PatientId: not null }).GroupBy(r => r.Criteria.PatientId!)
            .Where(g => g.Select(r => r.Subject).Distinct(StringComparer.Ordinal).Skip(1).Any()).ToDictionary(g => g.Key, g => g.First().Number);
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            if (!row.IsTaken)
            {
                continue;
            }

            if (clashing.TryGetValue(row.Session!, out var same))
            {
                rows[i] = Worsen(row, CsvRowState.Ambiguous, $"Its session label is used by rows {string.Join(", ", same.Take(5))}{(same.Count > 5 ? ", …" : "")}; each session needs its own.");
            }
            else if (reading.IsTakenLabel?.Invoke(row.Session!) == true)
            {
                rows[i] = reading.TakesExisting
                    ? Worsen(row, CsvRowState.Repaired, "A session with this label is archived already; what is new will be added to it.")
                    : Worsen(row, CsvRowState.Ambiguous, "A session with this label is archived already. Choose another label, or allow adding to what is there.");
            }
            else if (row.Criteria.PatientId is { } patient && subjects.TryGetValue(patient, out var first))
            {
                rows[i] = row with { Notes = [.. row.Notes, $"Rows of this patient have different subject labels (first in row {first})."] };
            }
        }
    }

    // The same study under the same labels again is one row written twice; under other labels it is a question.
    private static void DropRepeated(List<CsvRow> rows)
    {
        var seen = new Dictionary<SearchCriteria, CsvRow>();
        for (var i = 0; i < rows.Count; i++)
        {
            if (!rows[i].IsTaken || seen.TryAdd(rows[i].Criteria, rows[i]))
            {
                continue;
            }

            var first = seen[rows[i].Criteria];
            rows[i] = first.Subject == rows[i].Subject && first.Session == rows[i].Session
                ? Worsen(rows[i], CsvRowState.Refused, $"It repeats row {first.Number}, which is taken.")
                : Worsen(rows[i], CsvRowState.Ambiguous, $"Row {first.Number} asks for the same study under other labels.");
        }
    }

    private static void NameSessions(List<CsvRow> rows)
    {
        var used = rows.Where(r => r.Session is not null).Select(r => r.Session!).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var next = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < rows.Count; i++)
        {
            if (rows[i] is not { IsTaken: true, Session: null, Subject: { } subject } row)
            {
                continue;
            }

            string label;
            do
            {
                next[subject] = next.GetValueOrDefault(subject) + 1;
                var suffix = string.Create(CultureInfo.InvariantCulture, $"_{next[subject]:00}");
                label = subject[..Math.Min(subject.Length, Label.MaximumLength - suffix.Length)] + suffix;
            }
            while (!used.Add(label));

            var map = new Dictionary<string, string>(row.RelabelMap, StringComparer.Ordinal) { [CsvColumns.Names[CsvColumn.Session]] = label };
            rows[i] = Worsen(row, CsvRowState.Repaired, "It had no session label; one was made from the subject's.") with { Session = label, RelabelMap = map };
        }
    }

    private static CsvRow Worsen(CsvRow row, CsvRowState state, string note) => row with { State = state > row.State ? state : row.State, Notes = [.. row.Notes, note] };
}
