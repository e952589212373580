using System.Globalization;

namespace Vesalius.QueryRetrieve;

/// <summary>An interval of a weekday in which a PACS may be asked for studies (xapi A.5). Local time of the server.</summary>
public sealed record Availability
{
    /// <summary>Key.</summary>
    public long Id { get; init; }

    /// <summary>PACS.</summary>
    public long PacsId { get; init; }

    /// <summary>1 is Monday.</summary>
    public int Day { get; init; }

    /// <summary>Minutes since midnight.</summary>
    public int StartMinute { get; init; }

    /// <summary>Minutes since midnight, not part of the interval; 1440 is the end of the day.</summary>
    public int EndMinute { get; init; }

    /// <summary>Retrievals at once; 0 is closed.</summary>
    public int Threads { get; init; }

    /// <summary>Share of the time that a retrieval may take up, 1 to 100; 0 is closed.</summary>
    public int UtilizationPercent { get; init; }

    /// <summary>In force.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>When it was made.</summary>
    public DateTime Created { get; init; }

    /// <summary>Last change.</summary>
    public DateTime Timestamp { get; init; }

    /// <summary>True if retrievals may start in it.</summary>
    public bool IsOpen => Enabled && Threads > 0 && UtilizationPercent > 0;

    /// <summary>True if it covers a moment of local time.</summary>
    public bool Covers(DateTime local) => DayOf(local) == Day && local.TimeOfDay.TotalMinutes >= StartMinute && local.TimeOfDay.TotalMinutes < EndMinute;

    /// <summary>True if it shares time with another.</summary>
    public bool Overlaps(Availability other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Day == other.Day && StartMinute < other.EndMinute && other.StartMinute < EndMinute;
    }

    /// <summary>1 is Monday.</summary>
    public static int DayOf(DateTime local) => local.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)local.DayOfWeek;

    /// <summary>Reads <c>HH:mm</c>; a single digit for the hour will do.</summary>
    /// <param name="text">Text.</param>
    /// <param name="isEnd">As an end, <c>00:00</c> and <c>24:00</c> are midnight.</param>
    /// <returns>Minutes since midnight; null if it is no time.</returns>
    public static int? ReadTime(string? text, bool isEnd)
    {
        var parts = text?.Trim().Split(':');
        if (parts is not { Length: 2 } || parts[0].Length is < 1 or > 2 || parts[1].Length != 2
            || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var hour)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minute) || minute > 59 || hour > 24 || (hour == 24 && (minute > 0 || !isEnd)))
        {
            return null;
        }

        var minutes = (hour * 60) + minute;
        return isEnd && minutes == 0 ? 1440 : minutes;
    }

    /// <summary>Writes minutes as <c>HH:mm</c>; the end of the day is <c>00:00</c>.</summary>
    public static string WriteTime(int minutes) => string.Create(CultureInfo.InvariantCulture, $"{minutes / 60 % 24:00}:{minutes % 60:00}");

    /// <summary>Makes both numbers 0 if one is: a closed interval.</summary>
    public Availability Normalised() => Threads == 0 || UtilizationPercent == 0 ? this with { Threads = 0, UtilizationPercent = 0 } : this;

    /// <summary>What is wrong with it; null if nothing.</summary>
    public string? Fault() => Day is < 1 or > 7 ? "dayOfWeek must be MONDAY to SUNDAY."
        : StartMinute < 0 || EndMinute > 1440 || StartMinute >= EndMinute ? "availabilityStart must be before availabilityEnd, both HH:mm."
        : Threads is < 0 or > 64 ? "threads must be 0 to 64."
        : UtilizationPercent is < 0 or > 100 ? "utilizationPercent must be 0 to 100." : null;
}

/// <summary>The intervals of a PACS over the week.</summary>
/// <param name="Intervals">Intervals, none overlapping another.</param>
public sealed record AvailabilitySchedule(IReadOnlyList<Availability> Intervals)
{
    /// <summary>The open interval that covers a moment; null while closed.</summary>
    public Availability? At(DateTime local) => Intervals.FirstOrDefault(i => i.IsOpen && i.Covers(local));

    /// <summary>When the answer of <see cref="At"/> may change next; null if never.</summary>
    public DateTime? NextChange(DateTime local)
    {
        DateTime? next = null;
        foreach (var interval in Intervals)
        {
            foreach (var minute in (int[])[interval.StartMinute, interval.EndMinute])
            {
                var at = local.Date.AddDays((interval.Day - Availability.DayOf(local) + 7) % 7).AddMinutes(minute);
                at = at <= local ? at.AddDays(7) : at;
                next = next is null || at < next ? at : next;
            }
        }

        return next;
    }
}
