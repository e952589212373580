using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Anonymisation.Tests;

/// <summary>Scripts that would run for hours end when their time is over, with the line that they were in. The clock is one that only moves when it is looked at.</summary>
public sealed class TimeLimitTests
{
    // A millisecond goes by with every look.
    private sealed class CountingClock : TimeProvider
    {
        private long _looks;

        public long Looks => _looks;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => _looks++;
    }

    private static ScriptContext Context(CountingClock clock, int milliseconds) => new()
    {
        Variables = new Dictionary<string, string> { ["subject"] = "S" }, Time = clock, TimeLimit = TimeSpan.FromMilliseconds(milliseconds),
    };

    private static DataSet Nested(int depth)
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.PatientName, "Doe^Jane");
        for (var i = 0; i < depth; i++)
        {
            var outer = new DataSet();
            outer.Set(new SequenceElement(Tag.ReferencedImageSequence, [dataSet]));
            outer.SetString(Tag.PatientName, "Doe^Jane");
            dataSet = outer;
        }

        return dataSet;
    }

    /// <summary>One statement, which names every place in more ways than can be counted.</summary>
    [Theory]
    [InlineData("-*/*/*/*/*/*/*/*/*/*/*/*/(0010,0010)")]
    [InlineData("*/*/*/*/*/*/*/*/*/*/*/*/(0010,0010) ?= \"x\"")]
    [InlineData("hashUIDList[\"*/*/*/*/*/*/*/*/*/*/*/*/(0010,0010)\"]")]
    [InlineData("removeTags[\"*/*/*/*/*/*/*/*/*/*/*/*/(0010,0010)\"]")]
    [InlineData("blankValues[*/*/*/*/*/*/*/*/*/*/*/*/(0010,0010)]")]
    public void Endless_statement_fails_with_its_line(string statement)
    {
        var script = DicomEditScript.Compile($"version \"6.7\"\n\n// a comment\n  {statement}\n-(0010,0020)\n");
        var failure = Assert.Throws<ScriptRunException>(() => script.Apply(Nested(60), Context(new CountingClock(), 500), TestContext.Current.CancellationToken));
        Assert.Equal(new ScriptPosition(4, 3), failure.Position);
        Assert.Equal(statement, failure.Statement);
        Assert.Equal("the script took longer than 0.5 seconds on this object.", failure.Reason);
    }

    /// <summary>Many statements, each of them short; blocks and version 4 too.</summary>
    [Theory]
    [InlineData("version \"6.7\"\n", "(0010,0010) := concatenate[(0010,0010), \"\"]\n", "")]
    [InlineData("version \"6.7\"\nif (true[]) {\n", "(0010,0010) := \"x\"\n", "}\n")]
    [InlineData("", "(0010,0010) := \"x\"\n", "")]
    public void Long_script_fails_in_the_middle(string start, string line, string end)
    {
        var script = DicomEditScript.Compile(start + string.Concat(Enumerable.Repeat(line, 20_000)) + end);
        var failure = Assert.Throws<ScriptRunException>(() => script.Apply(Nested(0), Context(new CountingClock(), 100), TestContext.Current.CancellationToken));
        Assert.InRange(failure.Position.Line, 100, 10_000);
        Assert.Contains("took longer", failure.Reason, StringComparison.Ordinal);
    }

    /// <summary>What is quick passes, and hardly asks for the time.</summary>
    [Fact]
    public void Ordinary_script_is_not_held_up()
    {
        var clock = new CountingClock();
        var dataSet = Nested(10);
        DicomEditScript.Compile("version \"6.7\"\n*/(0010,0010) ?= subject\n").Apply(dataSet, Context(clock, 500), TestContext.Current.CancellationToken);
        Assert.Equal("S", dataSet.GetString(Tag.PatientName));
        Assert.True(clock.Looks < 10);
    }

    /// <summary>Whatever paths and functions are put together: it ends, or is ended at a line of the script.</summary>
    [Fact]
    public void Any_deep_script_ends()
    {
        var step = Gen.Elements("*/", "+/", "./", "(0008,1140)[%]/", "(0008,1140)/", "(0008,XXXX)/", "(XXXX,XXXX)/");
        var path = step.ArrayOf().Select(s => string.Concat(s.Take(30)) + "(0010,0010)");
        var statement = path.SelectMany(p => Gen.Elements($"-{p}", $"{p} ?= \"x\"", $"hashUIDList[\"{p}\"]", $"x := collectValues[\"{p}\"]", $"blankValues[{p}, {p}]"));
        var scripts = statement.NonEmptyListOf().Select(s => "version \"6.7\"\n" + string.Join('\n', s.Take(20)) + "\n");
        Prop.ForAll(scripts.ToArbitrary(), text =>
        {
            try
            {
                DicomEditScript.Compile(text).Apply(Nested(20), Context(new CountingClock(), 200), TestContext.Current.CancellationToken);
            }
            catch (ScriptRunException e)
            {
                Assert.InRange(e.Position.Line, 2, text.Count(c => c == '\n') + 1);
            }
            catch (ScriptException e)
            {
                Assert.True(e.Position.Line > 0, e.Position.Line.ToString(CultureInfo.InvariantCulture));
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(30));
    }
}
