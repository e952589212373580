using System.Text.RegularExpressions;
using Xunit;

namespace Vesalius.House.Tests;

/// <summary>The table of docs/api/compatibility.md names every row of the references, and only tests that exist.</summary>
public sealed partial class CompatibilityTableTests
{
    private sealed record Line(string Row, string Priority, IReadOnlyList<string> Tests, string State);

    // Row and priority; the references themselves need not be there.
    private static Dictionary<string, string> References { get; } = File.ReadLines(Path.Combine(House.Root, "tests", "Vesalius.House.Tests", "compatibility-rows.txt"))
        .Select(l => l.Split('\t')).ToDictionary(l => l[0], l => l[1]);

    private static string Document { get; } = File.ReadAllText(Path.Combine(House.Root, "docs", "api", "compatibility.md"));

    private static List<Line> Lines { get; } = [.. Document.Split('\n').Where(l => l.StartsWith("| ", StringComparison.Ordinal)).Select(l => Cell().Split(l.Trim().Trim('|')))
        .Where(c => c.Length == 4 && c[0].Trim() != "row").Select(c => new Line(c[0].Trim(), c[1].Trim(), [.. Named().Matches(c[2]).Select(m => m.Groups[1].Value)], c[3].Trim()))];

    /// <summary>None is missing, none is there twice, and the priority is the reference's.</summary>
    [Fact]
    public void Every_row_of_the_references_has_one_line()
    {
        Assert.True(References.Count > 350, $"{References.Count}");
        Assert.Empty(Lines.GroupBy(l => l.Row).Where(g => g.Count() > 1).Select(g => g.Key));
        Assert.Equal(References.Keys.Order(StringComparer.Ordinal), Lines.Select(l => l.Row).Order(StringComparer.Ordinal));
        Assert.All(Lines, l => Assert.Equal(References[l.Row], l.Priority));
    }

    /// <summary>What matters to clients has a test, or says why it is not there.</summary>
    [Fact]
    public void Row_that_clients_need_has_a_test_or_a_reason()
    {
        Assert.All(Lines, l => Assert.Matches("^(done|in part|left out)(: .{10,}|; .{10,})?$", l.State));
        Assert.Empty(Lines.Where(l => l.State.StartsWith("done", StringComparison.Ordinal) && l.Tests.Count == 0).Select(l => l.Row));
        Assert.Empty(Lines.Where(l => !l.State.StartsWith("done", StringComparison.Ordinal) && !l.State.Contains(": ", StringComparison.Ordinal) && l.Priority != "P3").Select(l => l.Row));
        Assert.Empty(Lines.Where(l => l.Priority is "P1" or "P2" && l.Tests.Count == 0 && !l.State.StartsWith("left out: ", StringComparison.Ordinal)).Select(l => l.Row));
    }

    /// <summary>A test that was renamed has to be renamed here, too.</summary>
    [Fact]
    public void Named_tests_exist()
    {
        var tests = House.CSharpFiles("tests").SelectMany(file => Test().Matches(File.ReadAllText(file)).Select(m => $"{Path.GetFileNameWithoutExtension(file)}.{m.Groups[1].Value}")).ToHashSet();
        var named = Named().Matches(Document).Select(m => m.Groups[1].Value).ToList();
        Assert.True(named.Count > 300, $"{named.Count}");
        Assert.Equal([], named.Distinct().Except(tests));
    }

    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex Cell();

    [GeneratedRegex(@"`(\w+Tests\.\w+)`")]
    private static partial Regex Named();

    [GeneratedRegex(@"\[(?:Fact|Theory|Property)\b[\s\S]{0,3000}?public (?:async )?(?:Task|void|Property|bool)\s+(\w+)\(")]
    private static partial Regex Test();
}
