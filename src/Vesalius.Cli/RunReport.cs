using System.Text.Json;
using System.Text.Json.Serialization;

namespace Vesalius.Cli;

/// <summary>What became of a run's files, for people and programs.</summary>
internal static class RunReport
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Writes the report.</summary>
    public static Task WriteAsync(string path, string script, IReadOnlyList<RunEntry> entries) => File.WriteAllBytesAsync(path, JsonSerializer.SerializeToUtf8Bytes(
        new { script, files = entries.Count, outcomes = entries.CountBy(e => e.Outcome).ToDictionary(o => Name(o.Key), o => o.Value), entries }, Format));

    /// <summary>One line.</summary>
    public static string Summary(IReadOnlyList<RunEntry> entries) =>
        $"{entries.Count} files: {string.Join(", ", entries.CountBy(e => e.Outcome).OrderBy(o => o.Key).Select(o => $"{o.Value} {Name(o.Key)}"))}";

    private static string Name(Outcome outcome) => outcome.ToString().ToLowerInvariant();
}
