using Vesalius.Archive;

namespace Vesalius.QueryRetrieve;

/// <summary>Understands one row.</summary>
internal sealed class CsvRowReader
{
    private readonly CsvTableRow _row;
    private readonly CsvTable _table;
    private readonly List<string> _notes = [];
    private CsvRowState _state = CsvRowState.Accepted;
    private bool _hasUnreadableCriterion;

    private CsvRowReader(CsvTableRow row, CsvTable table)
    {
        _row = row;
        _table = table;
    }

    public static CsvRow Read(CsvTableRow row, CsvTable table, CsvReading reading, DateOrder order)
    {
        if (row.Fault is not null)
        {
            return new CsvRow { Number = row.Number, Line = row.Line, State = CsvRowState.Refused, Notes = [row.Fault], Cells = CellsOf(row), NamesCriterion = true };
        }

        var reader = new CsvRowReader(row, table);
        if (row.WasCleaned)
        {
            reader.Worsen(CsvRowState.Repaired, "Removed invisible characters.");
        }

        var criteria = reader.Criteria(reading, order);
        var relabel = reader.Relabel(reading, order);
        var subject = reader.Label(CsvColumn.Subject, relabel) ?? reader.Label(CsvColumn.RelabelPatientName, relabel) ?? reader.Label(CsvColumn.RelabelPatientId, relabel);
        var session = reader.Label(CsvColumn.Session, relabel) ?? reader.Label(CsvColumn.RelabelStudyId, relabel) ?? reader.Label(CsvColumn.RelabelAccessionNumber, relabel);
        if (subject is null && reading.NeedsLabels)
        {
            reader.Worsen(CsvRowState.Refused, "It has no subject label; the patient's name would become one.");
        }

        return new CsvRow
        {
            Number = row.Number, Line = row.Line, State = reader._state, Notes = reader._notes, Criteria = criteria, RelabelMap = relabel, Subject = subject, Session = session,
            Cells = CellsOf(row), NamesCriterion = NamesCriterion(row), IsSearchable = !reader._hasUnreadableCriterion,
        };
    }

    private static bool NamesCriterion(CsvTableRow row) => row.Cells.Any(c => c.Value.Length > 0 && !CsvColumns.Relabels(c.Key));

    private static Dictionary<string, string> CellsOf(CsvTableRow row) => row.Cells.ToDictionary(c => CsvColumns.Names[c.Key], c => row.Blanked.Contains(c.Key) ? "\"\"" : c.Value, StringComparer.Ordinal);

    private void Worsen(CsvRowState state, string note)
    {
        _notes.Add(note);
        _state = state > _state ? state : _state;
    }

    private string Cell(CsvColumn column) => _row.Cells.TryGetValue(column, out var text) ? text : "";

    private string? Take(CsvColumn column, CellReading reading)
    {
        if (reading.Fault is { } fault)
        {
            _hasUnreadableCriterion |= !CsvColumns.Relabels(column);
            Worsen(reading.IsAmbiguous ? CsvRowState.Ambiguous : CsvRowState.Refused, $"{CsvColumns.Names[column]}: {fault}");
        }
        else if (reading.Repair is { } repair)
        {
            Worsen(CsvRowState.Repaired, $"{CsvColumns.Names[column]}: {repair}.");
        }

        return reading.Value;
    }

    private SearchCriteria Criteria(CsvReading reading, DateOrder order)
    {
        var rules = reading.Rules;
        var study = Take(CsvColumn.StudyInstanceUid, CsvCell.Uid(Cell(CsvColumn.StudyInstanceUid)));
        var accession = Take(CsvColumn.AccessionNumber, CsvCell.Identifier(Cell(CsvColumn.AccessionNumber), rules.AccessionNumberDigits));
        var patient = Take(CsvColumn.PatientId, CsvCell.Identifier(Cell(CsvColumn.PatientId), rules.PatientIdDigits));
        WarnOfLostZeros(CsvColumn.AccessionNumber, accession);
        WarnOfLostZeros(CsvColumn.PatientId, patient);
        if (accession?.Length > 16)
        {
            accession = Take(CsvColumn.AccessionNumber, new CellReading(null, Fault: "An accession number has at most 16 characters."));
        }

        var criteria = new SearchCriteria
        {
            StudyInstanceUid = study, AccessionNumber = accession, PatientId = patient,
            StudyDate = Take(CsvColumn.StudyDate, CsvDate.Read(Cell(CsvColumn.StudyDate), order, reading.Today, allowsRange: true)),
            BirthDate = Take(CsvColumn.BirthDate, CsvDate.Read(Cell(CsvColumn.BirthDate), order, reading.Today)),
            PatientName = SearchCriteria.NameOf(Cell(CsvColumn.LastName), Cell(CsvColumn.FirstName)),
            Modality = Cell(CsvColumn.Modality) is { Length: > 0 } modality ? modality.ToUpperInvariant() : null,
        };
        if (_state < CsvRowState.Ambiguous && criteria.Insufficiency(rules, reading.AllowsWholePatients) is { } missing && reading.NeedsLabels)
        {
            Worsen(CsvRowState.Refused, missing);
        }

        return criteria;
    }

    // Where all others of the column have the same number of digits and this one fewer, a spreadsheet has taken zeros away.
    private void WarnOfLostZeros(CsvColumn column, string? value)
    {
        if (value is null || !value.All(char.IsAsciiDigit) || CommonDigits(column) is not { } common || value.Length >= common)
        {
            return;
        }

        Worsen(CsvRowState.Ambiguous, $"{CsvColumns.Names[column]}: it has {value.Length} digits where the others have {common}; zeros in front may be lost. Set the number of digits in the PACS's rules to put them back.");
    }

    private int? CommonDigits(CsvColumn column)
    {
        lock (Commons)
        {
            var known = Commons.GetOrCreateValue(_table);
            if (!known.TryGetValue(column, out var digits))
            {
                known[column] = digits = CommonDigits(_table, column);
            }

            return digits;
        }
    }

    private static readonly System.Runtime.CompilerServices.ConditionalWeakTable<CsvTable, Dictionary<CsvColumn, int?>> Commons = [];

    private static int? CommonDigits(CsvTable table, CsvColumn column)
    {
        var numbers = table.Rows.Select(r => r.Cells.TryGetValue(column, out var text) ? text : "").Where(t => t.Length > 0 && t.All(char.IsAsciiDigit)).ToList();
        if (numbers.Count < 5 || !numbers.Exists(n => n[0] == '0'))
        {
            return null;
        }

        var most = numbers.GroupBy(n => n.Length).MaxBy(g => g.Count())!;
        return most.Count() >= numbers.Count * 0.8 && most.Any(n => n[0] == '0') ? most.Key : null;
    }

    private Dictionary<string, string> Relabel(CsvReading reading, DateOrder order)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var column in CsvColumns.Names.Keys.Where(CsvColumns.Relabels))
        {
            if (_row.Blanked.Contains(column))
            {
                map[CsvColumns.Names[column]] = "";
                continue;
            }

            var text = CsvCell.Unprotect(Cell(column)).Text;
            if (text.Length == 0)
            {
                continue;
            }

            var value = column is CsvColumn.RelabelPatientBirthDate or CsvColumn.RelabelStudyDate
                ? Take(column, CsvDate.Read(text, order, reading.Today))
                : text.Contains('\\', StringComparison.Ordinal) || text.Length > 64 ? Take(column, new CellReading(null, Fault: "At most 64 characters, none of them a backslash.")) : text;
            if (value is not null)
            {
                map[CsvColumns.Names[column]] = value;
            }
        }

        return map;
    }

    private string? Label(CsvColumn column, Dictionary<string, string> relabel)
    {
        if (!relabel.TryGetValue(CsvColumns.Names[column], out var text) || text.Length == 0)
        {
            return null;
        }

        var label = Archive.Label.From(text);
        if (label.Trim('_', '-').Length == 0)
        {
            Worsen(CsvRowState.Refused, $"{CsvColumns.Names[column]}: no character of it can be part of a label.");
            return label;
        }

        if (label != text)
        {
            Worsen(CsvRowState.Repaired, $"{CsvColumns.Names[column]}: characters that a label cannot have became underscores.");
        }

        return label;
    }
}
