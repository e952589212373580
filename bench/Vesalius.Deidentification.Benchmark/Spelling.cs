using System.Globalization;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>The ways in which people and systems write an identifier into a free text.</summary>
internal static class Spelling
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <summary>A name.</summary>
    public static string Name(Random random, Subject subject)
    {
        var (family, given) = (subject.Family, subject.Given);
        var (plainFamily, plainGiven) = (Subject.Plain(family), Subject.Plain(given));
        return random.Next(12) switch
        {
            0 => $"{given} {family}",
            1 => $"{family}, {given}",
            2 => $"{family.ToUpperInvariant()} {given.ToUpperInvariant()}",
            3 => $"{family}^{given}",
            4 => $"{given[..1]}. {family}",
            5 => $"{plainGiven} {plainFamily}",
            6 => $"{plainFamily}_{plainGiven}".ToLowerInvariant().Replace(' ', '_'),
            7 => $"{given} {subject.Middle} {family}",
            8 => family,
            9 => $"{plainGiven[..1]}{plainFamily}".ToLowerInvariant().Replace(" ", "", StringComparison.Ordinal),
            10 => $"{family} {given[..1]}",
            _ => $"{(subject.IsFemale ? "Mrs" : "Mr")} {family.ToUpperInvariant()}",
        };
    }

    /// <summary>A number or code, its groups joined otherwise.</summary>
    public static string Number(Random random, string number) => random.Next(4) switch
    {
        0 => number,
        1 => number.Replace("-", "", StringComparison.Ordinal),
        2 => number.Replace('-', ' '),
        _ => number.ToLowerInvariant(),
    };

    /// <summary>An NHS number.</summary>
    public static string Nhs(Random random, string number) => random.Next(3) switch
    {
        0 => number,
        1 => $"{number[..3]} {number[3..6]} {number[6..]}",
        _ => $"{number[..3]}-{number[3..6]}-{number[6..]}",
    };

    /// <summary>A telephone number of Britain.</summary>
    public static string Telephone(Random random, string number) => random.Next(4) switch
    {
        0 => number,
        1 => number.Replace(" ", "", StringComparison.Ordinal),
        2 => $"+44 {number[1..]}",
        _ => $"({number.Split(' ')[0]}) {string.Join('-', number.Split(' ')[1..])}",
    };

    /// <summary>Somebody of the staff.</summary>
    public static string Staff(Random random, string name)
    {
        var parts = name.Split('^');
        return random.Next(4) switch
        {
            0 => $"Dr {parts[0]}",
            1 => $"{parts[1]} {parts[0]}",
            2 => $"{parts[0].ToUpperInvariant()}, {parts[1][..1]}.",
            _ => $"Dr. {parts[1][..1]} {parts[0]}",
        };
    }

    /// <summary>A hospital.</summary>
    public static string Institution(Random random, string name) => random.Next(3) switch
    {
        0 => name,
        1 => name.ToUpperInvariant(),
        _ => name.Replace("'", "", StringComparison.Ordinal).Replace(' ', '_'),
    };

    /// <summary>A date.</summary>
    public static string Date(Random random, DateOnly date) => date.ToString(
        (string[])["dd/MM/yyyy", "d.M.yyyy", "yyyy-MM-dd", "dd-MMM-yyyy", "MMMM d, yyyy", "d MMM yyyy", "yyyyMMdd", "dd/MM/yy", "MM/dd/yyyy"] is var f ? f[random.Next(f.Length)] : "", Culture);
}
