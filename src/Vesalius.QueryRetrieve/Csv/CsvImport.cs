using System.Text.Json.Serialization;

namespace Vesalius.QueryRetrieve;

/// <summary>What will become of a row.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CsvRowState>))]
public enum CsvRowState
{
    /// <summary>Taken as it is.</summary>
    Accepted,
    /// <summary>Taken after something certain was put right.</summary>
    Repaired,
    /// <summary>Not taken: somebody has to decide what is meant.</summary>
    Ambiguous,
    /// <summary>Not taken: something is wrong or missing.</summary>
    Refused,
}

/// <summary>A row that was understood, or not.</summary>
public sealed record CsvRow
{
    /// <summary>Row, from 1 for the first below the header.</summary>
    public required int Number { get; init; }

    /// <summary>Line in the file, from 1.</summary>
    public required int Line { get; init; }

    /// <summary>What will become of it.</summary>
    public CsvRowState State { get; init; }

    /// <summary>What was put right, is wrong or missing, in words.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What to look for.</summary>
    public SearchCriteria Criteria { get; init; } = new();

    /// <summary>Relabelling by XNAT's column names; an empty value blanks.</summary>
    public IReadOnlyDictionary<string, string> RelabelMap { get; init; } = new Dictionary<string, string>();

    /// <summary>Subject label; null if none is given.</summary>
    public string? Subject { get; init; }

    /// <summary>Session label; null if none is given.</summary>
    public string? Session { get; init; }

    /// <summary>What stands in the file, by XNAT's column names, so that a person can put it right; two quotation marks are a cell that blanks.</summary>
    public IReadOnlyDictionary<string, string> Cells { get; init; } = new Dictionary<string, string>();

    /// <summary>True if a cell says what to look for, whether it can be understood or not.</summary>
    [JsonIgnore]
    public bool NamesCriterion { get; init; }

    /// <summary>True if everything that it says of what to look for could be read, so that a search by it finds neither more nor something else. It may be doubtful all the same.</summary>
    [JsonIgnore]
    public bool IsSearchable { get; init; }

    /// <summary>True if it will be imported.</summary>
    [JsonIgnore]
    public bool IsTaken => State is CsvRowState.Accepted or CsvRowState.Repaired;
}

/// <summary>How a list is read.</summary>
/// <param name="Rules">Identity rules of the PACS.</param>
/// <param name="Today">Today.</param>
/// <param name="NeedsLabels">Every row needs a subject label. False for XNAT's batch query.</param>
/// <param name="AllowsWholePatients">A patient ID alone is enough: all studies of the patient.</param>
/// <param name="IsTakenLabel">Says whether a session label is archived already.</param>
/// <param name="TakesExisting">Rows whose session is archived already are taken, and what they bring is added.</param>
public sealed record CsvReading(
    IdentityRules Rules, DateOnly Today, bool NeedsLabels = true, bool AllowsWholePatients = false, Func<string, bool>? IsTakenLabel = null, bool TakesExisting = false);

/// <summary>A list that was read: every row with what was repaired, refused or ambiguous, before the PACS is asked anything (R5).</summary>
public sealed record CsvImport
{
    /// <summary>Most rows of a list.</summary>
    public const int MostRows = 200_000;

    /// <summary>Why the file cannot be read at all; null if it can.</summary>
    public string? Fault { get; init; }

    /// <summary>What was put right about the file as a whole.</summary>
    public IReadOnlyList<string> Repairs { get; init; } = [];

    /// <summary>Headers that are no known columns.</summary>
    public IReadOnlyList<string> UnknownHeaders { get; init; } = [];

    /// <summary>A column relabels, and a row has a value there.</summary>
    public bool Relabels { get; init; }

    /// <summary>Rows in order.</summary>
    public IReadOnlyList<CsvRow> Rows { get; init; } = [];

    /// <summary>Rows by what will become of them.</summary>
    public IReadOnlyDictionary<string, int> Counts => Enum.GetValues<CsvRowState>().ToDictionary(s => s.ToString(), s => Rows.Count(r => r.State == s));

    /// <summary>Reads a file.</summary>
    public static CsvImport Read(ReadOnlySpan<byte> bytes, CsvReading reading)
    {
        ArgumentNullException.ThrowIfNull(reading);
        var table = CsvTable.Read(bytes);
        if (table.Fault is not null || table.Rows.Count > MostRows)
        {
            return new CsvImport { Fault = table.Fault ?? $"The list has {table.Rows.Count} rows; at most {MostRows} are taken at once." };
        }

        var repairs = table.Repairs.ToList();
        var order = OrderOf(table, reading.Rules, repairs);
        var rows = table.Rows.Select(r => CsvRowReader.Read(r, table, reading, order)).ToList();
        CsvLabels.Check(rows, reading);
        return new CsvImport
        {
            Repairs = repairs, UnknownHeaders = table.UnknownHeaders, Rows = rows,
            Relabels = table.Rows.Any(r => r.Blanked.Count > 0 || r.Cells.Any(c => CsvColumns.Relabels(c.Key) && c.Value.Length > 0)),
        };
    }

    // One date with a day above 12 tells the order of all, since one program wrote them.
    private static DateOrder OrderOf(CsvTable table, IdentityRules rules, List<string> repairs)
    {
        var seen = table.Rows.SelectMany(r => r.Cells.Where(c => c.Key is CsvColumn.StudyDate or CsvColumn.BirthDate or CsvColumn.RelabelPatientBirthDate or CsvColumn.RelabelStudyDate))
            .Select(c => CsvDate.Evidence(c.Value)).Where(e => e is not null).Distinct().ToList();
        if (rules.DateOrder != DateOrder.Unknown)
        {
            return rules.DateOrder;
        }

        if (seen is [{ } only])
        {
            repairs.Add($"Dates are read with the {(only == DateOrder.DayMonthYear ? "day" : "month")} first, as other dates of the file show.");
            return only;
        }

        return DateOrder.Unknown;
    }
}
