using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Vesalius.Archive.ProjectEnds;

/// <summary>A kind of thing that was removed, and what was found of it afterwards.</summary>
/// <param name="Room">Where it was.</param>
/// <param name="Kind">What.</param>
/// <param name="Removed">How many were removed.</param>
/// <param name="Bytes">How large they were; null for what is no file.</param>
/// <param name="Left">How many were found by looking again.</param>
/// <param name="IsKept">They were to be kept.</param>
public sealed record ProofLine(string Room, string Kind, long Removed, long? Bytes, long Left, bool IsKept);

/// <summary>What the end of a project did and what was found afterwards (R22). It names counts and our own keys, never a label, a date or an identifier of a patient.</summary>
public sealed record ProjectEndReport
{
    /// <summary>Key.</summary>
    public required Guid Id { get; init; }

    /// <summary>Project.</summary>
    public required string Project { get; init; }

    /// <summary><c>complete</c>, or <c>incomplete</c> if something was found afterwards.</summary>
    public required string State { get; init; }

    /// <summary>When it began.</summary>
    public required DateTime Started { get; init; }

    /// <summary>When the last look was over.</summary>
    public required DateTime Finished { get; init; }

    /// <summary>Who ended it.</summary>
    public required string EndedBy { get; init; }

    /// <summary>Why, as they wrote.</summary>
    public required string Reason { get; init; }

    /// <summary>The archived files were to stay on disk.</summary>
    public required bool KeepsFiles { get; init; }

    /// <summary>Kinds of things.</summary>
    public required IReadOnlyList<ProofLine> Lines { get; init; }

    /// <summary>SHA-256 over the sorted SHA-256 values of all archived files, each as 64 hexadecimal digits and a line feed: whoever has a copy can show that it was this.</summary>
    public required string ContentDigest { get; init; }

    /// <summary>Subjects that went to other projects, which have experiments of theirs.</summary>
    public required int SubjectsHandedOver { get; init; }

    /// <summary>The ID is reserved: no project will have it again.</summary>
    public required bool IdIsReserved { get; init; }

    /// <summary>How often was removed and looked again.</summary>
    public required int Rounds { get; init; }

    /// <summary>What remains on purpose, or cannot be told apart by project.</summary>
    public required IReadOnlyList<string> Remains { get; init; }

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>As JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static ProjectEndReport FromJson(string json) => JsonSerializer.Deserialize<ProjectEndReport>(json, Json)!;

    /// <summary>Lines as CSV with a header (RFC 4180).</summary>
    public string ToCsv()
    {
        var csv = new StringBuilder("project,room,kind,removed,bytes,left,kept\r\n");
        foreach (var line in Lines)
        {
            csv.Append(CultureInfo.InvariantCulture, $"{Project},{line.Room},\"{line.Kind}\",{line.Removed},{line.Bytes},{line.Left},{(line.IsKept ? "yes" : "no")}\r\n");
        }

        return csv.ToString();
    }

    /// <summary>As a page for people.</summary>
    /// <param name="sha256">Hash of the JSON form, as the audit trail holds it.</param>
    public string ToHtml(string sha256)
    {
        var page = new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>End of a project</title></head><body>\n");
        var verdict = State == "complete" ? (KeepsFiles ? "Complete. The archived files were kept on disk, as asked." : "Complete. Nothing was left.") : "Incomplete: something was left.";
        page.Append(CultureInfo.InvariantCulture, $"<h1>End of project {Text(Project)}</h1>\n<p><strong>{verdict}</strong></p>\n<dl>\n");
        foreach (var (name, value) in (IEnumerable<(string, string)>)
        [
            ("Report", Id.ToString()), ("Ended by", EndedBy), ("Reason", Reason.Length > 0 ? Reason : "none given"), ("Began", Moment(Started)), ("Last look", Moment(Finished)),
            ("Rounds", Rounds.ToString(CultureInfo.InvariantCulture)), ("Subjects handed over to other projects", SubjectsHandedOver.ToString(CultureInfo.InvariantCulture)),
            ("Project ID reserved for ever", IdIsReserved ? "yes" : "no"), ("Digest of the archived files", ContentDigest), ("SHA-256 of this report (JSON), in the audit trail", sha256),
        ])
        {
            page.Append(CultureInfo.InvariantCulture, $"<dt>{Text(name)}</dt><dd>{Text(value)}</dd>\n");
        }

        page.Append("</dl>\n<table><thead><tr><th>Room</th><th>What</th><th>Removed</th><th>Bytes</th><th>Found afterwards</th></tr></thead><tbody>\n");
        foreach (var line in Lines)
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{Text(line.Room)}</td><td>{Text(line.Kind)}</td><td>{line.Removed}</td><td>{line.Bytes}</td><td>{line.Left}{(line.IsKept ? " (kept)" : "")}</td></tr>\n");
        }

        page.Append("</tbody></table>\n<h2>What remains</h2>\n<ul>\n");
        foreach (var remark in Remains)
        {
            page.Append(CultureInfo.InvariantCulture, $"<li>{Text(remark)}</li>\n");
        }

        return page.Append("</ul>\n</body></html>\n").ToString();
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static string Moment(DateTime at) => at.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
