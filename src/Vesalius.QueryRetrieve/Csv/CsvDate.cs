using System.Globalization;
using System.Text.RegularExpressions;

namespace Vesalius.QueryRetrieve;

/// <summary>Reads dates as hospitals and spreadsheets write them, and writes them as DICOM does (DA, PS3.5 §6.2).</summary>
public static partial class CsvDate
{
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

    [GeneratedRegex(@"^(?<date>.+?)[T ]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[AaPp][Mm])?Z?$")]
    private static partial Regex WithTime();

    [GeneratedRegex(@"^(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})$")]
    private static partial Regex YearFirst();

    [GeneratedRegex(@"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})$")]
    private static partial Regex YearLast();

    [GeneratedRegex(@"^(\d{1,2})[-/. ]?([A-Za-z]{3,9})\.?,?[-/. ]?(\d{4}|\d{2})$")]
    private static partial Regex NamedMonth();

    [GeneratedRegex(@"^([A-Za-z]{3,9})\.?[-/. ](\d{1,2}),?[-/. ](\d{4})$")]
    private static partial Regex NamedMonthFirst();

    [GeneratedRegex(@"^(\d{4})-?(\d{2})-?(\d{2})\s*(?:-|to|–)\s*(\d{4})-?(\d{2})-?(\d{2})$")]
    private static partial Regex Range();

    /// <summary>What a date written with the year last shows about the order of day and month.</summary>
    /// <returns>The order if it fits one only; null if it fits both, or is no such date.</returns>
    public static DateOrder? Evidence(string text)
    {
        var match = YearLast().Match(text);
        if (!match.Success)
        {
            return null;
        }

        var (first, second) = (Number(match.Groups[1]), Number(match.Groups[2]));
        return first > 12 && second <= 12 ? DateOrder.DayMonthYear : second > 12 && first <= 12 ? DateOrder.MonthDayYear : null;
    }

    /// <summary>Reads a date, or a range of dates.</summary>
    /// <param name="text">Cleaned text.</param>
    /// <param name="order">Order of day and month where the year is last.</param>
    /// <param name="today">Today; nothing is dated later.</param>
    /// <param name="allowsRange">A range is allowed too.</param>
    /// <returns>The date as <c>yyyyMMdd</c>, a range as <c>yyyyMMdd-yyyyMMdd</c>.</returns>
    public static CellReading Read(string text, DateOrder order, DateOnly today, bool allowsRange = false)
    {
        var (value, wasProtected) = CsvCell.Unprotect(text);
        if (value.Length == 0)
        {
            return CellReading.Empty;
        }

        if (Range().Match(value) is { Success: true } range)
        {
            return allowsRange ? ReadRange(range) : new CellReading(null, Fault: "One date is needed, not a range.");
        }

        string? repair = wasProtected ? "took it out of a spreadsheet formula" : null;
        if (WithTime().Match(value) is { Success: true } timed)
        {
            (value, repair) = (timed.Groups["date"].Value.Trim().TrimEnd(','), "left the time of day out");
        }

        if (value.EndsWith(".0", StringComparison.Ordinal) && value[..^2].All(char.IsAsciiDigit))
        {
            (value, repair) = (value[..^2], "removed the decimals of a spreadsheet");
        }

        var reading = ReadOne(value, order, today);
        if (reading.Value is { } date && string.CompareOrdinal(date, today.AddDays(1).ToString("yyyyMMdd", CultureInfo.InvariantCulture)) > 0)
        {
            return new CellReading(null, Fault: "The date is in the future.");
        }

        return reading.Repair is null && reading.Value is not null ? reading with { Repair = repair } : reading;
    }

    private static CellReading ReadRange(Match range)
    {
        var from = Make(Number(range.Groups[1]), Number(range.Groups[2]), Number(range.Groups[3]));
        var to = Make(Number(range.Groups[4]), Number(range.Groups[5]), Number(range.Groups[6]));
        return from is null || to is null ? new CellReading(null, Fault: "There is no such date.")
            : from > to ? new CellReading(null, Fault: "The range ends before it begins.") : new CellReading($"{Write(from.Value)}-{Write(to.Value)}");
    }

    private static CellReading ReadOne(string value, DateOrder order, DateOnly today)
    {
        if (value.Length == 8 && value.All(char.IsAsciiDigit))
        {
            return Result(Make(Number(value[..4]), Number(value[4..6]), Number(value[6..])), null);
        }

        if (value.Length == 5 && value.All(char.IsAsciiDigit))
        {
            // Days since 1900 as spreadsheets count them; of 20000 (1954) to today nothing else has five digits.
            var serial = Number(value);
            var date = new DateOnly(1899, 12, 30).AddDays(serial);
            return serial >= 20000 && date <= today ? Result(date, "read a spreadsheet's day number as a date") : new CellReading(null, Fault: "It is no date.");
        }

        if (YearFirst().Match(value) is { Success: true } first)
        {
            return Result(Make(Number(first.Groups[1]), Number(first.Groups[2]), Number(first.Groups[3])), null);
        }

        if (NamedMonth().Match(value) is { Success: true } named)
        {
            return Named(named.Groups[3].Value, named.Groups[2].Value, Number(named.Groups[1]), today);
        }

        if (NamedMonthFirst().Match(value) is { Success: true } american)
        {
            return Named(american.Groups[3].Value, american.Groups[1].Value, Number(american.Groups[2]), today);
        }

        return YearLast().Match(value) is { Success: true } last ? ReadYearLast(last, order, today) : new CellReading(null, Fault: "It is no date.");
    }

    private static CellReading Named(string year, string month, int day, DateOnly today)
    {
        var index = month.Length >= 3 ? Array.IndexOf(Months, month[..3].ToLowerInvariant()) + 1 : 0;
        return index == 0 ? new CellReading(null, Fault: "It is no date.")
            : Year(year, today) is { } known ? Result(Make(known, index, day), null) : TwoDigitYear();
    }

    private static CellReading ReadYearLast(Match match, DateOrder order, DateOnly today)
    {
        if (Year(match.Groups[3].Value, today) is not { } year)
        {
            return TwoDigitYear();
        }

        var (first, second) = (Number(match.Groups[1]), Number(match.Groups[2]));
        var dayFirst = Make(year, second, first);
        var monthFirst = Make(year, first, second);
        if (order == DateOrder.Unknown && dayFirst is not null && monthFirst is not null && first != second)
        {
            return new CellReading(null, Fault: "Day and month can be told apart neither here nor by the other dates of the file. Set the PACS's dateOrder, or write yyyy-MM-dd.", IsAmbiguous: true);
        }

        return Result(order == DateOrder.MonthDayYear ? monthFirst : order == DateOrder.DayMonthYear ? dayFirst : dayFirst ?? monthFirst, null);
    }

    private static CellReading TwoDigitYear() => new(null, Fault: "The century cannot be told from a year of two digits.", IsAmbiguous: true);

    // Of two digits only those above this year's are certain: nothing is dated in the future, but 05 may be 1905 or 2005.
    private static int? Year(string text, DateOnly today) => text.Length == 4 ? Number(text) : Number(text) > today.Year % 100 ? 1900 + Number(text) : null;

    private static CellReading Result(DateOnly? date, string? repair) => date is { } known ? new CellReading(Write(known), repair) : new CellReading(null, Fault: "There is no such date.");

    private static DateOnly? Make(int year, int month, int day) =>
        year is >= 1850 and <= 9998 && month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(year, month) ? new DateOnly(year, month, day) : null;

    private static string Write(DateOnly date) => date.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    private static int Number(Group group) => Number(group.Value);

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
