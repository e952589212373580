namespace Vesalius.Anonymisation;

/// <summary>A place in a script as it was typed.</summary>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column in characters, from 1.</param>
public readonly record struct ScriptPosition(int Line, int Column);

/// <summary>Thrown when a script cannot be understood. Carries no value of an object.</summary>
public sealed class ScriptException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="position">Where.</param>
    /// <param name="reason">What is wrong, and what was expected.</param>
    public ScriptException(ScriptPosition position, string reason)
        : base($"Line {position.Line}, column {position.Column}: {reason}")
    {
        Position = position;
        Reason = reason;
    }

    /// <summary>Where.</summary>
    public ScriptPosition Position { get; }

    /// <summary>What is wrong, and what was expected.</summary>
    public string Reason { get; }
}

/// <summary>Thrown when a script fails on an object. The object must be discarded or quarantined as it came. Carries no value of it.</summary>
public sealed class ScriptRunException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="position">Where in the script.</param>
    /// <param name="statement">The statement as typed.</param>
    /// <param name="reason">What went wrong.</param>
    public ScriptRunException(ScriptPosition position, string statement, string reason)
        : base($"Line {position.Line}, column {position.Column}: {reason}")
    {
        Position = position;
        Statement = statement;
        Reason = reason;
    }

    /// <summary>Where in the script.</summary>
    public ScriptPosition Position { get; }

    /// <summary>The statement as typed.</summary>
    public string Statement { get; }

    /// <summary>What went wrong.</summary>
    public string Reason { get; }
}

/// <summary>Something that the author of a script should know, but that does not make it invalid.</summary>
/// <param name="Position">Where.</param>
/// <param name="Reason">What.</param>
/// <param name="IsCertain">True if every object on which the script reaches this place fails, and it reaches it always; such a script is not kept.</param>
public sealed record ScriptWarning(ScriptPosition Position, string Reason, bool IsCertain = false);
