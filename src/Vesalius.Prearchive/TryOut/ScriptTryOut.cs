using System.Globalization;
using System.Text.RegularExpressions;
using Vesalius.Anonymisation;
using Vesalius.Anonymisation.Pixels;
using Vesalius.Anonymisation.Residual;
using Vesalius.Dicom;
using Vesalius.Dicom.PixelData;

namespace Vesalius.Prearchive;

/// <summary>Shows what scripts would make of an object, attribute by attribute; stores nothing (R13).</summary>
public static partial class ScriptTryOut
{
    /// <summary>Attributes that are shown of an object at most.</summary>
    public const int MostAttributes = 5000;

    /// <summary>Characters that are shown of a value at most.</summary>
    public const int LongestValue = 256;

    private const int ThumbnailSide = 384;

    /// <summary>Tries scripts on an object.</summary>
    /// <param name="name">Names the object in the answer.</param>
    /// <param name="file">Edited in memory; to be thrown away.</param>
    /// <param name="scripts">Scripts in the order in which they run.</param>
    /// <param name="rules">What comes after the scripts; its own script is not looked at.</param>
    /// <param name="context">What scripts are given.</param>
    /// <param name="changesOnly">Leaves out what stays as it was.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<TriedObject> TryAsync(
        string name, Part10File file, IReadOnlyList<TriedScript> scripts, ArchivingRules rules, ScriptContext context, bool changesOnly, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(scripts);
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(context);
        context = rules.Settings.ApplyTo(context);
        var before = DataSetSnapshot.Of(file.DataSet);
        var trace = new StatementTrace(file.DataSet);
        var echo = new List<string>();
        var decision = rules.Pixels?.Decide(file.DataSet);
        var thumbnail = Thumbnail(file.DataSet, file.TransferSyntax.Uid, cancellationToken);
        var hasPixels = ImageDescription.HasPixels(file.DataSet);
        var syntax = file.TransferSyntax.Uid;
        var result = new TriedObject { Name = name, Outcome = "passed" };
        var (altered, textFound) = (false, false);
        try
        {
            foreach (var (step, script) in scripts)
            {
                trace.Step = step;
                var run = Deidentification.Apply(
                    new ActiveScript(0, script), file.DataSet, context with { FileMeta = file.FileMeta, TransferSyntaxUid = syntax, Observer = trace, Echo = text => Say(echo, text) }, cancellationToken);
                trace.EndStep(step);
                if (run.Outcome == ScriptOutcome.Rejected)
                {
                    result = result with { Outcome = "rejected" };
                    break;
                }

                altered |= run.PixelsAltered;
                syntax = run.PixelsAltered ? Uids.ExplicitVRLittleEndian : syntax;
            }

            if (result.Outcome == "passed")
            {
                var outcome = await ObjectDeidentification.ApplyAsync(
                    file.DataSet, rules with { Script = null, Residual = null }, context with { FileMeta = file.FileMeta, TransferSyntaxUid = syntax }, cancellationToken).ConfigureAwait(false);
                trace.EndStep("pixels");
                (altered, textFound, syntax) = (altered || outcome.PixelsBlanked, outcome.TextFound, outcome.TransferSyntaxUid);
                result = outcome.IsRejected ? result with { Outcome = "rejected" }
                    : result with { Residual = rules.Residual?.Find(file.DataSet, file.FileMeta, rules.ResidualPolicy == ResidualPolicy.Blank) ?? [] };
                trace.EndStep("residual");
            }
        }
        catch (Exception e) when (QuarantineReason.IsOne(e))
        {
            trace.EndStep(trace.Step);
            result = result with { Outcome = "quarantined", Reason = QuarantineReason.Of(e, trace.Step.Length > 0 ? trace.Step : QuarantineReason.Project, 0) };
        }

        var (attributes, truncated) = Attributes(before, DataSetSnapshot.Of(file.DataSet), trace, changesOnly);
        return result with
        {
            Attributes = attributes, Truncated = truncated, Notices = trace.Notices, Echo = echo,
            Pixels = !hasPixels ? null : new TriedPixels(
                decision?.Rule, (decision?.Action ?? PixelAction.None).ToString().ToLowerInvariant(), altered, textFound,
                altered ? thumbnail : null, altered ? Thumbnail(file.DataSet, syntax, cancellationToken) : null),
        };
    }

    private static void Say(List<string> echo, string text)
    {
        if (echo.Count < 200)
        {
            echo.Add(text.Length > LongestValue ? text[..LongestValue] : text);
        }
    }

    // A picture is a help; where there is none the attributes still are.
    private static string? Thumbnail(DataSet dataSet, string syntax, CancellationToken cancellationToken)
    {
        if (!ImageDescription.HasPixels(dataSet))
        {
            return null;
        }

        try
        {
            using var frames = ImageFrames.Open(dataSet, syntax);
            var image = FrameRenderer.Render(dataSet, frames.Read(0, cancellationToken), 0, new RenderOptions { MostColumns = ThumbnailSide, MostRows = ThumbnailSide });
            return Convert.ToBase64String(PngWriter.Encode(image));
        }
        catch (PixelDataException)
        {
            return null;
        }
    }

    private static (IReadOnlyList<TriedAttribute> Attributes, bool IsTruncated) Attributes(DataSetSnapshot before, DataSetSnapshot after, StatementTrace trace, bool changesOnly)
    {
        var now = new Dictionary<(DataSet, Tag), (string Path, DataElement Element)>();
        foreach (var (path, element, owner) in after.Elements())
        {
            now[(owner, element.Tag)] = (path, element);
        }

        var all = new List<TriedAttribute>();
        var isTruncated = false;
        foreach (var (path, was, owner) in before.Elements())
        {
            var isThere = now.Remove((owner, was.Tag), out var then);
            var change = !isThere ? "removed" : IsSame(was, then.Element) ? "kept" : "changed";
            if (change != "kept" || !changesOnly)
            {
                all.Add(Attribute(path, was, isThere ? then.Element : null, owner, change, trace, ref isTruncated));
            }
        }

        foreach (var ((owner, _), (path, element)) in now)
        {
            all.Add(Attribute(path, null, element, owner, "added", trace, ref isTruncated));
        }

        var ordered = all.OrderBy(a => Sortable(a.Path), StringComparer.Ordinal).Take(MostAttributes).ToList();
        return (ordered, isTruncated || all.Count > MostAttributes);
    }

    private static bool IsSame(DataElement was, DataElement now) => ReferenceEquals(was, now) || (was, now) switch
    {
        (ValueElement a, ValueElement b) => a.Vr == b.Vr && a.Bytes.Span.SequenceEqual(b.Bytes.Span),
        // What happened to their items is told with the items.
        (SequenceElement a, SequenceElement b) => a.Items.SequenceEqual(b.Items),
        _ => false,
    };

    private static TriedAttribute Attribute(string path, DataElement? was, DataElement? now, DataSet owner, string change, StatementTrace trace, ref bool isTruncated)
    {
        var element = was ?? now!;
        return new TriedAttribute(
            path, element.Tag.IsPrivate ? "" : DataDictionary.Find(element.Tag)?.Name ?? "", (now ?? element).Vr.Code, ValueOf(was, owner, ref isTruncated), ValueOf(now, owner, ref isTruncated), change,
            change == "kept" ? [] : trace.CausesOf(owner, element.Tag));
    }

    private static string? ValueOf(DataElement? element, DataSet owner, ref bool isTruncated)
    {
        switch (element)
        {
            case null:
                return null;
            case SequenceElement sequence:
                return $"({sequence.Items.Count} items)";
            case ValueElement { Tag.IsPixelData: false } value when value.Vr.IsText || (value.Vr.IsBinaryNumber && value.Bytes.Length <= LongestValue):
                var text = value.Vr.IsText ? ElementText.Read(value, owner.CharacterSet) : string.Join('\\', ElementText.Numbers(value));
                isTruncated |= text.Length > LongestValue;
                return text.Length > LongestValue ? text[..LongestValue] + "…" : text;
            case ValueElement value:
                return $"({value.Bytes.Length} bytes)";
            case EncapsulatedElement encapsulated:
                return $"({encapsulated.EncodedItems.Length} bytes)";
            case StreamedElement streamed:
                return string.Create(CultureInfo.InvariantCulture, $"({streamed.Data.Length} bytes)");
            default:
                return "";
        }
    }

    private static string Sortable(string path) => ItemNumber().Replace(path, m => m.Groups[1].Value.PadLeft(8, '0'));

    [GeneratedRegex(@"\[(\d+)\]")]
    private static partial Regex ItemNumber();
}
