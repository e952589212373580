using Vesalius.Access;
using Vesalius.Archive.DicomQueries;
using Vesalius.Archive.Lists;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.DicomWeb;

/// <summary>A request below one of the roots of DICOMweb: where it looks, as whom, and what its addresses begin with.</summary>
/// <param name="Scope">Where, with the caller's rights.</param>
/// <param name="Studies">Address of the root, up to and with <c>/studies/</c>.</param>
/// <param name="Settings">The site's decisions.</param>
internal sealed record DicomWebRequest(DicomScope Scope, string Studies, DicomWebSettings Settings)
{
    /// <summary>Roots with the same tails (xapi F.1, F.7).</summary>
    public static readonly string[] Roots =
    [
        "/xapi/dicomweb", "/xapi/dicomweb/projects/{project}", "/dicom-web", "/dicom-web/projects/{project}", "/xapi/viewerDicomweb/aets/{project}/{experiment}/rs",
    ];

    /// <summary>Reads it from the address.</summary>
    /// <exception cref="RequestRefusedException">There is no such root, or it is not the caller's to read.</exception>
    public static async Task<DicomWebRequest> ReadAsync(HttpContext context)
    {
        var settings = await context.RequestServices.GetRequiredService<DicomWebPreferences>().ReadAsync(context.RequestAborted);
        var path = context.Request.Path.Value!;
        var scope = (Experiments.Route(context, "project"), Experiments.Route(context, "experiment")) switch
        {
            ({ } project, { } experiment) => await OfSessionAsync(context, project, experiment),
            ({ } project, _) => await OfProjectAsync(context, project),
            _ => settings.SiteWideEnabled ? new DicomScope(await Data.Scope.VisibilityAsync(context), Filter: settings.Filter)
                : throw RequestRefusedException.NotFound("DICOMweb of the whole site is switched off; each project has its own root."),
        };
        foreach (var name in (ReadOnlySpan<string>)["study", "series", "instance"])
        {
            if (Experiments.Route(context, name) is { } uid && !IsUid(uid))
            {
                throw RequestRefusedException.BadRequest($"What the address names as {name} is no UID.");
            }
        }

        return new DicomWebRequest(scope, await AddressAsync(context, settings, RootOf(path)) + "/studies/", settings);
    }

    // Some devices write letters where only digits belong.
    private static bool IsUid(string text) => text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    private static string RootOf(string path)
    {
        var parts = path.Split('/');
        var length = parts switch
        {
            ["", "xapi", "viewerDicomweb", ..] => 7,
            ["", "xapi", "dicomweb", "projects", ..] => 5,
            ["", "xapi", "dicomweb", ..] => 3,
            ["", "dicom-web", "projects", ..] => 4,
            _ => 2,
        };
        return string.Join('/', parts.Take(length).Select(Uri.EscapeDataString));
    }

    private static async Task<string> AddressAsync(HttpContext context, DicomWebSettings settings, string root)
    {
        var site = settings.BaseUrl.Length > 0 ? settings.BaseUrl : (await context.RequestServices.GetRequiredService<SiteSettings>().TextAsync("siteUrl", context.RequestAborted)).TrimEnd('/');
        return (site.Length > 0 ? site : $"{context.Request.Scheme}://{context.Request.Host}") + root;
    }

    private static async Task<DicomScope> OfProjectAsync(HttpContext context, string project)
    {
        var row = await Data.Scope.EnterAsync(context, project);
        return new DicomScope(await VisibilityInAsync(context, row.Id), row.Id);
    }

    /// <summary>What the caller may read through a project: rights there decide; a custom group has them by type.</summary>
    public static async Task<Visibility> VisibilityInAsync(HttpContext context, string project)
    {
        var caller = context.Caller();
        var all = await Data.Scope.RightsAsync(context, project);
        return all.HasFlag(ProjectRights.Read) ? Visibility.Unrestricted
            : new Visibility(false, [], caller.MayOpenData && caller.ProjectGroups.TryGetValue(project, out var group)
                ? [.. group.ByType.Where(t => t.Value.HasFlag(ProjectRights.Read)).Select(t => new ProjectDataType(project, t.Key))] : []);
    }

    private static async Task<DicomScope> OfSessionAsync(HttpContext context, string project, string experiment)
    {
        // Nobody but an administrator learns whether there is a project that is not theirs (xapi F.7).
        var through = await Data.Scope.EnterAsync(context, project, invisible: context.Caller().IsSiteAdministrator ? 404 : 403);
        var row = await Data.Scope.ExperimentAsync(context, project, experiment, ProjectRights.Read);
        return new DicomScope(await VisibilityInAsync(context, through.Id), through.Id, row.Id);
    }
}
