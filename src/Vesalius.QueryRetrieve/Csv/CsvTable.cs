using System.Globalization;
using System.Text.RegularExpressions;
using CsvHelper;
using CsvHelper.Configuration;

namespace Vesalius.QueryRetrieve;

/// <summary>A row as it stands in the file.</summary>
/// <param name="Number">Row, from 1 for the first below the header.</param>
/// <param name="Line">Line in the file, from 1.</param>
/// <param name="Cells">Cleaned cells of known columns; those that are not there are left out, blank ones are not.</param>
/// <param name="Blanked">Columns whose cell holds a quoted empty string: the tag is to be blanked.</param>
/// <param name="WasCleaned">Invisible characters were removed.</param>
/// <param name="Fault">Why it cannot be read; null if it can.</param>
public sealed record CsvTableRow(int Number, int Line, IReadOnlyDictionary<CsvColumn, string> Cells, IReadOnlySet<CsvColumn> Blanked, bool WasCleaned, string? Fault);

/// <summary>A list as it stands in the file: columns and rows, not yet understood.</summary>
public sealed partial record CsvTable
{
    private const int MostHeaderLines = 30;

    /// <summary>Known columns that are there.</summary>
    public required IReadOnlySet<CsvColumn> Columns { get; init; }

    /// <summary>Headers that are no known columns; their cells are ignored.</summary>
    public required IReadOnlyList<string> UnknownHeaders { get; init; }

    /// <summary>Rows.</summary>
    public required IReadOnlyList<CsvTableRow> Rows { get; init; }

    /// <summary>What was put right about the file as a whole.</summary>
    public required IReadOnlyList<string> Repairs { get; init; }

    /// <summary>Why the file cannot be read at all; null if it can.</summary>
    public string? Fault { get; init; }

    /// <summary>Reads a file.</summary>
    public static CsvTable Read(ReadOnlySpan<byte> bytes)
    {
        var text = CsvText.Decode(bytes);
        var header = FindHeader(text.Lines);
        if (header is not { } found)
        {
            return Failed("No line names a column that is known, such as Accession Number, Patient ID or Study Date.");
        }

        var names = Parse(text.Lines[found.Index].Text, found.Delimiter).Cells.Select(c => CsvCell.Clean(c).Text).ToList();
        // Separators at the end of the header name nothing: a value below them has slipped.
        names.RemoveRange(names.FindLastIndex(n => n.Length > 0) + 1, names.Count - names.FindLastIndex(n => n.Length > 0) - 1);
        var columns = names.ConvertAll(CsvColumns.Find);
        if (columns.Where(c => c is not null).GroupBy(c => c).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            return Failed($"The column {CsvColumns.Names[twice.Key!.Value]} is there twice.");
        }

        var rows = text.Lines.Skip(found.Index + 1).Select((line, i) => ReadRow(line, i + 1, columns, found.Delimiter)).Where(r => r.Fault is not null || r.Cells.Values.Any(c => c.Length > 0) || r.Blanked.Count > 0);
        return new CsvTable
        {
            Columns = columns.Where(c => c is not null).Select(c => c!.Value).ToHashSet(),
            UnknownHeaders = [.. names.Where((n, i) => columns[i] is null && n.Length > 0)],
            Rows = [.. rows],
            Repairs = [.. FileRepairs(text, found.Index, found.Delimiter)],
        };
    }

    private static CsvTable Failed(string fault) => new() { Columns = new HashSet<CsvColumn>(), UnknownHeaders = [], Rows = [], Repairs = [], Fault = fault };

    private static IEnumerable<string> FileRepairs(CsvText text, int headerIndex, char delimiter)
    {
        if (text.Encoding != "UTF-8")
        {
            yield return $"The file is encoded in {text.Encoding}.";
        }

        if (delimiter != ',')
        {
            yield return $"Cells are separated by {(delimiter == '\t' ? "tabs" : $"'{delimiter}'")}.";
        }

        if (headerIndex > 0)
        {
            yield return $"{headerIndex} lines above the header were left out.";
        }
    }

    // The line, and the separator, with the most known columns.
    private static (int Index, char Delimiter)? FindHeader(IReadOnlyList<(int Number, string Text)> lines)
    {
        (int Index, char Delimiter, int Known)? best = null;
        for (var i = 0; i < Math.Min(lines.Count, MostHeaderLines); i++)
        {
            foreach (var delimiter in (char[])[',', ';', '\t', '|'])
            {
                var known = Parse(lines[i].Text, delimiter).Cells.Select(CsvColumns.Find).Count(c => c is not null);
                if (known > (best?.Known ?? 0))
                {
                    best = (i, delimiter, known);
                }
            }
        }

        return best is { } found ? (found.Index, found.Delimiter) : null;
    }

    // A formula that keeps a spreadsheet from changing a value, written without the quotes around it that the format asks for.
    [GeneratedRegex("""(?<=^|[,;\t|])\s*=\s*"(?<text>[^"]*)"\s*(?=$|[,;\t|])""")]
    private static partial Regex BareFormula();

    private static (string[] Cells, bool IsBad) Parse(string line, char delimiter)
    {
        var isBad = false;
        line = line.Contains("=\"", StringComparison.Ordinal) && !line.Contains("\"\"", StringComparison.Ordinal) ? BareFormula().Replace(line, "\"=\"\"${text}\"\"\"") : line;
        using var parser = new CsvParser(new StringReader(line), new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = delimiter.ToString(), HasHeaderRecord = false, BadDataFound = _ => isBad = true, MaxFieldSize = 0, LineBreakInQuotedFieldIsBadData = false,
        });
        return parser.Read() ? (parser.Record ?? [], isBad || OpensWithoutClosing(line)) : ([], false);
    }

    private static bool OpensWithoutClosing(string line) => line.Count(c => c == '"') % 2 == 1;

    private static CsvTableRow ReadRow((int Number, string Text) line, int number, List<CsvColumn?> columns, char delimiter)
    {
        var cells = new Dictionary<CsvColumn, string>();
        var blanked = new HashSet<CsvColumn>();
        var (raw, isBad) = Parse(line.Text, delimiter);
        if (isBad)
        {
            return new CsvTableRow(number, line.Number, cells, blanked, false, "Its quotation marks do not match.");
        }

        var surplus = raw.Skip(columns.Count).Any(c => CsvCell.Clean(c).Text.Length > 0);
        var wasCleaned = false;
        for (var i = 0; i < Math.Min(raw.Length, columns.Count); i++)
        {
            var (text, changed) = CsvCell.Clean(raw[i]);
            if (columns[i] is not { } column)
            {
                continue;
            }

            wasCleaned |= changed;
            // A quoted empty string, quoted again by the file's own rules, or by a program that quoted once too often.
            if (text.Length >= 2 && text.All(c => c == '"') && CsvColumns.Relabels(column))
            {
                blanked.Add(column);
                text = "";
            }

            cells[column] = text;
        }

        return new CsvTableRow(number, line.Number, cells, blanked, wasCleaned, surplus ? "It has more cells than the header: a value may hold the separator without being quoted." : null);
    }
}
