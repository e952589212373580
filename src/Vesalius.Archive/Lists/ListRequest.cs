namespace Vesalius.Archive.Lists;

/// <summary>Kinds of lists, each with its base type and its shortcuts (rest-api §1.11).</summary>
public enum ListKind
{
    /// <summary>Projects.</summary>
    Project,
    /// <summary>Subjects.</summary>
    Subject,
    /// <summary>Experiments.</summary>
    Experiment,
    /// <summary>Scans of a session.</summary>
    Scan,
    /// <summary>Reconstructions of a session.</summary>
    Reconstruction,
    /// <summary>Assessors of a session.</summary>
    Assessor,
}

/// <summary>What a caller may read: decided by Vesalius.Access, carried into the statement.</summary>
/// <param name="Everything">No restriction.</param>
/// <param name="Projects">Projects whose data of every type may be read; counts where not everything may.</param>
/// <param name="Types">Types that may be read in further projects.</param>
public sealed record Visibility(bool Everything, IReadOnlyList<string> Projects, IReadOnlyList<Access.ProjectDataType> Types)
{
    /// <summary>No restriction.</summary>
    public static Visibility Unrestricted { get; } = new(true, [], []);

    /// <summary>Values for statements that have such conditions.</summary>
    internal Dapper.DynamicParameters Parameters()
    {
        var parameters = new Dapper.DynamicParameters();
        parameters.Add("readable", Projects.ToArray());
        parameters.Add("typedProjects", Types.Select(t => t.ProjectId).ToArray());
        parameters.Add("typedTypes", Types.Select(t => t.DataType.ToLowerInvariant()).ToArray());
        return parameters;
    }

    /// <summary>The condition that data of a type may be read in a project.</summary>
    /// <param name="project">Expression of the project.</param>
    /// <param name="type">Expression of the type.</param>
    internal string Sql(string project, string type) => Everything ? "true"
        : Types.Count == 0 ? $"{project} = any (@readable)"
        : $"({project} = any (@readable) or exists (select 1 from unnest(@typedProjects, @typedTypes) g (p, t) where g.p = {project} and g.t = lower({type})))";

    /// <summary>The condition that a subject or experiment may be read through a project that owns or shows it.</summary>
    internal string Sql(string alias, Types.ObjectFamily family, bool hasShares = true)
    {
        var (share, key, type) = family == Archive.Types.ObjectFamily.Subject
            ? ("archive_subject_share", "subject_id", "'xnat:subjectdata'") : ("archive_experiment_share", "experiment_id", $"{alias}.xsi_type");
        return Everything ? "true" : hasShares
            ? $"({Sql($"{alias}.project_id", type)} or exists (select 1 from {share} h where h.{key} = {alias}.id and {Sql("h.project_id", type)}))"
            : Sql($"{alias}.project_id", type);
    }
}

/// <summary>Where a list looks.</summary>
/// <param name="Visibility">What the caller may read.</param>
/// <param name="ProjectId">One project: objects that it owns or that are shared into it.</param>
/// <param name="SubjectId">One subject.</param>
/// <param name="SessionId">One session.</param>
public sealed record ListScope(Visibility Visibility, string? ProjectId = null, string? SubjectId = null, string? SessionId = null);

/// <summary>A list that is asked for.</summary>
/// <param name="Kind">What is listed.</param>
/// <param name="BaseType">Root type before any deduction, for example <c>xnat:experimentData</c>.</param>
/// <param name="Scope">Where.</param>
public sealed record ListRequest(ListKind Kind, string BaseType, ListScope Scope)
{
    /// <summary>Columns: shortcuts or paths.</summary>
    public required IReadOnlyList<string> Columns { get; init; }

    /// <summary>Filters: shortcut or path, and the value expression.</summary>
    public IReadOnlyList<(string Name, string Value)> Filters { get; init; } = [];

    /// <summary>Types asked for; one becomes the root type.</summary>
    public IReadOnlyList<string> XsiTypes { get; init; } = [];

    /// <summary>Columns to sort by.</summary>
    public IReadOnlyList<string> SortBy { get; init; } = [];

    /// <summary>Whether the order is descending.</summary>
    public bool Descending { get; init; }

    /// <summary>Rows left out at the start.</summary>
    public long Offset { get; init; }

    /// <summary>Most rows answered; null: all.</summary>
    public long? Limit { get; init; }

    /// <summary>Whether project and type are added where the root is generic (site-wide experiment list).</summary>
    public bool AddsProjectAndType { get; init; }

    /// <summary>Only objects made since then.</summary>
    public DateTime? InsertedSince { get; init; }
}

/// <summary>A finished list.</summary>
/// <param name="Columns">Names.</param>
/// <param name="Rows">Values as clients get them.</param>
/// <param name="IsPage">Whether rows may have been left out.</param>
public sealed record ListTable(IReadOnlyList<string> Columns, IReadOnlyList<string?[]> Rows, bool IsPage);

/// <summary>Thrown when a list cannot be made of a request.</summary>
/// <param name="reason">Why.</param>
public sealed class ListRefusedException(string reason) : Exception(reason);
