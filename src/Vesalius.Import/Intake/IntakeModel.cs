namespace Vesalius.Import;

/// <summary>Where an object comes from and what was said with it.</summary>
public sealed record IntakeSource
{
    /// <summary>Door: receiver <c>AE:port</c>, or <c>upload</c>.</summary>
    public required string Door { get; init; }

    /// <summary>AE title whose C-MOVE brought it; null if none did.</summary>
    public string? MoveOriginator { get; init; }

    /// <summary>Key of the request that fetched it by C-GET or DICOMweb, whose objects come by no receiver; null if none did.</summary>
    public long? Request { get; init; }

    /// <summary>Rules of the receiver.</summary>
    public ReceiverRules? Rules { get; init; }

    /// <summary>How project, subject and session are found.</summary>
    public string Identifier { get; init; } = Receiver.Identifiers[0];

    /// <summary>Labels that the request gives.</summary>
    public GivenLabels Given { get; init; } = new();

    /// <summary>Neither site nor project script runs.</summary>
    public bool PreventAnonymisation { get; init; }

    /// <summary>Not archived automatically.</summary>
    public bool PreventAutoCommit { get; init; }

    /// <summary>Archive at once, or not; null leaves it to object and project.</summary>
    public bool? AutoArchive { get; init; }

    /// <summary>Straight to the archive (xapi B.8).</summary>
    public bool DirectArchive { get; init; }

    /// <summary>The experiment begins in quarantine.</summary>
    public bool Quarantine { get; init; }

    /// <summary>Fields of the experiment by path.</summary>
    public IReadOnlyDictionary<string, string> Fields { get; init; } = new Dictionary<string, string>();

    /// <summary>Prearchive folder that the request names; null for a new one.</summary>
    public string? TimestampFolder { get; init; }

    /// <summary>Name that a member of an upload keeps; null to name by the site's rule.</summary>
    public string? FileName { get; init; }

    /// <summary>Kept with the session.</summary>
    public string Source { get; init; } = "";

    /// <summary>Kept with the session.</summary>
    public string Visit { get; init; } = "";

    /// <summary>Kept with the session.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>Kept with the session.</summary>
    public string Timezone { get; init; } = "";
}

/// <summary>What became of an object.</summary>
public enum IntakeOutcome
{
    /// <summary>Safely in the prearchive.</summary>
    Stored,
    /// <summary>The same instance with the same bytes was there already.</summary>
    Duplicate,
    /// <summary>The same instance with other bytes was there; this one is kept beside it.</summary>
    Conflict,
    /// <summary>The site script rejected it.</summary>
    Rejected,
    /// <summary>The site script failed; it is in quarantine.</summary>
    Quarantined,
    /// <summary>A series import filter keeps it out; nothing of it was stored.</summary>
    Filtered,
    /// <summary>Its patient opted out; nothing of it was stored.</summary>
    OptedOut,
}

/// <summary>What became of an object, and where it is.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="SessionId">Prearchive session that it joined; null if none.</param>
public readonly record struct IntakeResult(IntakeOutcome Outcome, long? SessionId);

/// <summary>Bounds of the intake.</summary>
public sealed record IntakeLimits
{
    /// <summary>Objects up to this many bytes are held in memory whole. Default 16 MiB: larger than nearly every single-frame image.</summary>
    public int WholeObject { get; init; } = 16 * 1024 * 1024;

    /// <summary>Memory for objects of all senders, in bytes. Default 384 MiB. When it is used up, pixel data goes to the disk as it comes.</summary>
    public long Memory { get; init; } = 384L * 1024 * 1024;

    /// <summary>Largest header, in bytes: everything but pixel data. Default 64 MiB.</summary>
    public int Header { get; init; } = 64 * 1024 * 1024;
}
