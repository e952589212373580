using Dapper;
using Vesalius.Archive.Lists;
using Vesalius.Archive.Types;
using Vesalius.Database;

namespace Vesalius.Archive.Search;

/// <summary>An object that a quick search found.</summary>
/// <param name="XsiType">Type.</param>
/// <param name="Id">ID.</param>
/// <param name="Label">Label; of a project its title.</param>
/// <param name="ProjectId">Owning project.</param>
/// <param name="SubjectLabel">Label of the subject, if the caller may read it.</param>
/// <param name="Date">Day, as text.</param>
public sealed record FoundObject(string XsiType, string Id, string Label, string ProjectId, string? SubjectLabel, string? Date);

/// <summary>Finds projects, subjects and experiments by words that stand anywhere in their ID, label, UID, accession number or title, over all projects that
/// the caller may read (R29). It answers the best matches rather than pages: what is named so, then what begins so, then what has all words in it.</summary>
public sealed class QuickSearch(VesaliusDatabase database)
{
    /// <summary>Most objects that are answered. More is no answer to a person; a search by fields gives tables of any size.</summary>
    public const int Most = 200;

    private const int LongestText = 200;
    private const int MostWords = 8;

    // Shorter words have no trigram: only names that are or begin so are found by them.
    private const int ShortestWord = 3;

    /// <summary>Finds objects.</summary>
    /// <param name="text">Words.</param>
    /// <param name="visibility">What the caller may read.</param>
    /// <param name="limit">Most objects, 1 to <see cref="Most"/>.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ListRefusedException">The text is empty, too long, or holds a character that no text may hold.</exception>
    public Task<IReadOnlyList<FoundObject>> FindAsync(string text, Visibility visibility, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(visibility);
        var trimmed = text.Trim();
        var words = trimmed.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Distinct().ToList();
        if (words.Count is 0 or > MostWords || trimmed.Length > LongestText || !FieldValue.IsText(trimmed))
        {
            throw new ListRefusedException($"The text to find has 1 to {MostWords} words and at most {LongestText} characters.");
        }

        var parameters = visibility.Parameters();
        parameters.Add("text", trimmed);
        parameters.Add("end", trimmed + char.ConvertFromUtf32(0x10FFFF));
        parameters.Add("lower", trimmed.ToLowerInvariant());
        parameters.Add("most", Math.Clamp(limit, 1, Most));
        return database.QueryAsync<FoundObject>(Sql(visibility, words, parameters), parameters, cancellationToken);
    }

    private static string Sql(Visibility visibility, List<string> words, DynamicParameters parameters)
    {
        for (var i = 0; i < words.Count; i++)
        {
            parameters.Add($"w{i}", "%" + words[i].Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal) + "%");
        }

        string Has(string expression) => string.Join(" and ", words.Select((_, i) => $"{expression} like @w{i}"));
        const string subject = "select 1 as family, r.id, r.label from archive_subject r";
        const string experiment = "select 2 as family, r.id, r.label from archive_experiment r";
        var subjects = visibility.Sql("r", ObjectFamily.Subject);
        var experiments = visibility.Sql("r", ObjectFamily.Experiment);
        var branches = new List<string>
        {
            $"select 0 as family, r.id, r.name as label from archive_project r where {SearchRelations.ReadableProject(visibility, "r.id")} and {Has("lower(r.id || ' ' || r.name || ' ' || r.secondary_id || ' ' || r.keywords || ' ' || r.description || ' ' || array_to_string(r.aliases, ' '))")}",
            $"{subject} where (r.id = @text or (r.label >= @text and r.label < @end)) and {subjects}",
            $"{experiment} where (r.id = @text or r.study_instance_uid = @text or (r.label >= @text and r.label < @end)) and {experiments}",
        };
        if (words.Exists(w => w.Length >= ShortestWord))
        {
            branches.Add($"{subject} where {Has("archive_subject_words(r.id, r.label, r.fields)")} and {subjects}");
            branches.Add($"{experiment} where {Has("archive_experiment_words(r.id, r.label, r.study_instance_uid, r.fields)")} and {experiments}");
            branches.Add($"select 1, r.id, h.label from archive_subject_share h join archive_subject r on r.id = h.subject_id where {Has("lower(h.label)")} and {visibility.Sql("h.project_id", "'xnat:subjectdata'")}");
            branches.Add($"select 2, r.id, h.label from archive_experiment_share h join archive_experiment r on r.id = h.experiment_id where {Has("lower(h.label)")} and {visibility.Sql("h.project_id", "r.xsi_type")}");
        }

        // Every branch stops at what can be shown; the best of them are the answer.
        return $"""
            with found as ({string.Join("\nunion all ", branches.Select(b => $"({b} limit @most)"))}),
            best as (select distinct on (family, id) family, id, label, case when @lower in (lower(id), lower(label)) then 0 when starts_with(lower(label), @lower) then 1 else 2 end as rank
                from found order by family, id, rank),
            shown as (select * from best order by rank, family, label, id limit @most)
            select coalesce(e.xsi_type, case family when 0 then 'xnat:projectData' else 'xnat:subjectData' end) as xsi_type, b.id, b.label,
                coalesce(e.project_id, s.project_id, b.id) as project_id, (select u.label from archive_subject u where u.id = e.subject_id and {visibility.Sql("u", ObjectFamily.Subject)}) as subject_label,
                to_char(e.date, 'YYYY-MM-DD') as date
            from shown b left join archive_subject s on family = 1 and s.id = b.id left join archive_experiment e on family = 2 and e.id = b.id
            order by rank, family, b.label, b.id
            """;
    }
}
