using System.Text;
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
    private readonly PathCache _paths = new();

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

    /// <summary>True if the script reads the site's table with <c>lookup</c>.</summary>
    public bool LooksUp { get; private init; }

    /// <summary>Reads a script. The dialect is chosen as XNAT does: by the first line that begins with <c>version</c> in its first column.</summary>
    /// <exception cref="ScriptException">The script can never run.</exception>
    public static DicomEditScript Compile(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var source = new ScriptText(text);
        if (source.VersionLine() is not { } line)
        {
            var script4 = Parser4.Parse(source);
            return new DicomEditScript(source, null, script4, Check4.Warnings(script4));
        }

        if (!VersionForm().IsMatch(line.Text))
        {
            throw new ScriptException(new ScriptPosition(line.Number, 1), "this version of the language is not known; version \"6.0\" to \"6.7\" are.");
        }

        var parser = new Parser6(source);
        var statements = parser.Parse();
        var check = new ScriptCheck(parser.ScriptVersion, source.JoinsLines);
        check.Visit(statements);
        return new DicomEditScript(source, statements, null, check.Warnings) { AltersPixels = check.AltersPixels, LooksUp = check.LooksUp };
    }

    /// <summary>Reads a script from its bytes, which must be UTF-8.</summary>
    /// <exception cref="ScriptException">The script can never run, or is no UTF-8.</exception>
    public static DicomEditScript Compile(ReadOnlySpan<byte> utf8)
    {
        string text;
        try
        {
            text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(utf8);
        }
        catch (DecoderFallbackException e)
        {
            var before = Encoding.UTF8.GetString(utf8[..Math.Clamp(e.Index, 0, utf8.Length)]);
            throw new ScriptException(new ScriptPosition(before.Count(c => c == '\n') + 1, before.Length - before.LastIndexOf('\n')), "the script is not encoded in UTF-8.");
        }

        return Compile(text);
    }

    /// <summary>Reads a script that is to be kept: what is certain to fail at every object, or cannot be carried out here, is refused too.</summary>
    /// <exception cref="ScriptException">The script can never run, or always fails.</exception>
    public static DicomEditScript CompileForSaving(string text)
    {
        var script = Compile(text);
        return script.Warnings.FirstOrDefault(w => w.IsCertain) is { } certain ? throw new ScriptException(certain.Position, certain.Reason) : script;
    }

    [GeneratedRegex("^version[ \\t]*\"6\\.[0-7]\"")]
    private static partial Regex VersionForm();

    /// <summary>Applies the script; the data set is edited in place.</summary>
    /// <exception cref="ScriptRunException">The script fails on this object: discard the data set.</exception>
    public ScriptResult Apply(DataSet dataSet, ScriptContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        ArgumentNullException.ThrowIfNull(context);
        var run = new ScriptRun(dataSet, context, _patterns, _paths, cancellationToken);
        var outcome = _statements is not null ? new Interpreter6(run, _text).Execute(_statements) : _script4!.Execute(run, _text);
        if (outcome == ScriptOutcome.Edited)
        {
            run.AlignFileMeta();
        }

        return new ScriptResult(outcome, run.PixelsAltered);
    }
}
