using FsCheck;
using FsCheck.Fluent;
using Vesalius.Dicom;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Anonymisation.Tests;

/// <summary>Broken, endless and deep scripts: the answer is a script, a named error with its place, or a named failure of the run, soon.</summary>
public sealed class ScriptFuzzTests
{
    private static readonly string[] Pieces =
    [
        "version \"6.7\"\n", "(0010,0010)", "(0010,00XX)", "(0029,{ACME}08)", "*/", "+/", "./", "(0008,1115)[0]/", "[%]", "[1]", ":=", "?=", "-", "=", "!=", "~", "!~", "?", ":",
        "\"text\"", "\"a\\\\b\"", "\"(0010,0010)\"", "12", "-1", "{", "}", "[", "]", ",", "if (", ") {", "} elseif (", "} else {", "\n", "\\\n", "// c", "x", "subject",
        "concatenate[", "format[", "substring[", "match[", "hashUIDList[", "blankValues[", "collectValues[", "shiftDateTimeListByIncrement[", "set[", "delete[", "isPresent[", "true[]",
        "reject[", "removeAllPrivateTags", "retainPrivateTags[", "echo ", "describe x hidden", "export x \"f\"", "new UID", "(", ")", "\"", "\\", "\uFFFD", "\0", "\t", " ",
    ];

    private static DataSet Sample()
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.PatientName, "Doe^Jane", Vr.PN);
        dataSet.SetString(new Tag(0x00290010), "ACME", Vr.LO);
        dataSet.SetString(new Tag(0x00291008), "x", Vr.LO);
        var item = new DataSet();
        item.SetString(Tag.PatientID, "P", Vr.LO);
        dataSet.Set(new SequenceElement(new Tag(0x00081115), [item]));
        return dataSet;
    }

    private static void TryIt(string text)
    {
        DicomEditScript script;
        try
        {
            script = DicomEditScript.Compile(text);
        }
        catch (ScriptException e)
        {
            var lines = text.Split('\n');
            Assert.InRange(e.Position.Line, 1, lines.Length);
            Assert.InRange(e.Position.Column, 1, lines[e.Position.Line - 1].Length + 2);
            return;
        }

        try
        {
            script.Apply(Sample(), new ScriptContext { Variables = new Dictionary<string, string> { ["subject"] = "S" }, SiteKey = new byte[32] }, TestContext.Current.CancellationToken);
        }
        catch (ScriptRunException)
        {
            // A named failure is an answer.
        }
    }

    /// <summary>Any text, made of the language's own symbols or not.</summary>
    [Fact]
    public void Any_text_ends_in_a_script_or_a_named_error()
    {
        var pieces = Gen.Elements(Pieces);
        var texts = Gen.OneOf(pieces.ArrayOf().Select(p => string.Concat(p)), pieces.ArrayOf().Select(p => "version \"6.7\"\n" + string.Concat(p)), ArbMap.Default.GeneratorFor<string>().Where(s => s is not null));
        Prop.ForAll(texts.ToArbitrary(), TryIt).Check(Config.QuickThrowOnFailure.WithMaxTest(4000).WithEndSize(60));
    }

    /// <summary>The given cases' scripts, with characters dropped, doubled, exchanged, and cut short.</summary>
    [Fact]
    public void Mutated_scripts_end_in_a_script_or_a_named_error()
    {
        var scripts = Directory.EnumerateFiles(SharedData.Require("fixtures", "dicomedit"), "script.das", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllText).ToList();
        var random = new Random(20261124);
        for (var i = 0; i < 20_000; i++)
        {
            var text = scripts[random.Next(scripts.Count)].ToCharArray().ToList();
            for (var change = random.Next(1, 4); change > 0 && text.Count > 0; change--)
            {
                var at = random.Next(text.Count);
                switch (random.Next(4))
                {
                    case 0:
                        text.RemoveAt(at);
                        break;
                    case 1:
                        text.InsertRange(at, Pieces[random.Next(Pieces.Length)]);
                        break;
                    case 2:
                        text[at] = (char)random.Next(1, 127);
                        break;
                    default:
                        text.RemoveRange(at, Math.Min(random.Next(20), text.Count - at));
                        break;
                }
            }

            TryIt(new string([.. text]));
        }
    }

    /// <summary>Depth and length without measure are refused, not tried.</summary>
    [Theory]
    [InlineData("[", "concatenate[", "]")]
    [InlineData("{", "{", "}")]
    public void Deep_values_are_errors(string name, string open, string close)
    {
        Assert.NotNull(name);
        var text = string.Concat(Enumerable.Repeat(open, 50_000)) + "\"x\"" + string.Concat(Enumerable.Repeat(close, 50_000));
        Assert.Throws<ScriptException>(() => DicomEditScript.Compile($"version \"6.7\"\nx := {text}"));
    }

    /// <summary>Blocks, paths and patterns too.</summary>
    [Fact]
    public void Deep_blocks_paths_and_patterns_are_errors()
    {
        Assert.Throws<ScriptException>(() => DicomEditScript.Compile("version \"6.7\"\n" + string.Concat(Enumerable.Repeat("if (true[]) {\n", 50_000))));
        Assert.NotNull(DicomEditScript.Compile("version \"6.7\"\n" + string.Concat(Enumerable.Repeat("if (true[]) {\n", 64)) + new string('}', 64)));
        Assert.Throws<ScriptException>(() => DicomEditScript.Compile("version \"6.7\"\n-" + string.Concat(Enumerable.Repeat("*/", 50_000)) + "(0010,0010)"));
        var pattern = DicomEditScript.Compile("version \"6.7\"\n\"x\" ~ \"" + new string('(', 50_000) + "\" ? -(0010,0010)");
        Assert.Throws<ScriptRunException>(() => pattern.Apply(Sample(), new ScriptContext(), TestContext.Current.CancellationToken));
    }

    /// <summary>A pattern that never ends is an error after its second.</summary>
    [Fact]
    public void Endless_patterns_are_errors()
    {
        var script = DicomEditScript.Compile("version \"6.7\"\n\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\" ~ \"(a+)+b\" ? -(0010,0010)");
        Assert.Throws<ScriptRunException>(() => script.Apply(Sample(), new ScriptContext(), TestContext.Current.CancellationToken));
    }
}
