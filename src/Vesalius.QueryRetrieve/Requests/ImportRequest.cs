namespace Vesalius.QueryRetrieve;

/// <summary>How requests end, in the job's words.</summary>
public static class ImportOutcome
{
    /// <summary>Everything that the PACS has is here.</summary>
    public const string Complete = "complete";
    /// <summary>Everything that the PACS had then is here; it has got more since.</summary>
    public const string Grown = "grown";
    /// <summary>The PACS names instances that it does not deliver; the report lists them.</summary>
    public const string Incomplete = "incomplete";
    /// <summary>Not wanted, or somebody has to decide first.</summary>
    public const string Refused = "refused";
    /// <summary>It did not work; the reason says why.</summary>
    public const string Failed = "failed";
    /// <summary>Somebody called it off.</summary>
    public const string Cancelled = "cancelled";
}

/// <summary>A study to ask for.</summary>
public sealed record NewRequest
{
    /// <summary>Row of its list; null if it is of none.</summary>
    public int? RowNumber { get; init; }

    /// <summary>What to look for.</summary>
    public required SearchCriteria Criteria { get; init; }

    /// <summary>What the PACS said about it already; null if it was not asked.</summary>
    public StudyAnswer? Known { get; init; }

    /// <summary>Series to fetch; none for all.</summary>
    public IReadOnlyList<string> SeriesUids { get; init; } = [];

    /// <summary>Descriptions of the series to fetch, where no UIDs are given; none for all.</summary>
    public IReadOnlyList<string> SeriesDescriptions { get; init; } = [];

    /// <summary>Relabelling by XNAT's names.</summary>
    public IReadOnlyDictionary<string, string> Relabel { get; init; } = new Dictionary<string, string>();

    /// <summary>A script in its place; null for none.</summary>
    public string? Script { get; init; }
}

/// <summary>What studies are asked for.</summary>
/// <param name="User">Who asks.</param>
/// <param name="Pacs">Of whom.</param>
/// <param name="ProjectId">For which project.</param>
/// <param name="Destination">Receiver as <c>AE:port</c>; empty where the protocol needs none.</param>
public sealed record ImportOrder(string User, Pacs Pacs, string ProjectId, string Destination)
{
    /// <summary>The caller's own name for it.</summary>
    public string? RequestId { get; init; }

    /// <summary><c>STUDY</c> or <c>SERIES</c>; null for the PACS's own.</summary>
    public string? RetrieveLevel { get; init; }

    /// <summary>Priority; null for 1 of a single study, else 10.</summary>
    public int? Priority { get; init; }

    /// <summary>Identifies a list, so that it is not taken twice; null for none.</summary>
    public string? Fingerprint { get; init; }
}

/// <summary>A request with what it is doing.</summary>
public sealed record ImportRequest
{
    /// <summary>Key; its job's too.</summary>
    public long Id { get; init; }
    /// <summary>Batch; null for none.</summary>
    public Guid? Batch { get; init; }
    /// <summary>Row of its list.</summary>
    public int? RowNumber { get; init; }
    /// <summary>Who asks.</summary>
    public string Username { get; init; } = "";
    /// <summary>PACS.</summary>
    public long PacsId { get; init; }
    /// <summary>Project.</summary>
    public string ProjectId { get; init; } = "";
    /// <summary>Study Instance UID, once known.</summary>
    public string? StudyInstanceUid { get; init; }
    /// <summary>Accession number.</summary>
    public string? AccessionNumber { get; init; }
    /// <summary>Patient ID.</summary>
    public string? PatientId { get; init; }
    /// <summary>Patient's name.</summary>
    public string? PatientName { get; init; }
    /// <summary>Birth date.</summary>
    public string? BirthDate { get; init; }
    /// <summary>Study date.</summary>
    public string? StudyDate { get; init; }
    /// <summary>Study ID.</summary>
    public string? StudyId { get; init; }
    /// <summary>Modality.</summary>
    public string? Modality { get; init; }
    /// <summary>Series to fetch; none for all.</summary>
    public string[] SeriesIds { get; init; } = [];
    /// <summary>Descriptions of the series to fetch; none for all.</summary>
    public string[] SeriesDescriptions { get; init; } = [];
    /// <summary>Which series were chosen.</summary>
    public ChosenSeries Chosen => new(SeriesIds, SeriesDescriptions);
    /// <summary>Relabelling, JSON.</summary>
    public string? Relabel { get; init; }
    /// <summary>Script in its place.</summary>
    public string? Script { get; init; }
    /// <summary>Receiver as <c>AE:port</c>.</summary>
    public string Destination { get; init; } = "";
    /// <summary>The caller's own name for it.</summary>
    public string? RequestId { get; init; }
    /// <summary>Level of C-MOVE; null for the PACS's own.</summary>
    public string? RetrieveLevel { get; init; }
    /// <summary>Subject label.</summary>
    public string? SubjectLabel { get; init; }
    /// <summary>Session label.</summary>
    public string? ExperimentLabel { get; init; }
    /// <summary>When it was made.</summary>
    public DateTime Created { get; init; }
    /// <summary>When the PACS was first asked.</summary>
    public DateTime? Executed { get; init; }
    /// <summary>Instances that the PACS has.</summary>
    public int? Expected { get; init; }
    /// <summary>Instances that came.</summary>
    public int Arrived { get; init; }
    /// <summary>Prearchive session that it became.</summary>
    public long? SessionId { get; init; }
    /// <summary>What came and what did not, JSON.</summary>
    public string? Report { get; init; }
    /// <summary>The request that this one completes.</summary>
    public long? GrowthOf { get; init; }
    /// <summary>State of its job.</summary>
    public string State { get; init; } = "";
    /// <summary>What it is at.</summary>
    public string Phase { get; init; } = "";
    /// <summary>How it ended.</summary>
    public string? Outcome { get; init; }
    /// <summary>Why.</summary>
    public string Reason { get; init; } = "";
    /// <summary>Failed attempts.</summary>
    public int Attempts { get; init; }
    /// <summary>Lower is earlier.</summary>
    public int Priority { get; init; }
    /// <summary>Last change.</summary>
    public DateTime Changed { get; init; }
    /// <summary>Earliest next start.</summary>
    public DateTime? NotBefore { get; init; }

    /// <summary>XNAT's status in the queue.</summary>
    public string QueueStatus => State != "running" ? "QUEUED" : Phase is "" or "asking" ? "PROCESSING" : "ISSUED";

    /// <summary>XNAT's status in the history.</summary>
    public string HistoryStatus => Outcome is ImportOutcome.Complete or ImportOutcome.Grown ? "RECEIVED" : Outcome is not null ? "FAILED" : Arrived > 0 ? "RECEIVED" : "ISSUED";

    /// <summary>What it was asked to look for.</summary>
    public SearchCriteria Criteria => new()
    {
        StudyInstanceUid = StudyInstanceUid, AccessionNumber = AccessionNumber, PatientId = PatientId, PatientName = PatientName, BirthDate = BirthDate, StudyDate = StudyDate,
        StudyId = StudyId, Modality = Modality,
    };

    /// <summary>Relabelling by XNAT's names.</summary>
    public IReadOnlyDictionary<string, string> RelabelMap =>
        Relabel is null ? new Dictionary<string, string>() : System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, string>>(Relabel)!;
}
