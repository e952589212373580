using System.Text.Json;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>Where an identifier was put.</summary>
internal enum Place
{
    Header,
    Nested,
    FreeText,
    StructuredReport,
    Private,
    Unknown,
    FileMeta,
    Surroundings,
}

/// <summary>An identifier that must not be where it was put.</summary>
/// <param name="Path">Tags from the top, joined by slashes, without item numbers; empty for what is no element.</param>
/// <param name="Place">Sort of place.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Text">The identifier as it was written there.</param>
internal sealed record PlantedIdentifier(string Path, Place Place, string Kind, string Text);

/// <summary>The answer for a file.</summary>
/// <param name="File">Name in the set.</param>
/// <param name="Source">The file that it was made of.</param>
/// <param name="Subject">Number of the subject.</param>
/// <param name="Identifiers">What must go.</param>
/// <param name="Kept">What must stay where the rules let it: path → values in order.</param>
/// <param name="Uids">UIDs of objects: path → values in order.</param>
/// <param name="Dates">Dates and date-times of the subject: path → values in order.</param>
/// <param name="PixelHash">SHA-256 of the pixel data.</param>
internal sealed record FileAnswer(
    string File, string Source, int Subject, IReadOnlyList<PlantedIdentifier> Identifiers, IReadOnlyDictionary<string, IReadOnlyList<string>> Kept,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Uids, IReadOnlyDictionary<string, IReadOnlyList<string>> Dates, string? PixelHash);

/// <summary>What was put into a set of files, and what of it must stay.</summary>
/// <param name="Seed">The number that the set was made with.</param>
/// <param name="Files">Answers by file.</param>
internal sealed record AnswerKey(int Seed, IReadOnlyList<FileAnswer> Files)
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Writes the key beside the set.</summary>
    public Task SaveAsync(string path) => File.WriteAllBytesAsync(path, JsonSerializer.SerializeToUtf8Bytes(this, Format));
}
