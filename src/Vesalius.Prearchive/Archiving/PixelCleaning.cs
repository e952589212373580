using System.Collections.Concurrent;
using Vesalius.Anonymisation.Pixels;
using Vesalius.Dicom;
using Vesalius.Dicom.PixelData;

namespace Vesalius.Prearchive;

/// <summary>What happens when text is found in pixels.</summary>
public enum TextPolicy
{
    /// <summary>Nobody looks.</summary>
    Off,
    /// <summary>The object says so in (0028,0301) and the session's log tells it.</summary>
    Flag,
    /// <summary>The object goes to quarantine.</summary>
    Quarantine,
    /// <summary>The words are blanked.</summary>
    Blank,
}

/// <summary>Thrown when an object's pixels keep it from being archived.</summary>
/// <param name="reason">Why, without values.</param>
public sealed class PixelsNotCleanException(string reason) : Exception(reason);

/// <summary>What cleaning did.</summary>
/// <param name="TransferSyntaxUid">Syntax that the object must be written in.</param>
/// <param name="IsEdited">True if the data set was touched.</param>
/// <param name="IsRejected">True if the object is to be dropped.</param>
/// <param name="IsFlagged">True if text was found and left.</param>
public readonly record struct CleaningOutcome(string TransferSyntaxUid, bool IsEdited, bool IsRejected, bool IsFlagged);

/// <summary>Each project's pixel rules and what it does about text in pixels (R15); kept in the configuration store, tool <c>pixels</c>.</summary>
public sealed class PixelCleaning(ConfigurationStore store)
{
    private const string Tool = "pixels";
    private const string RulesPath = "rules";
    private const string TextPath = "text";
    private readonly ConcurrentDictionary<string, PixelRuleList> _parsed = new(StringComparer.Ordinal);

    /// <summary>A project's rule list; null if none was stored, so that the product's own would be used.</summary>
    public Task<Configuration?> RulesAsync(string projectId, CancellationToken cancellationToken) => store.FindAsync(Tool, RulesPath, projectId, cancellationToken);

    /// <summary>Stores a project's rule list.</summary>
    /// <exception cref="PixelRuleException">It cannot be read.</exception>
    public async Task PutRulesAsync(string projectId, string text, string user, CancellationToken cancellationToken)
    {
        PixelRuleList.Parse(text);
        var before = await RulesAsync(projectId, cancellationToken).ConfigureAwait(false);
        await store.PutAsync(Tool, RulesPath, projectId, text, before?.Enabled ?? true, user, "", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Puts a project's rules in or out of force; without a list of its own it gets the product's.</summary>
    public async Task EnableRulesAsync(string projectId, bool enabled, string user, CancellationToken cancellationToken)
    {
        if (!await store.EnableAsync(Tool, RulesPath, projectId, enabled, user, cancellationToken).ConfigureAwait(false))
        {
            await store.PutAsync(Tool, RulesPath, projectId, PixelRuleList.DefaultText, enabled, user, "", cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What a project does about text in pixels; <see cref="TextPolicy.Off"/> unless it was said.</summary>
    public async Task<TextPolicy> TextAsync(string projectId, CancellationToken cancellationToken) =>
        Enum.TryParse<TextPolicy>((await store.FindAsync(Tool, TextPath, projectId, cancellationToken).ConfigureAwait(false))?.Contents, ignoreCase: true, out var policy) ? policy : TextPolicy.Off;

    /// <summary>Says what a project does about text in pixels.</summary>
    public Task PutTextAsync(string projectId, TextPolicy policy, string user, CancellationToken cancellationToken) =>
        store.PutAsync(Tool, TextPath, projectId, policy.ToString(), enabled: true, user, "", cancellationToken);

    /// <summary>What is in force for a project; null if nothing is.</summary>
    public async Task<ProjectPixels?> ActiveAsync(string projectId, CancellationToken cancellationToken)
    {
        var rules = await RulesAsync(projectId, cancellationToken).ConfigureAwait(false) is { Enabled: true } stored ? _parsed.GetOrAdd(stored.Contents, PixelRuleList.Parse) : null;
        var text = await TextAsync(projectId, cancellationToken).ConfigureAwait(false);
        return rules is null && text == TextPolicy.Off ? null : new ProjectPixels(rules, text);
    }
}

/// <summary>Rules and text policy of a project, ready to be applied.</summary>
/// <param name="Rules">Rules in force; null if none are.</param>
/// <param name="Text">What is done about text.</param>
public sealed record ProjectPixels(PixelRuleList? Rules, TextPolicy Text)
{
    private static readonly PixelDecision NoDecision = new(PixelAction.None, null, []);

    /// <summary>What the rules say; ask before a script takes out what they look at.</summary>
    public PixelDecision Decide(DataSet dataSet) => Rules is not null && ImageDescription.HasPixels(dataSet) ? Rules.Decide(dataSet) : NoDecision;

    /// <summary>Carries a decision out and looks for text.</summary>
    /// <param name="dataSet">Edited in place; to be discarded if this throws.</param>
    /// <param name="transferSyntaxUid">Syntax of its pixels.</param>
    /// <param name="decision">What the rules said.</param>
    /// <param name="isCandidate">True if text is to be looked for.</param>
    /// <param name="scratchFolder">Where pixels go that are too many for memory.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="PixelsNotCleanException">A rule or text found keeps it back, or the pixels cannot be read; nothing may pass then.</exception>
    public async Task<CleaningOutcome> ApplyAsync(
        DataSet dataSet, string transferSyntaxUid, PixelDecision decision, bool isCandidate, string scratchFolder, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        ArgumentNullException.ThrowIfNull(decision);
        var outcome = new CleaningOutcome(transferSyntaxUid, false, decision.Action == PixelAction.Reject, false);
        if (outcome.IsRejected || decision.Action == PixelAction.Pass || !ImageDescription.HasPixels(dataSet))
        {
            return outcome;
        }

        if (decision.Action == PixelAction.Quarantine)
        {
            throw new PixelsNotCleanException($"pixel rule '{decision.Rule}' keeps it back");
        }

        var options = new RedactionOptions { Form = RedactedForm.KeepCompressed, IncludeOverlays = true, ScratchFolder = scratchFolder };
        try
        {
            if (decision.Action == PixelAction.Blank)
            {
                outcome = Blank(dataSet, outcome, decision.Areas, options, cancellationToken);
            }

            if (Text == TextPolicy.Off || !isCandidate)
            {
                return outcome;
            }

            var words = await BurnedInText.FindAsync(dataSet, outcome.TransferSyntaxUid, null, cancellationToken).ConfigureAwait(false);
            switch (Text)
            {
                case TextPolicy.Flag when words.Count > 0:
                    dataSet.SetString(Tag.BurnedInAnnotation, "YES", Vr.CS);
                    return outcome with { IsEdited = true, IsFlagged = true };
                case TextPolicy.Quarantine when words.Count > 0:
                    throw new PixelsNotCleanException($"{words.Count} words were found in its pixels");
                case TextPolicy.Blank when words.Count > 0:
                    return Blank(dataSet, outcome, BurnedInText.Areas(words), options, cancellationToken);
                default:
                    return outcome;
            }
        }
        catch (Exception e) when (e is PixelDataException or TextSearchException)
        {
            throw new PixelsNotCleanException($"its pixels cannot be cleaned: {e.Message}");
        }
    }

    private static CleaningOutcome Blank(DataSet dataSet, CleaningOutcome before, IReadOnlyList<BlankedArea> areas, RedactionOptions options, CancellationToken cancellationToken)
    {
        var result = PixelRedaction.Redact(dataSet, before.TransferSyntaxUid, areas, options, cancellationToken);
        if (!result.IsAltered)
        {
            // Overlays may have gone all the same.
            return before with { IsEdited = before.IsEdited || dataSet.IsModified };
        }

        dataSet.SetString(Tag.BurnedInAnnotation, "NO", Vr.CS);
        RecordCleaning(dataSet);
        return before with { TransferSyntaxUid = result.TransferSyntaxUid, IsEdited = true };
    }

    // PS3.15 Table CID 7050: the option is claimed only where pixels really were cleaned. In front, since the last item names the script.
    private static void RecordCleaning(DataSet dataSet)
    {
        var items = dataSet.GetSequence(Tag.DeidentificationMethodCodeSequence)?.Items ?? [];
        if (items.Any(i => i.GetString(Tag.CodeValue) == "113101"))
        {
            return;
        }

        var item = new DataSet(dataSet.Encoding);
        item.SetString(Tag.CodeValue, "113101", Vr.SH);
        item.SetString(Tag.CodingSchemeDesignator, "DCM", Vr.SH);
        item.SetString(Tag.CodeMeaning, "Clean Pixel Data Option", Vr.LO);
        dataSet.Set(new SequenceElement(Tag.DeidentificationMethodCodeSequence, [item, .. items]));
    }
}
