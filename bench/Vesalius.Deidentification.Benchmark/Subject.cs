using System.Globalization;
using System.Text;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>A person who does not exist, with everything that could identify them, and the visit at which they were imaged.</summary>
internal sealed record Subject
{
    // Names of several languages; some are words of radiology or of daily life too, as real ones are.
    private static readonly string[] Families =
    [
        "Abernathy", "Okonkwo", "Fitzgerald-Lowe", "O'Malley", "Kowalczyk", "Haverford", "Szymańska", "Bjørnsen", "Müller", "García Lorca", "Lindqvist", "Pemberton",
        "Nakashima", "Venkataraman", "Adeyemi", "Brockhurst", "Cattermole", "Dunleavy", "Eastlake", "Featherstone", "Grimshaw", "Hollingworth", "Ibrahimović", "Jankowska",
        "Kettlewell", "Long", "Mortlake", "Ngo", "Oyelaran", "Prendergast", "Quartermaine", "Ravenscroft", "Satterthwaite", "Thistlewood", "Underhay", "Vaszary",
        "Wolstenholme", "Yarborough", "Zielińska", "Castlemaine", "de la Cruz", "van den Berg", "McAllister", "Dvořák", "Papadopoulos", "Tremblay", "Sørensen", "Bellingham",
    ];

    private static readonly string[] Women = ["Agnieszka", "Beatrix", "Clementine", "Dorothea", "Esmé", "Florence", "Gwendolyn", "Henrietta", "Imogen", "Josephine", "Zoë", "Leocadia", "Margarethe", "Philippa", "Rosalind", "Theodora"];
    private static readonly string[] Men = ["Algernon", "Bartholomew", "Cornelius", "Dietmar", "Everard", "Ferdinand", "Godfrey", "Horatio", "Ignatius", "Jarosław", "Kwame", "Leopold", "Montgomery", "Nathaniel", "Octavius", "Peregrine"];
    private static readonly string[] Streets = ["Larkspur Avenue", "Old Tannery Lane", "Windermere Crescent", "Bishopsgate Mews", "Copperfield Road", "Heronsgate", "St Swithun's Walk", "Millrace Close"];
    private static readonly string[] Towns = ["Wexcombe", "Norbiton Hythe", "Ashcombe Regis", "Thornwick", "Eastmarch", "Little Haddon"];
    private static readonly string[] Areas = ["SE1", "NW10", "B15", "EH12", "SW1A", "M13", "LS2", "CF14"];
    private static readonly string[] Hospitals = ["St Aldhelm's Infirmary", "Royal Thornwick Hospital", "Eastmarch General", "Klinikum Hohenwald", "Mercy of Norbiton Medical Center"];
    private static readonly string[] Departments = ["Radiology North Wing", "Sir Percival Unit", "Cardiac Imaging Suite 4"];
    private static readonly string[] Jobs = ["lighthouse keeper", "deputy headmistress", "harbour pilot", "glass engraver", "magistrate"];

    public required int Number { get; init; }
    public required string Family { get; init; }
    public required string Given { get; init; }
    public required string Middle { get; init; }
    public required bool IsFemale { get; init; }
    public required DateOnly BirthDate { get; init; }
    public required DateOnly StudyDate { get; init; }
    public required string PatientId { get; init; }
    public required string OtherId { get; init; }
    public required string NhsNumber { get; init; }
    public required string Telephone { get; init; }
    public required string Mobile { get; init; }
    public required string Mail { get; init; }
    public required string Street { get; init; }
    public required string Town { get; init; }
    public required string Postcode { get; init; }
    public required string MotherBirthName { get; init; }
    public required string Insurance { get; init; }
    public required string AdmissionId { get; init; }
    public required string Accession { get; init; }
    public required string StudyId { get; init; }
    public required string Occupation { get; init; }
    public required string Referrer { get; init; }
    public required string Performer { get; init; }
    public required string Operator { get; init; }
    public required string Institution { get; init; }
    public required string Department { get; init; }
    public required string Station { get; init; }
    public required string DeviceSerial { get; init; }
    public required string StudyUid { get; init; }
    public required IReadOnlyList<string> SeriesUids { get; init; }

    /// <summary>The label that a project gives the subject; holds nothing of them.</summary>
    public string Label => string.Create(CultureInfo.InvariantCulture, $"TRIAL_{Number:D4}");

    /// <summary>The name as PS3.5 writes it.</summary>
    public string PersonName => $"{Family}^{Given}^{Middle}";

    public string Address => $"{Street}, {Town}";

    public static Subject Make(int seed, int number)
    {
        var random = new Random(unchecked((seed * 7919) + number));
        string Of(string[] list) => list[random.Next(list.Length)];
        string Digits(int count) => string.Concat(Enumerable.Range(0, count).Select(_ => (char)('0' + random.Next(10))));
        string Person() => $"{Of(Families)}^{Of(random.Next(2) == 0 ? Women : Men)}^^Dr";
        var isFemale = random.Next(2) == 0;
        var family = Of(Families);
        var given = Of(isFemale ? Women : Men);
        var birth = new DateOnly(1932, 1, 1).AddDays(random.Next(25000));
        return new Subject
        {
            Number = number,
            Family = family,
            Given = given,
            Middle = Of(isFemale ? Women : Men),
            IsFemale = isFemale,
            BirthDate = birth,
            StudyDate = new DateOnly(2012, 3, 1).AddDays(random.Next(4200)),
            PatientId = random.Next(3) switch { 0 => $"RJ1-{Digits(7)}", 1 => Digits(8), _ => $"{(char)('A' + random.Next(26))}{Digits(6)}" },
            OtherId = $"{Digits(3)}-{Digits(2)}-{Digits(4)}",
            NhsNumber = Nhs(random),
            // Numbers kept for drama, which ring nowhere.
            Telephone = $"020 7946 0{Digits(3)}",
            Mobile = $"07700 900{Digits(3)}",
            Mail = $"{Plain(given)}.{Plain(family)}{Digits(2)}@example.org".ToLowerInvariant(),
            Street = $"{random.Next(1, 240)} {Of(Streets)}",
            Town = Of(Towns),
            Postcode = $"{Of(Areas)} {Digits(1)}{"ABDEFGHJ"[random.Next(8)]}{"LNPQRSTU"[random.Next(8)]}",
            MotherBirthName = Of(Families),
            Insurance = $"INS{Digits(8)}",
            AdmissionId = $"ADM-{Digits(6)}",
            Accession = random.Next(2) == 0 ? $"RJ1E{Digits(9)}" : Digits(10),
            StudyId = Digits(7),
            Occupation = Of(Jobs),
            Referrer = Person(),
            Performer = Person(),
            Operator = Person(),
            Institution = Of(Hospitals),
            Department = Of(Departments),
            Station = $"{"MRCTUS"[(2 * random.Next(3))..][..2]}{Digits(5)}",
            DeviceSerial = $"SN{Digits(7)}",
            StudyUid = Uid(random),
            SeriesUids = [Uid(random), Uid(random), Uid(random)],
        };
    }

    /// <summary>A UID of a root that is nobody's.</summary>
    public static string Uid(Random random) =>
        string.Create(CultureInfo.InvariantCulture, $"1.3.6.1.4.1.99999.7.{random.NextInt64(1_000_000, 9_999_999_999)}.{random.Next(1, 9999)}.{random.NextInt64(1, 99_999_999)}");

    // 999 is the range for tests; the last digit checks the others.
    private static string Nhs(Random random)
    {
        while (true)
        {
            var digits = $"999{random.Next(1_000_000):D6}";
            var check = 11 - (digits.Select((c, i) => (c - '0') * (10 - i)).Sum() % 11);
            if (check != 10)
            {
                return digits + (char)('0' + (check % 11));
            }
        }
    }

    /// <summary>Letters without marks, as systems that know ASCII only write them.</summary>
    public static string Plain(string name)
    {
        var plain = new StringBuilder();
        foreach (var c in name)
        {
            plain.Append(c switch
            {
                'ń' => "n", 'ø' => "o", 'ü' => "u", 'í' => "i", 'ć' => "c", 'ř' => "r", 'á' => "a", 'é' => "e", 'ë' => "e", 'ł' => "l",
                _ when char.IsAsciiLetter(c) || c is ' ' or '-' or '\'' => c.ToString(),
                _ => "",
            });
        }

        return plain.ToString();
    }
}
