using Vesalius.Anonymisation;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>Why an object is in quarantine. Carries no value of it.</summary>
/// <param name="Scope"><c>site</c>: at arrival, or <c>project</c>: at archiving.</param>
/// <param name="Kind"><c>script</c>, <c>pixels</c> or <c>unreadable</c>.</param>
/// <param name="ScriptNumber">Number of the script; 0 if none failed, or if it was the product's own.</param>
/// <param name="Line">Line of the script; null if none failed.</param>
/// <param name="Column">Column.</param>
/// <param name="Statement">The statement as typed.</param>
/// <param name="Reason">What went wrong.</param>
public sealed record QuarantineReason(string Scope, string Kind, long ScriptNumber, int? Line, int? Column, string Statement, string Reason)
{
    /// <summary>At arrival, by the site's script.</summary>
    public const string Site = "site";

    /// <summary>At archiving, by what the project wants.</summary>
    public const string Project = "project";

    /// <summary>Kind of what cannot be read.</summary>
    public const string Unreadable = "unreadable";

    /// <summary>True for what says that an object cannot be de-identified.</summary>
    public static bool IsOne(Exception error) => error is ScriptRunException or MalformedDicomException or PixelsNotCleanException;

    /// <summary>The reason that an exception gives.</summary>
    public static QuarantineReason Of(Exception error, string scope, long scriptNumber) => error switch
    {
        ScriptRunException run => new(scope, "script", scriptNumber, run.Position.Line, run.Position.Column, run.Statement, run.Reason),
        PixelsNotCleanException => new(scope, "pixels", 0, null, null, "", error.Message),
        MalformedDicomException => new(scope, Unreadable, 0, null, null, "", error.Message),
        _ => throw new ArgumentException("It is no reason for quarantine.", nameof(error)),
    };

    /// <summary>In one line.</summary>
    public override string ToString() => Line is null ? Reason : $"{Scope} script, line {Line}, column {Column}: {Reason}";
}

/// <summary>An object in quarantine.</summary>
public sealed record QuarantinedObject
{
    /// <summary>Its name in the quarantine.</summary>
    public Guid Id { get; init; }

    /// <summary>When it came here.</summary>
    public DateTime Received { get; init; }

    /// <summary>Project it is meant for; null if unassigned.</summary>
    public string? ProjectId { get; init; }

    /// <summary><c>site</c>: failed at arrival, and holds what the sender sent; <c>project</c>: failed at archiving, after the site's script.</summary>
    public string Scope { get; init; } = "";

    /// <summary><c>script</c>, <c>pixels</c> or <c>unreadable</c>.</summary>
    public string Kind { get; init; } = "";

    /// <summary>Number of the script that failed last.</summary>
    public long? ScriptNumber { get; init; }

    /// <summary>Line of the script.</summary>
    public int? Line { get; init; }

    /// <summary>Column.</summary>
    public int? Position { get; init; }

    /// <summary>The statement as typed.</summary>
    public string Statement { get; init; } = "";

    /// <summary>What went wrong, without values.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Bytes.</summary>
    public long Size { get; init; }

    /// <summary>Where it came in.</summary>
    public string Receiver { get; init; } = "";

    /// <summary>Prearchive session that it left, as long as that waits.</summary>
    public long? SessionId { get; init; }

    /// <summary>Archived session that it is missing from.</summary>
    public string? ExperimentId { get; init; }

    /// <summary>The same for objects of one study; tells nothing else.</summary>
    public string? Study { get; init; }

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; init; }

    /// <summary>When it was tried last.</summary>
    public DateTime LastAttempt { get; init; }
}

/// <summary>Which objects in quarantine are wanted; null does not choose.</summary>
/// <param name="Projects">Of these projects; null: all, unassigned ones too.</param>
/// <param name="Ids">These.</param>
/// <param name="SessionId">Of this prearchive session: those that left it, and those of its study that never reached it.</param>
/// <param name="ExperimentId">Missing from this archived session.</param>
/// <param name="Study">Of this study.</param>
/// <param name="Scope"><c>site</c> or <c>project</c>.</param>
public sealed record QuarantineSelection(
    IReadOnlyCollection<string>? Projects = null, IReadOnlyCollection<Guid>? Ids = null, long? SessionId = null, string? ExperimentId = null, string? Study = null, string? Scope = null)
{
    /// <summary>True if something but the projects chooses.</summary>
    public bool IsNarrow => Ids is not null || SessionId is not null || ExperimentId is not null || Study is not null;
}
