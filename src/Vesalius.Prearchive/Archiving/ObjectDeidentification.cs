using Vesalius.Anonymisation;
using Vesalius.Anonymisation.Pixels;
using Vesalius.Anonymisation.Residual;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>What an object has to go through on its way into the archive.</summary>
public sealed record ArchivingRules
{
    /// <summary>The project's script; null if none is in force.</summary>
    public ActiveScript? Script { get; init; }

    /// <summary>The project's pixel rules and text policy; null if none are in force.</summary>
    public ProjectPixels? Pixels { get; init; }

    /// <summary>The search for identifiers; null if nobody looks.</summary>
    public ResidualCheck? Residual { get; init; }

    /// <summary>What happens to what the search finds.</summary>
    public ResidualPolicy ResidualPolicy { get; init; }

    /// <summary>What happens to the rest of a session when objects of it fail.</summary>
    public FailurePolicy Failures { get; init; }

    /// <summary>Identifiers that are looked for, beside the general patterns.</summary>
    public int Identifiers { get; init; }

    /// <summary>What the site's settings say of runs of scripts.</summary>
    public ScriptSettings Settings { get; init; } = ScriptSettings.Default;

    /// <summary>True if more identifiers came than can be looked for.</summary>
    public bool IsCheckIncomplete { get; init; }

    /// <summary>Kinds of the identifiers that the project's own labels are made of.</summary>
    public IReadOnlyList<string> IdentifyingLabels { get; init; } = [];

    /// <summary>True if the import said that no script may run; then nothing of this runs.</summary>
    public bool IsPrevented { get; init; }

    /// <summary>True if nothing has to look at an object.</summary>
    public bool AreEmpty => Script is null && Pixels is null && Residual is null;
}

/// <summary>What became of an object.</summary>
public sealed record DeidentifiedObject
{
    /// <summary>True if the script or a pixel rule dropped it.</summary>
    public bool IsRejected { get; init; }

    /// <summary>True if it was a pixel rule.</summary>
    public bool IsRejectedByRule { get; init; }

    /// <summary>True if it is not as it was and has to be written anew.</summary>
    public bool IsEdited { get; init; }

    /// <summary>Syntax that it must be written in.</summary>
    public string TransferSyntaxUid { get; init; } = "";

    /// <summary>True if pixels were altered.</summary>
    public bool PixelsBlanked { get; init; }

    /// <summary>True if text was found in the pixels and left.</summary>
    public bool TextFound { get; init; }

    /// <summary>Identifiers that were found.</summary>
    public IReadOnlyList<ResidualFinding> Findings { get; init; } = [];
}

/// <summary>De-identifies one object as a project wants: its pixel rules look, its script runs, pixels are cleaned, then identifiers are looked for (R10, R14, R15).</summary>
public static class ObjectDeidentification
{
    private const string BlankingMethod = "Vesalius residual identifier check: elements emptied";

    /// <summary>De-identifies an object.</summary>
    /// <param name="dataSet">Edited in place, as is the file meta information; to be discarded if this throws.</param>
    /// <param name="rules">What it has to go through.</param>
    /// <param name="context">What the script is given, with the object's file meta information and transfer syntax.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ScriptRunException">The script fails on it.</exception>
    /// <exception cref="PixelsNotCleanException">Its pixels keep it back.</exception>
    public static async Task<DeidentifiedObject> ApplyAsync(DataSet dataSet, ArchivingRules rules, ScriptContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(context);
        context = rules.Settings.ApplyTo(context);
        // Rules look at what a script may take out.
        var decision = rules.Pixels?.Decide(dataSet);
        var isCandidate = rules.Pixels is not null && TextCandidates.Is(dataSet);
        var result = new DeidentifiedObject { TransferSyntaxUid = context.TransferSyntaxUid ?? "" };
        if (rules.Script is { } script && !Deidentification.WasApplied(script, dataSet))
        {
            var run = Deidentification.Apply(script, dataSet, context, cancellationToken);
            if (run.Outcome == ScriptOutcome.Rejected)
            {
                return result with { IsRejected = true };
            }

            result = result with { IsEdited = true, PixelsBlanked = run.PixelsAltered, TransferSyntaxUid = run.PixelsAltered ? Uids.ExplicitVRLittleEndian : result.TransferSyntaxUid };
        }

        if (rules.Pixels is { } pixels)
        {
            var cleaning = await pixels.ApplyAsync(dataSet, result.TransferSyntaxUid, decision!, isCandidate, context.ScratchFolder, cancellationToken).ConfigureAwait(false);
            if (cleaning.IsRejected)
            {
                return result with { IsRejected = true, IsRejectedByRule = true };
            }

            result = result with
            {
                IsEdited = result.IsEdited || cleaning.IsEdited, TextFound = cleaning.IsFlagged, TransferSyntaxUid = cleaning.TransferSyntaxUid,
                PixelsBlanked = result.PixelsBlanked || (cleaning.IsEdited && (decision!.Action == PixelAction.Blank || !cleaning.IsFlagged)),
            };
        }

        return rules.Residual is { } residual ? Check(dataSet, context.FileMeta, residual, rules.ResidualPolicy == ResidualPolicy.Blank, result) : result;
    }

    private static DeidentifiedObject Check(DataSet dataSet, DataSet? fileMeta, ResidualCheck residual, bool blank, DeidentifiedObject before)
    {
        var findings = residual.Find(dataSet, fileMeta, blank);
        if (!findings.Any(f => f.IsBlanked))
        {
            return before with { Findings = findings };
        }

        // PS3.3 §C.12.1.1.1: the attribute takes as many methods as there were.
        var methods = dataSet.GetStrings(Tag.DeidentificationMethod).Where(m => m.Length > 0 && m != BlankingMethod).Append(BlankingMethod);
        dataSet.SetString(Tag.DeidentificationMethod, string.Join('\\', methods), Vr.LO);
        return before with { Findings = findings, IsEdited = true };
    }
}
