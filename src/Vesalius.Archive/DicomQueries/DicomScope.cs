using Dapper;
using Vesalius.Archive.Lists;

namespace Vesalius.Archive.DicomQueries;

/// <summary>Which projects a site-wide look leaves out (xapi F.2), beside those that opted out themselves.</summary>
/// <param name="OnlyListed">True: only listed projects are looked at; false: all but those.</param>
/// <param name="Projects">The list.</param>
public sealed record SiteWideFilter(bool OnlyListed, IReadOnlyList<string> Projects);

/// <summary>Where a DICOMweb request looks, and what its caller may read there.</summary>
/// <param name="Visibility">What the caller may read; for one project, which types in it.</param>
/// <param name="ProjectId">One project: sessions that it owns or that are shared into it.</param>
/// <param name="SessionId">One session of the project.</param>
/// <param name="Filter">For a look at the whole site.</param>
public sealed record DicomScope(Visibility Visibility, string? ProjectId = null, string? SessionId = null, SiteWideFilter? Filter = null)
{
    /// <summary>Sessions in the scope as relation of id, uid, name, project, folder_project, folder_label, subject_id, date, time. A shared session stands there once,
    /// with the label that it has where the caller may see it.</summary>
    /// <param name="condition">Further condition on experiment <c>e</c>.</param>
    internal string Sessions(string condition = "true") =>
        $"""
        select e.id, e.study_instance_uid as uid, place.label as name, place.project_id as project, e.project_id as folder_project, e.label as folder_label, e.subject_id, e.date, e.time
        from archive_experiment e
        cross join lateral (
            select p.project_id, p.label from (
                select e.project_id, e.label, 0 as rank union all select h.project_id, h.label, 1 from archive_experiment_share h where h.experiment_id = e.id) p
            where {Place("p.project_id", "e.xsi_type")} order by p.rank, p.project_id limit 1) place
        where e.study_instance_uid is not null and e.session_id is null and {condition}{Narrow}
        """;

    // Lets the statement begin at the project's own index.
    private string Narrow => (SessionId, ProjectId) switch
    {
        ({ } _, _) => " and e.id = @session",
        (_, { } _) => " and e.id in (select id from archive_experiment where project_id = @project union all select experiment_id from archive_experiment_share where project_id = @project)",
        _ => "",
    };

    private string Place(string project, string type) => Visibility.Sql(project, type) + (ProjectId is not null ? $" and {project} = @project"
        : $" and {project} {(Filter is { OnlyListed: true } ? "= any" : "<> all")} (@listed) and exists (select 1 from archive_project o where o.id = {project} and o.dicomweb_site_wide)");

    /// <summary>The condition that an assessor of a session in the scope may be read where the session is.</summary>
    /// <param name="assessor">Alias of the assessor.</param>
    /// <param name="session">Alias of the session, as <see cref="Sessions"/> gives it.</param>
    internal string Assessor(string assessor, string session) =>
        $"({assessor}.project_id = {session}.project or exists (select 1 from archive_experiment_share h where h.experiment_id = {assessor}.id and h.project_id = {session}.project)) and {Visibility.Sql($"{session}.project", $"{assessor}.xsi_type")}";

    /// <summary>Values for statements of this scope.</summary>
    internal DynamicParameters Parameters()
    {
        var parameters = Visibility.Parameters();
        parameters.Add("project", ProjectId);
        parameters.Add("session", SessionId);
        parameters.Add("listed", Filter?.Projects.ToArray() ?? []);
        return parameters;
    }
}
