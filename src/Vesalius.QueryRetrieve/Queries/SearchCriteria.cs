using System.Text.Json.Serialization;

namespace Vesalius.QueryRetrieve;

/// <summary>What a study is looked for by. Dates are <c>yyyyMMdd</c> or ranges of them.</summary>
public sealed record SearchCriteria
{
    /// <summary>(0020,000D).</summary>
    public string? StudyInstanceUid { get; init; }

    /// <summary>(0020,000E).</summary>
    public string? SeriesInstanceUid { get; init; }

    /// <summary>(0008,0050).</summary>
    public string? AccessionNumber { get; init; }

    /// <summary>(0010,0020).</summary>
    public string? PatientId { get; init; }

    /// <summary>(0010,0010), with wildcards.</summary>
    public string? PatientName { get; init; }

    /// <summary>(0010,0030).</summary>
    [JsonPropertyName("dob")]
    public string? BirthDate { get; init; }

    /// <summary>(0008,0020).</summary>
    public string? StudyDate { get; init; }

    /// <summary>(0020,0010).</summary>
    public string? StudyId { get; init; }

    /// <summary>(0008,0061).</summary>
    public string? Modality { get; init; }

    /// <summary>True if nothing is given.</summary>
    [JsonIgnore]
    public bool IsEmpty => this == new SearchCriteria();

    /// <summary>Why these do not name one study at a PACS; null if they do.</summary>
    /// <param name="rules">The PACS's rules.</param>
    /// <param name="allowsWholePatients">A patient ID alone will do.</param>
    public string? Insufficiency(IdentityRules rules, bool allowsWholePatients)
    {
        ArgumentNullException.ThrowIfNull(rules);
        if (StudyInstanceUid is not null || (AccessionNumber is not null && rules.TrustsAccessionNumber))
        {
            return null;
        }

        if (PatientId is not null && rules.TrustsPatientId && (StudyDate is not null || allowsWholePatients))
        {
            return null;
        }

        return !rules.TrustsAccessionNumber && AccessionNumber is not null ? "This PACS makes accession numbers up; it needs patient ID and study date."
            : PatientId is not null && StudyDate is null ? "A patient ID without a study date names all studies of the patient."
            : "It names no study: an accession number, a Study Instance UID, or patient ID and study date are needed.";
    }

    /// <summary>The criteria without keys that the PACS's rules do not trust, as long as others are left.</summary>
    public SearchCriteria Trusted(IdentityRules rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        if (StudyInstanceUid is not null)
        {
            return new SearchCriteria { StudyInstanceUid = StudyInstanceUid, SeriesInstanceUid = SeriesInstanceUid };
        }

        var trusted = this with { AccessionNumber = rules.TrustsAccessionNumber ? AccessionNumber : null, PatientId = rules.TrustsPatientId ? PatientId : null };
        return trusted.IsEmpty ? this : trusted;
    }

    /// <summary>Makes a person name of family and given name; null if both are blank.</summary>
    public static string? NameOf(string? family, string? given)
    {
        var name = $"{family?.Trim()}^{given?.Trim()}".TrimEnd('^');
        return name.Length == 0 ? null : name[0] == '^' ? "*" + name : name;
    }

    /// <summary>Reads a name as people write it: <c>Last, First</c>, <c>Last^First</c>, or one word.</summary>
    public static string? ReadName(string? text)
    {
        var trimmed = text?.Trim() ?? "";
        return trimmed.Length == 0 ? null
            : trimmed.IndexOf(',', StringComparison.Ordinal) is > 0 and var comma ? NameOf(trimmed[..comma], trimmed[(comma + 1)..]) : trimmed;
    }
}
