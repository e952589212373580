using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Vesalius.QueryRetrieve.Tests;

/// <summary>Lists as hospitals send them (R5).</summary>
public sealed class CsvTests
{
    private static readonly DateOnly Today = new(2026, 11, 24);

    private static CsvImport Read(string text, IdentityRules? rules = null) => CsvImport.Read(Encoding.UTF8.GetBytes(text), new CsvReading(rules ?? new(), Today));

    private static CsvRow Row(string header, string row, IdentityRules? rules = null) => Assert.Single(Read($"{header}\n{row}\n", rules).Rows);

    /// <summary>The same list in every encoding and line ending that spreadsheets write.</summary>
    [Theory]
    [InlineData("utf-8", false, "\n", ',')]
    [InlineData("utf-8", true, "\r\n", ',')]
    [InlineData("utf-16", true, "\r\n", ';')]
    [InlineData("utf-16", false, "\r", '\t')]
    [InlineData("utf-16BE", true, "\n", ',')]
    [InlineData("utf-16BE", false, "\n", ';')]
    [InlineData("utf-32", true, "\r\n", ',')]
    public void List_is_read_in_any_encoding_separator_and_line_ending(string encoding, bool hasMark, string lineEnd, char separator)
    {
        var text = string.Join(lineEnd, "Accession Number,Subject,Session,,", "RJ1,S1,S1_MR1,,", "", "RJ2,S2,S2_MR1").Replace(',', separator);
        var codec = Encoding.GetEncoding(encoding);
        var bytes = hasMark ? codec.GetPreamble().Concat(codec.GetBytes(text)).ToArray() : codec.GetBytes(text);
        var import = CsvImport.Read(bytes, new CsvReading(new(), Today));
        Assert.Null(import.Fault);
        Assert.Equal(["RJ1", "RJ2"], import.Rows.Select(r => r.Criteria.AccessionNumber));
        Assert.All(import.Rows, r => Assert.Equal(CsvRowState.Accepted, r.State));
        Assert.Equal([2, lineEnd.Length > 0 ? 4 : 4], import.Rows.Select(r => r.Line));
    }

    /// <summary>What a person has to put right is shown as it stands in the file, and written anew it reads the same.</summary>
    [Fact]
    public void Cells_are_kept_as_they_stand_and_read_the_same_again()
    {
        var import = Read("Accession Number,Study Date,Subject,Relabel Study ID\nRJ1,32/13/2024,S 1,\"\"\"\"\"\"\nRJ2,2024-01-02,S2,X\n");
        Assert.Equal("32/13/2024", import.Rows[0].Cells["Study Date"]);
        Assert.Equal("\"\"", import.Rows[0].Cells["Relabel Study ID"]);
        var columns = import.Rows[0].Cells.Keys.ToList();
        var lines = import.Rows.Select(r => string.Join(',', columns.Select(c => $"\"{r.Cells[c].Replace("\"", "\"\"", StringComparison.Ordinal)}\"")));
        var again = Read(string.Join(',', columns) + "\n" + string.Join('\n', lines));
        Assert.Equal(import.Rows.Select(r => (r.State, r.Subject, r.Session, r.Criteria)), again.Rows.Select(r => (r.State, r.Subject, r.Session, r.Criteria)));
        Assert.Equal("", again.Rows[0].RelabelMap["Relabel Study ID"]);
    }

    /// <summary>Bytes beyond ASCII without a mark that are no UTF-8.</summary>
    [Fact]
    public void Western_list_without_mark_is_read_as_Windows_1252()
    {
        var import = CsvImport.Read([.. "Last Name;Patient ID;Study Date;Subject\nM"u8, 0xFC, .. "ller;1;2024-01-02;S1"u8], new CsvReading(new(), Today));
        Assert.Equal("Müller", Assert.Single(import.Rows).Criteria.PatientName);
        Assert.Contains(import.Repairs, r => r.Contains("Windows-1252", StringComparison.Ordinal));
    }

    /// <summary>Titles, report headings and page breaks above the header.</summary>
    [Fact]
    public void Junk_above_the_header_and_invisible_characters_are_left_out()
    {
        var import = Read("\fExport of the radiology system\nprinted 24/11/2026\n\u200b\ufeff patient  id \u00a0,STUDY DATE,subject\n 123\u00a0,2024-01-02,\u200bS1\u000c\n");
        var row = Assert.Single(import.Rows);
        Assert.Equal(("123", "20240102", "S1", CsvRowState.Repaired), (row.Criteria.PatientId, row.Criteria.StudyDate, row.Subject, row.State));
    }

    /// <summary>Dates in all their forms.</summary>
    [Theory]
    [InlineData("20240113", "20240113")]
    [InlineData("2024-01-13", "20240113")]
    [InlineData("2024/1/13", "20240113")]
    [InlineData("13/01/2024", "20240113")]
    [InlineData("01/13/2024", "20240113")]
    [InlineData("05.05.2024", "20240505")]
    [InlineData("13-Jan-2024", "20240113")]
    [InlineData("Jan 13, 2024", "20240113")]
    [InlineData("13/01/2024 00:00:00", "20240113")]
    [InlineData("2024-01-13T10:20", "20240113")]
    [InlineData("45304", "20240113")]
    [InlineData("20240113.0", "20240113")]
    [InlineData("20240113-20240115", "20240113-20240115")]
    [InlineData("03/04/2024", null)]
    [InlineData("13/01/24", null)]
    [InlineData("13/01/76", "19760113")]
    [InlineData("30/02/2024", null)]
    [InlineData("2027-01-01", null)]
    [InlineData("soon", null)]
    public void Date_is_read_where_it_is_certain_and_told_where_not(string text, string? expected)
    {
        var reading = CsvDate.Read(text, DateOrder.Unknown, Today, allowsRange: true);
        Assert.Equal(expected, reading.Value);
        Assert.Equal(expected is null, reading.Fault is not null);
    }

    /// <summary>One certain date tells how the others of the file are meant.</summary>
    [Fact]
    public void Ambiguous_date_follows_the_other_dates_of_the_file_or_the_rules_of_the_PACS()
    {
        const string Header = "Patient ID,Study Date,Subject\n";
        Assert.Equal(CsvRowState.Ambiguous, Read(Header + "1,03/04/2024,S1").Rows[0].State);
        Assert.Equal("20240403", Read(Header + "1,03/04/2024,S1\n2,25/04/2024,S2").Rows[0].Criteria.StudyDate);
        Assert.Equal("20240304", Read(Header + "1,03/04/2024,S1\n2,04/25/2024,S2").Rows[0].Criteria.StudyDate);
        Assert.Equal(CsvRowState.Ambiguous, Read(Header + "1,03/04/2024,S1\n2,25/04/2024,S2\n3,04/25/2024,S3").Rows[0].State);
        Assert.Equal("20240304", Read(Header + "1,03/04/2024,S1", new IdentityRules { DateOrder = DateOrder.MonthDayYear }).Rows[0].Criteria.StudyDate);
    }

    /// <summary>What spreadsheets do to numbers.</summary>
    [Theory]
    [InlineData("=\"00123\"", "00123", CsvRowState.Repaired)]
    [InlineData("'00123", "00123", CsvRowState.Repaired)]
    [InlineData("123.0", "123", CsvRowState.Repaired)]
    [InlineData("1.23457E+11", null, CsvRowState.Refused)]
    [InlineData("1,23457E+11", null, CsvRowState.Refused)]
    [InlineData("#N/A", null, CsvRowState.Refused)]
    [InlineData("12*", null, CsvRowState.Refused)]
    public void Mangled_number_is_repaired_where_that_is_certain(string cell, string? expected, CsvRowState state)
    {
        var row = Row("Accession Number;Subject;Session", $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\";S1;E1");
        Assert.Equal((expected, state), (row.Criteria.AccessionNumber, row.State));
    }

    /// <summary>A formula as some programs write it, without quotes around the cell.</summary>
    [Fact]
    public void Bare_formula_is_taken_for_its_text()
    {
        var row = Row("Accession Number,Patient ID,Subject", "=\"A,123\", =\"7\" ,S1");
        Assert.Equal(("A,123", "7", CsvRowState.Repaired), (row.Criteria.AccessionNumber, row.Criteria.PatientId, row.State));
    }

    /// <summary>Zeros that a spreadsheet took away in front.</summary>
    [Fact]
    public void Lost_zeros_are_told_and_put_back_where_the_rules_give_the_number_of_digits()
    {
        const string List = "Patient ID,Study Date,Subject\n0000001,2024-01-02,S1\n0000002,2024-01-02,S2\n0000003,2024-01-02,S3\n0000004,2024-01-02,S4\n0000005,2024-01-02,S5\n6,2024-01-02,S6";
        Assert.Equal(CsvRowState.Ambiguous, Read(List).Rows[5].State);
        var repaired = Read(List, new IdentityRules { PatientIdDigits = 7 }).Rows[5];
        Assert.Equal(("0000006", CsvRowState.Repaired), (repaired.Criteria.PatientId, repaired.State));
    }

    /// <summary>A search takes what is doubtful, and nothing of which a part could not be read: without that part it would find something else (xapi A.7).</summary>
    [Theory]
    [InlineData("6,2024-01-02,S6", true)]
    [InlineData("0000006,,S6", true)]
    [InlineData("1.23457E+11,2024-01-02,S6", false)]
    [InlineData("0000006,30/02/2024,S6", false)]
    [InlineData("0000006,02/03/2024,S6", false)]
    [InlineData("0000006,2024-01-02,\"S6", false)]
    public void Row_is_searched_for_where_all_of_it_could_be_read(string row, bool isSearchable)
    {
        var rows = Read("Patient ID,Study Date,Subject\n0000001,2024-01-02,S1\n0000002,2024-01-02,S2\n0000003,2024-01-02,S3\n0000004,2024-01-02,S4\n0000005,2024-01-02,S5\n" + row).Rows;
        Assert.Equal((6, isSearchable, true), (rows.Count, rows[5].IsSearchable, rows[5].NamesCriterion));
    }

    /// <summary>Which keys find a study depends on the PACS.</summary>
    [Fact]
    public void Made_up_accession_number_needs_patient_ID_and_date()
    {
        var rules = new IdentityRules { TrustsAccessionNumber = false };
        Assert.Equal(CsvRowState.Refused, Row("Accession Number,Subject,Session", "A1,S,E", rules).State);
        var row = Row("Accession Number,Patient ID,Study Date,Subject,Session", "A1,7,2024-01-02,S,E", rules);
        Assert.Equal(CsvRowState.Accepted, row.State);
        Assert.Null(row.Criteria.Trusted(rules).AccessionNumber);
        Assert.Equal(CsvRowState.Refused, Row("Patient ID,Subject,Session", "7,S,E").State);
    }

    /// <summary>Labels that are missing, illegal, used twice.</summary>
    [Fact]
    public void Labels_are_made_where_certain_and_clashes_are_told()
    {
        var import = CsvImport.Read(
            Encoding.UTF8.GetBytes("Accession Number,Subject,Session\nA1,S 1,\nA2,S 1,\nA3,,E3\nA4,S4,SAME\nA5,S5,same\nA6,S6,E6\nA6,S6,E6\nA6,S6,OTHER\nA9,S9,OLD\n"),
            new CsvReading(new(), Today, IsTakenLabel: l => l == "OLD"));
        Assert.Equal(
            [CsvRowState.Repaired, CsvRowState.Repaired, CsvRowState.Refused, CsvRowState.Ambiguous, CsvRowState.Ambiguous, CsvRowState.Accepted, CsvRowState.Refused, CsvRowState.Ambiguous, CsvRowState.Ambiguous],
            import.Rows.Select(r => r.State));
        Assert.Equal(["S_1_01", "S_1_02"], import.Rows.Take(2).Select(r => r.Session));
        Assert.Equal("S_1_01", import.Rows[0].RelabelMap["Session"]);
    }

    /// <summary>A lost quotation mark spoils its row alone; a quoted empty string blanks.</summary>
    [Fact]
    public void Broken_quotation_spoils_its_row_alone()
    {
        var import = Read("Accession Number,Subject,Session,Relabel Patient Birth Date\nA1,\"S1,E1,\nA2,S2,E2,\"\"\"\"\"\"\nA3,S3,E3,,,more\nA4,\"S,4\",E4,\n");
        Assert.Equal([CsvRowState.Refused, CsvRowState.Accepted, CsvRowState.Refused, CsvRowState.Repaired], import.Rows.Select(r => r.State));
        Assert.Equal("", import.Rows[1].RelabelMap["Relabel Patient Birth Date"]);
    }

    /// <summary>Whatever the bytes, the reader answers with rows or a reason.</summary>
    [Fact]
    public void Reader_answers_for_any_bytes() => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
    {
        var import = CsvImport.Read([.. "Accession Number,Subject\n"u8, .. bytes], new CsvReading(new(), Today));
        return import.Fault is not null || import.Rows.All(r => r.IsTaken || r.Notes.Count > 0);
    }).QuickCheckThrowOnFailure();

    /// <summary>Any values that are legal come out as they went in, whatever surrounds them.</summary>
    [Fact]
    public void Written_list_is_read_back() => Prop.ForAll(
        Gen.Zip(Gen.Choose(1, 999_999), Gen.Elements(" ", "\u00a0", "\u200b", "\f", "", "\t ")).ArrayOf().Select(a => a.DistinctBy(x => x.Item1).ToArray()).ToArbitrary(),
        cells =>
        {
            var text = "Accession Number,Subject\r\n" + string.Join("\r\n", cells.Select(c => $"{c.Item2}A{c.Item1}X{c.Item2},S{c.Item1}"));
            Assert.Equal(cells.Select(c => $"A{c.Item1}X"), Read(text).Rows.Select(r => r.Criteria.AccessionNumber));
            Assert.All(Read(text).Rows, r => Assert.True(r.IsTaken));
        }).QuickCheckThrowOnFailure();

    /// <summary>A hundred thousand rows are understood in seconds.</summary>
    [Fact]
    public void Large_list_is_read_in_time()
    {
        var text = new StringBuilder("Patient ID,Study Date,Subject,Session\n");
        for (var i = 0; i < 100_000; i++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{i:0000000},2024-01-{(i % 28) + 1:00},S{i},S{i}_MR1\n");
        }

        var watch = System.Diagnostics.Stopwatch.StartNew();
        var import = Read(text.ToString());
        Assert.Equal(100_000, import.Counts["Accepted"]);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(15));
    }
}
