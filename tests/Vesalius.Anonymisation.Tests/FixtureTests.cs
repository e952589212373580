using System.Text.Json;
using Vesalius.Dicom;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Anonymisation.Tests;

/// <summary>The conformance cases: script, input, expected output or error (R10).</summary>
public sealed class FixtureTests
{
    /// <summary>Names of the cases; one row that skips where the folder is absent.</summary>
    public static TheoryData<string> Cases
    {
        get
        {
            var folder = Path.Combine(SharedData.Root, "fixtures", "dicomedit");
            return Directory.Exists(folder)
                ? [.. Directory.EnumerateDirectories(folder).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)]
                : ["(absent)"];
        }
    }

    /// <summary>Runs a case.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Case_ends_as_expected(string name)
    {
        var folder = SharedData.Require("fixtures", "dicomedit", name);
        using var description = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json")));
        var json = description.RootElement;
        var input = DicomJsonReader.Read(File.ReadAllBytes(Path.Combine(folder, "input.json")));
        var text = File.ReadAllText(Path.Combine(folder, "script.das"));
        var expect = json.GetProperty("expect").GetString();
        ScriptResult result;
        try
        {
            var script = DicomEditScript.Compile(text);
            Assert.Equal(json.GetProperty("dialect").GetInt32(), script.Dialect);
            result = script.Apply(input, Context(json), TestContext.Current.CancellationToken);
        }
        catch (Exception e) when (e is ScriptException or ScriptRunException)
        {
            Assert.True(expect == "error", $"Unexpected: {e.Message}");
            return;
        }

        Assert.Equal(expect, result.Outcome == ScriptOutcome.Rejected ? "reject" : "ok");
        if (expect == "ok")
        {
            Compare(folder, json, input);
        }
    }

    private static ScriptContext Context(JsonElement json) => new()
    {
        Variables = json.GetProperty("variables").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!),
        Lookup = json.TryGetProperty("lookup", out var lookup) ? new JsonLookup(lookup.Clone()) : null,
        SiteKey = "test"u8.ToArray(),
    };

    private static void Compare(string folder, JsonElement json, DataSet actual)
    {
        var expected = DicomJsonReader.Read(File.ReadAllBytes(Path.Combine(folder, "expected.json")));
        var loose = new HashSet<string>();
        if (json.TryGetProperty("checks", out var checks))
        {
            foreach (var check in checks.EnumerateArray())
            {
                if (check.TryGetProperty("path", out var path))
                {
                    loose.Add(path.GetString()!);
                }

                if (check.TryGetProperty("paths", out var paths))
                {
                    loose.UnionWith(paths.EnumerateArray().Select(p => p.GetString()!));
                }

                Check(check, actual);
            }
        }

        var lines = Flatten(actual, loose);
        if (json.GetProperty("compare").GetString() == "listed")
        {
            var listed = expected.Select(e => e.Tag.ToHexString()).ToHashSet();
            lines.RemoveAll(l => !listed.Contains(l[..8]));
        }

        Assert.Equal(Flatten(expected, loose), lines);
    }

    private static void Check(JsonElement check, DataSet actual)
    {
        string Read(string path)
        {
            var dataSet = actual;
            var parts = path.Split('/', '.', '[', ']').Where(p => p.Length > 0).ToArray();
            for (var i = 0; i < parts.Length - 1; i += 2)
            {
                dataSet = dataSet.GetSequence(Tag.TryParse(parts[i], out var sequence) ? sequence : default)!.Items[int.Parse(parts[i + 1])];
            }

            Assert.True(Tag.TryParse(parts[^1], out var tag));
            return dataSet.GetString(tag)!;
        }

        switch (check.GetProperty("kind").GetString())
        {
            case "uid":
                Assert.Matches(@"^[0-9]+(\.(0|[1-9][0-9]*))+$", Read(check.GetProperty("path").GetString()!));
                Assert.True(Read(check.GetProperty("path").GetString()!).Length <= 64);
                if (check.TryGetProperty("prefix", out var prefix))
                {
                    Assert.StartsWith(prefix.GetString()!, Read(check.GetProperty("path").GetString()!), StringComparison.Ordinal);
                }

                break;
            case "different":
                var values = check.GetProperty("paths").EnumerateArray().Select(p => Read(p.GetString()!)).ToList();
                Assert.Equal(values.Count, values.Distinct().Count());
                break;
            case "same":
                Assert.Single(check.GetProperty("paths").EnumerateArray().Select(p => Read(p.GetString()!)).Distinct());
                break;
        }
    }

    // One line per element: path, representation, value; so that a difference is readable.
    private static List<string> Flatten(DataSet dataSet, HashSet<string> loose, string prefix = "")
    {
        var lines = new List<string>();
        foreach (var element in dataSet)
        {
            var path = prefix + element.Tag.ToHexString();
            if (element is SequenceElement sequence)
            {
                lines.Add($"{path} {element.Vr} {sequence.Items.Count} items");
                for (var i = 0; i < sequence.Items.Count; i++)
                {
                    lines.AddRange(Flatten(sequence.Items[i], loose, $"{path}/{i}/"));
                }
            }
            else
            {
                lines.Add(loose.Contains(path) ? $"{path} {element.Vr}" : $"{path} {element.Vr} {dataSet.GetString(element.Tag)}");
            }
        }

        return lines;
    }

    private sealed class JsonLookup(JsonElement table) : ILookupTable
    {
        public string? Find(string kind, string key) =>
            table.TryGetProperty(kind, out var lines) && lines.TryGetProperty(key, out var value) ? value.GetString() : null;
    }
}
