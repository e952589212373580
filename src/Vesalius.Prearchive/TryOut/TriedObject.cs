using Vesalius.Anonymisation;
using Vesalius.Anonymisation.Residual;

namespace Vesalius.Prearchive;

/// <summary>What changed an attribute.</summary>
/// <param name="Step"><c>site</c>, <c>project</c>, <c>pixels</c> or <c>residual</c>.</param>
/// <param name="Line">Line of the script; null if none did.</param>
/// <param name="Column">Column.</param>
/// <param name="Statement">The statement as typed; empty if none did.</param>
public sealed record TriedCause(string Step, int? Line, int? Column, string Statement);

/// <summary>An attribute before and after. Holds values: for those who may see the object.</summary>
/// <param name="Path">Tags and item numbers, as they were, or as they are for what was added.</param>
/// <param name="Name">Name in the standard; empty for private ones.</param>
/// <param name="Vr">Value representation.</param>
/// <param name="Before">Value before; null if it was not there.</param>
/// <param name="After">Value after; null if it is gone.</param>
/// <param name="Change"><c>kept</c>, <c>changed</c>, <c>removed</c> or <c>added</c>.</param>
/// <param name="By">What changed it, in order.</param>
public sealed record TriedAttribute(string Path, string Name, string Vr, string? Before, string? After, string Change, IReadOnlyList<TriedCause> By);

/// <summary>Something that the author of a script should look at.</summary>
/// <param name="Step">Which script.</param>
/// <param name="Line">Line.</param>
/// <param name="Column">Column.</param>
/// <param name="Reason">What.</param>
public sealed record TriedNotice(string Step, int Line, int Column, string Reason);

/// <summary>What happened to pixels.</summary>
/// <param name="Rule">Pixel rule that decided; null if none did.</param>
/// <param name="Action">What rules say: none, blank, reject, quarantine, pass.</param>
/// <param name="Altered">True if pixels were altered.</param>
/// <param name="TextFound">True if text was found in them and left.</param>
/// <param name="Before">The first frame before, as PNG in base 64; null if there is nothing to show or nothing was altered.</param>
/// <param name="After">After.</param>
public sealed record TriedPixels(string? Rule, string Action, bool Altered, bool TextFound, string? Before, string? After);

/// <summary>What scripts would make of an object.</summary>
public sealed record TriedObject
{
    /// <summary>Which object: place in its scan, or member of the upload.</summary>
    public string Name { get; init; } = "";

    /// <summary><c>passed</c>, <c>rejected</c>, or <c>quarantined</c>.</summary>
    public string Outcome { get; init; } = "";

    /// <summary>Why it would go to quarantine; null if it would not.</summary>
    public QuarantineReason? Reason { get; init; }

    /// <summary>Attributes in order.</summary>
    public IReadOnlyList<TriedAttribute> Attributes { get; init; } = [];

    /// <summary>True if there are more attributes, or longer values, than are shown.</summary>
    public bool Truncated { get; init; }

    /// <summary>What scripts did that an author may not expect.</summary>
    public IReadOnlyList<TriedNotice> Notices { get; init; } = [];

    /// <summary>What <c>echo</c> said.</summary>
    public IReadOnlyList<string> Echo { get; init; } = [];

    /// <summary>Identifiers that were found afterwards.</summary>
    public IReadOnlyList<ResidualFinding> Residual { get; init; } = [];

    /// <summary>What happened to pixels; null for an object without any.</summary>
    public TriedPixels? Pixels { get; init; }
}

/// <summary>A script on trial.</summary>
/// <param name="Step"><c>site</c> or <c>project</c>.</param>
/// <param name="Script">The script.</param>
public sealed record TriedScript(string Step, DicomEditScript Script);
