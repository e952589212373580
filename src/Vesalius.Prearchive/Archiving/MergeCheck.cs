using System.Text.Json;
using System.Text.Json.Nodes;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Database;

namespace Vesalius.Prearchive;

/// <summary>Says why an incoming session may not be merged into an archived one (rest-api §13.5, R9).</summary>
internal static class MergeCheck
{
    private sealed record Stored(string Status, DateOnly? Date, string Fields);

    /// <summary>The reasons; empty if it may.</summary>
    public static async Task<IReadOnlyList<string>> ProblemsAsync(
        VesaliusDatabase database, SiteSettings settings, ArchivedSession existing, ArchiveRequest request, SessionDescription description, string studyUid, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        var stored = (await database.FindAsync<Stored>("select status, date, fields::text as fields from archive_experiment where id = @Id", new { existing.Id }, cancellationToken).ConfigureAwait(false))!;
        if (stored.Status is not "active")
        {
            problems.Add($"The archived session is {stored.Status} and takes no further images.");
        }

        if (existing.SubjectLabel != request.SubjectLabel)
        {
            problems.Add("The archived session with this label belongs to another subject.");
        }

        if (request.SameStudyOnly && !string.IsNullOrEmpty(existing.StudyInstanceUid) && existing.StudyInstanceUid != studyUid)
        {
            problems.Add("The archived session with this label is another study: append to it by name, or archive under another label.");
        }

        // The rest of a study that came in parts is no other type of session: a dose that came before its images.
        if (existing.XsiType != description.XsiType && existing.StudyInstanceUid != studyUid && await settings.FlagAsync("preventCrossModalityMerge", cancellationToken).ConfigureAwait(false))
        {
            problems.Add($"The archived session is {existing.XsiType}, the incoming one {description.XsiType}; the site does not merge types.");
        }

        foreach (var field in await FieldsAsync(settings, cancellationToken).ConfigureAwait(false))
        {
            var (here, there) = field switch
            {
                "date" => (stored.Date?.ToString("O"), description.Date?.ToString("O")),
                "UID" or "studyInstanceUID" => (existing.StudyInstanceUid, studyUid),
                _ => (Field(stored.Fields, field), description.Fields.GetValueOrDefault(field)),
            };
            if (!string.IsNullOrEmpty(here) && !string.IsNullOrEmpty(there) && here != there)
            {
                // The field's name, never what it says.
                problems.Add($"{field} of the archived and the incoming session differ; the site does not merge them (failMergeOn).");
            }
        }

        return problems;
    }

    private static async Task<IReadOnlyList<string>> FieldsAsync(SiteSettings settings, CancellationToken cancellationToken) =>
        await settings.FindAsync("failMergeOn", cancellationToken).ConfigureAwait(false) switch
        {
            JsonArray list => [.. list.Select(v => v?.ToString() ?? "").Where(v => v.Length > 0)],
            { } text when text.ToString() is not ("true" or "false") => text.ToString().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
            _ => [],
        };

    private static string? Field(string json, string name)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.TryGetProperty(name, out var value) ? value.ToString() : null;
    }
}
