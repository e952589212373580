using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Looks up what a path names and checks what the caller may do there. The decision itself is <see cref="ProjectPermissions"/>'.</summary>
internal static class Scope
{
    /// <summary>The project, visible and with the rights needed: 404 where it is invisible, 403 where a right is missing.</summary>
    public static async Task<Project> ProjectAsync(HttpContext context, string id, ProjectRights needed, int invisible = 404)
    {
        var project = await context.RequestServices.GetRequiredService<ProjectDirectory>().FindAsync(id, context.RequestAborted).ConfigureAwait(false);
        var rights = project is null ? ProjectRights.None
            : await context.RequestServices.GetRequiredService<ProjectAccess>().RightsAsync(context.Caller(), project.Id, context.RequestAborted).ConfigureAwait(false);
        if (project is null || rights == ProjectRights.None)
        {
            throw new RequestRefusedException(invisible, "There is no such project.");
        }

        if ((rights & needed) != needed)
        {
            // Who may only see the description may not learn what is in it.
            throw needed == ProjectRights.Read && !rights.HasFlag(ProjectRights.Read)
                ? RequestRefusedException.Forbidden("The data of this project is not yours to read.")
                : RequestRefusedException.Forbidden("You may not do this in the project.");
        }

        return project;
    }

    /// <summary>Projects whose data the caller may read.</summary>
    public static Task<IReadOnlyList<string>> ReadableAsync(HttpContext context) =>
        context.RequestServices.GetRequiredService<ProjectAccess>().ProjectsWithAsync(context.Caller(), ProjectRights.Read, context.RequestAborted);

    public static async Task<SubjectRow> SubjectAsync(HttpContext context, string? project, string subject, ProjectRights needed)
    {
        var projectId = project is null ? null : (await ProjectAsync(context, project, ProjectRights.Read).ConfigureAwait(false)).Id;
        var row = await context.RequestServices.GetRequiredService<ArchiveBrowser>().SubjectAsync(projectId, subject, context.RequestAborted).ConfigureAwait(false)
            ?? throw RequestRefusedException.NotFound("There is no such subject.");
        await CheckAsync(context, row.ProjectId, needed).ConfigureAwait(false);
        return row;
    }

    public static async Task<ExperimentRow> ExperimentAsync(HttpContext context, string? project, string experiment, ProjectRights needed)
    {
        var projectId = project is null ? null : (await ProjectAsync(context, project, ProjectRights.Read).ConfigureAwait(false)).Id;
        var row = await context.RequestServices.GetRequiredService<ArchiveBrowser>().ExperimentAsync(projectId, experiment, context.RequestAborted).ConfigureAwait(false)
            ?? throw RequestRefusedException.NotFound("There is no such experiment.");
        await CheckAsync(context, row.ProjectId, needed).ConfigureAwait(false);
        return row;
    }

    private static async Task CheckAsync(HttpContext context, string projectId, ProjectRights needed)
    {
        var rights = await context.RequestServices.GetRequiredService<ProjectAccess>().RightsAsync(context.Caller(), projectId, context.RequestAborted).ConfigureAwait(false);
        if (!rights.HasFlag(ProjectRights.Read))
        {
            throw RequestRefusedException.NotFound("There is no such object.");
        }

        if ((rights & needed) != needed)
        {
            throw RequestRefusedException.Forbidden("You may not do this in the project.");
        }
    }

    /// <summary>Scans of an experiment that a selector names: ID, type, comma list, <c>*</c>, <c>ALL</c> (rest-api §6.4).</summary>
    public static async Task<IReadOnlyList<ScanRow>> ScansAsync(HttpContext context, ExperimentRow experiment, string selector)
    {
        var all = await context.RequestServices.GetRequiredService<ArchiveBrowser>().ScansAsync(experiment.Id, context.RequestAborted).ConfigureAwait(false);
        if (selector is "*" or "ALL")
        {
            return all;
        }

        var wanted = selector.Split(',').Select(s => s.Replace("[SLASH]", "/", StringComparison.Ordinal).Replace("[COMMA]", ",", StringComparison.Ordinal)).ToHashSet();
        var found = all.Where(s => wanted.Contains(s.Id)).ToList();
        found.AddRange(all.Where(s => !found.Contains(s) && (wanted.Contains(s.Type) || (s.Type.Length == 0 && wanted.Contains("NULL")))));
        return found.Count > 0 ? found : throw RequestRefusedException.NotFound("There is no such scan.");
    }

    public static Task AuditAsync(HttpContext context, string action, string subject)
    {
        AuditMiddleware.Written(context);
        return context.RequestServices.GetRequiredService<AuditTrail>().RecordAsync(context.Caller().Login, context.Address(), action, subject, CancellationToken.None);
    }
}
