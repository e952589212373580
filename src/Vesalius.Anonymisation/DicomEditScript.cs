using System.Text.RegularExpressions;
using Vesalius.Anonymisation.Dialect4;
using Vesalius.Anonymisation.Evaluation;
using Vesalius.Anonymisation.Language;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation;

/// <summary>A script that was read once and can be applied to any number of objects, by several threads at once.</summary>
public sealed partial class DicomEditScript
{
    private readonly ScriptText _text;
    private readonly IReadOnlyList<StatementSyntax>? _statements;
    private readonly Script4? _script4;
    private readonly PatternCache _patterns = new();

    private DicomEditScript(ScriptText text, IReadOnlyList<StatementSyntax>? statements, Script4? script4, IReadOnlyList<ScriptWarning> warnings)
    {
        _text = text;
        _statements = statements;
        _script4 = script4;
        Warnings = warnings;
    }

    /// <summary>4 or 6.</summary>
    public int Dialect => _statements is null ? 4 : 6;

    /// <summary>What can only fail at run time, and what the author should look at.</summary>
    public IReadOnlyList<ScriptWarning> Warnings { get; }

    /// <summary>True if the script may change pixel data, so that objects must be at hand whole.</summary>
    public bool AltersPixels { get; private init; }

    /// <summary>Reads a script. The dialect is chosen as XNAT does: by the first line that begins with <c>version</c> in its first column.</summary>
    /// <exception cref="ScriptException">The script can never run.</exception>
    public static DicomEditScript Compile(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var source = new ScriptText(text);
        if (!VersionLine().IsMatch(source.Text))
        {
            return new DicomEditScript(source, null, Parser4.Parse(source), []);
        }

        var statements = new Parser6(source).Parse();
        var check = new ScriptCheck();
        check.Visit(statements);
        return new DicomEditScript(source, statements, null, check.Warnings) { AltersPixels = check.AltersPixels };
    }

    [GeneratedRegex("^version", RegexOptions.Multiline)]
    private static partial Regex VersionLine();

    /// <summary>Applies the script; the data set is edited in place.</summary>
    /// <exception cref="ScriptRunException">The script fails on this object: discard the data set.</exception>
    public ScriptResult Apply(DataSet dataSet, ScriptContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        ArgumentNullException.ThrowIfNull(context);
        var run = new ScriptRun(dataSet, context, _patterns, cancellationToken);
        var outcome = _statements is not null ? new Interpreter6(run, _text).Execute(_statements) : _script4!.Execute(run, _text);
        if (outcome == ScriptOutcome.Edited)
        {
            run.AlignFileMeta();
        }

        return new ScriptResult(outcome, run.PixelsAltered);
    }
}
