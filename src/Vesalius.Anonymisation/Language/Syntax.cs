namespace Vesalius.Anonymisation.Language;

/// <summary>A value as written.</summary>
internal abstract record ValueSyntax(ScriptPosition Position);

/// <summary>A string or number.</summary>
internal sealed record TextSyntax(ScriptPosition Position, string Text) : ValueSyntax(Position)
{
    /// <summary>True if a doubled backslash was converted.</summary>
    public bool HasEscape { get; init; }
}

/// <summary>A path.</summary>
internal sealed record PathSyntax(ScriptPosition Position, TagPath Path) : ValueSyntax(Position);

/// <summary>A variable.</summary>
internal sealed record NameSyntax(ScriptPosition Position, string Name) : ValueSyntax(Position);

/// <summary>A function call.</summary>
internal sealed record CallSyntax(ScriptPosition Position, string Name, IReadOnlyList<ValueSyntax> Arguments) : ValueSyntax(Position);

/// <summary>A list in braces.</summary>
internal sealed record ListSyntax(ScriptPosition Position, IReadOnlyList<ValueSyntax> Members) : ValueSyntax(Position);

/// <summary>Comparison operators (§6.1).</summary>
internal enum Comparison
{
    Equal,
    NotEqual,
    Fits,
    FitsNot,
}

/// <summary>A condition: a comparison, or a lone call.</summary>
internal sealed record ConditionSyntax(ValueSyntax Left, Comparison Comparison, ValueSyntax? Right);

/// <summary>A statement, with where it begins and ends in the cleaned text.</summary>
internal abstract record StatementSyntax(ScriptPosition Position, int Start)
{
    public int End { get; set; }
}

internal sealed record AssignSyntax(ScriptPosition Position, int Start, TagPath Target, ValueSyntax Value) : StatementSyntax(Position, Start)
{
    /// <summary>True if the value is a function of the very element that it is assigned to.</summary>
    public bool IsToItsSource { get; } = Value is CallSyntax { Arguments: [PathSyntax source, ..] } && source.Path.Steps.SequenceEqual(Target.Steps);
}

internal sealed record AssignExistingSyntax(ScriptPosition Position, int Start, TagPath Target, ValueSyntax Value) : StatementSyntax(Position, Start);

internal sealed record DeleteSyntax(ScriptPosition Position, int Start, TagPath Target) : StatementSyntax(Position, Start);

internal sealed record SetVariableSyntax(ScriptPosition Position, int Start, string Name, ValueSyntax Value) : StatementSyntax(Position, Start);

internal sealed record CallStatementSyntax(ScriptPosition Position, int Start, CallSyntax Call) : StatementSyntax(Position, Start);

internal sealed record EchoSyntax(ScriptPosition Position, int Start, ValueSyntax Value) : StatementSyntax(Position, Start);

internal sealed record RemoveAllPrivateSyntax(ScriptPosition Position, int Start) : StatementSyntax(Position, Start);

/// <summary>version, describe and export: they change no data.</summary>
internal sealed record DeclarationSyntax(ScriptPosition Position, int Start) : StatementSyntax(Position, Start);

internal sealed record TernarySyntax(ScriptPosition Position, int Start, ConditionSyntax Condition, StatementSyntax Then, StatementSyntax? Else)
    : StatementSyntax(Position, Start);

internal sealed record IfSyntax(ScriptPosition Position, int Start, IReadOnlyList<(ConditionSyntax Condition, IReadOnlyList<StatementSyntax> Block)> Branches, IReadOnlyList<StatementSyntax>? Else)
    : StatementSyntax(Position, Start);
