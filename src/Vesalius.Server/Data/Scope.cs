using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Lists;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Looks up what a path names and checks what the caller may do there. The decision itself is <see cref="ProjectPermissions"/>'.</summary>
internal static class Scope
{
    /// <summary>Type of subjects.</summary>
    public const string SubjectType = "xnat:subjectData";

    private static ProjectAccess Access(HttpContext context) => context.RequestServices.GetRequiredService<ProjectAccess>();

    private static ArchiveBrowser Browser(HttpContext context) => context.RequestServices.GetRequiredService<ArchiveBrowser>();

    /// <summary>The project, visible and with rights to data of every type: 404 where it is invisible, 403 where a right is missing.</summary>
    public static Task<Project> ProjectAsync(HttpContext context, string id, ProjectRights needed, int invisible = 404) =>
        ProjectAsync(context, id, needed, project => RightsAsync(context, project), invisible);

    /// <summary>What the caller may do in a project with data of every type; none if there is no such project. How open the project is is asked once per request.</summary>
    public static async Task<ProjectRights> RightsAsync(HttpContext context, string project) =>
        await AccessibilityAsync(context, project).ConfigureAwait(false) is { } open ? ProjectPermissions.Decide(context.Caller(), project, open) : ProjectRights.None;

    private static async Task<Accessibility?> AccessibilityAsync(HttpContext context, string project)
    {
        var key = (typeof(Accessibility), project);
        if (!context.Items.TryGetValue(key, out var known))
        {
            context.Items[key] = known = await Access(context).AccessibilityAsync(project, context.RequestAborted).ConfigureAwait(false);
        }

        return (Accessibility?)known;
    }

    /// <summary>The project, visible and with rights to data of one type.</summary>
    public static Task<Project> ProjectAsync(HttpContext context, string id, ProjectRights needed, string dataType, int invisible = 404) =>
        ProjectAsync(context, id, needed, project => Access(context).RightsAsync(context.Caller(), project, dataType, context.RequestAborted), invisible);

    /// <summary>The project, for a caller who may read data of some type in it; each object or row has to be decided by its own type.</summary>
    public static Task<Project> EnterAsync(HttpContext context, string id, int invisible = 404) =>
        ProjectAsync(context, id, ProjectRights.Read, async project =>
            await AccessibilityAsync(context, project).ConfigureAwait(false) is { } open ? ProjectPermissions.DecideAny(context.Caller(), project, open) : ProjectRights.None, invisible);

    private static async Task<Project> ProjectAsync(HttpContext context, string id, ProjectRights needed, Func<string, Task<ProjectRights>> decide, int invisible)
    {
        var project = await context.RequestServices.GetRequiredService<ProjectDirectory>().FindAsync(id, context.RequestAborted).ConfigureAwait(false);
        var rights = project is null ? ProjectRights.None : await decide(project.Id).ConfigureAwait(false);
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

    /// <summary>Projects whose data of every type the caller may read.</summary>
    public static Task<IReadOnlyList<string>> ReadableAsync(HttpContext context) =>
        Access(context).ProjectsWithAsync(context.Caller(), ProjectRights.Read, context.RequestAborted);

    /// <summary>What the caller may read anywhere, for lists.</summary>
    public static async Task<Visibility> VisibilityAsync(HttpContext context)
    {
        // Who may read a private project that nobody belongs to may read everything.
        if (ProjectPermissions.Decide(context.Caller(), "", Accessibility.Private).HasFlag(ProjectRights.Read))
        {
            return Visibility.Unrestricted;
        }

        var readable = await Access(context).ReadableAsync(context.Caller(), context.RequestAborted).ConfigureAwait(false);
        return new Visibility(false, readable.Projects, readable.Types);
    }

    public static async Task<SubjectRow> SubjectAsync(HttpContext context, string? project, string subject, ProjectRights needed)
    {
        var through = project is null ? null : (await EnterAsync(context, project).ConfigureAwait(false)).Id;
        var row = await Browser(context).SubjectAsync(through, subject, context.RequestAborted).ConfigureAwait(false)
            ?? throw RequestRefusedException.NotFound("There is no such subject.");
        var places = await Browser(context).ProjectsOfSubjectAsync(row.Id, context.RequestAborted).ConfigureAwait(false);
        await CheckAsync(context, Place(row.ProjectId, places, SubjectType), through, needed).ConfigureAwait(false);
        return row;
    }

    public static async Task<ExperimentRow> ExperimentAsync(HttpContext context, string? project, string experiment, ProjectRights needed)
    {
        var through = project is null ? null : (await EnterAsync(context, project).ConfigureAwait(false)).Id;
        var row = await Browser(context).ExperimentAsync(through, experiment, context.RequestAborted).ConfigureAwait(false)
            ?? throw RequestRefusedException.NotFound("There is no such experiment.");
        await CheckAsync(context, row, through, needed).ConfigureAwait(false);
        return row;
    }

    /// <summary>Checks what the caller may do with an experiment that was found.</summary>
    /// <param name="context">Request.</param>
    /// <param name="row">Experiment.</param>
    /// <param name="through">ID of the project that the request names; null if none.</param>
    /// <param name="needed">Rights.</param>
    public static async Task CheckAsync(HttpContext context, ExperimentRow row, string? through, ProjectRights needed)
    {
        var places = await Browser(context).ProjectsOfExperimentAsync(row.Id, context.RequestAborted).ConfigureAwait(false);
        await CheckAsync(context, Place(row.ProjectId, places, row.XsiType), through, needed).ConfigureAwait(false);
    }

    private static ObjectPlace Place(string owner, IReadOnlyList<SharedIn> places, string type) => new(owner, [.. places.Where(p => !p.IsOwner).Select(p => p.ProjectId)], type);

    private static async Task CheckAsync(HttpContext context, ObjectPlace place, string? through, ProjectRights needed)
    {
        var rights = await Access(context).ObjectRightsAsync(context.Caller(), place, through, context.RequestAborted).ConfigureAwait(false);
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
        var all = await Browser(context).ScansAsync(experiment.Id, context.RequestAborted).ConfigureAwait(false);
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

    /// <summary>Answers that an object was made: its address as body and <c>Location</c> (rest-api §1.6.4).</summary>
    public static async Task<IResult> MadeAsync(HttpContext context, string path)
    {
        var site = (await context.RequestServices.GetRequiredService<SiteSettings>().TextAsync("siteUrl", context.RequestAborted).ConfigureAwait(false)).TrimEnd('/');
        var url = $"{(site.Length > 0 ? site : $"{context.Request.Scheme}://{context.Request.Host}")}{path}";
        context.Response.Headers.Location = url;
        return Results.Text(url);
    }
}
