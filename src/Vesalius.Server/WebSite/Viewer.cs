using System.Text.RegularExpressions;
using Microsoft.Extensions.FileProviders;
using Vesalius.Access;
using Vesalius.Archive.DicomQueries;
using Vesalius.Archive.Lists;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.WebSite;

/// <summary>Serves OHIF below <c>/viewer</c> (R28) under a policy of its own, and the addresses that lead into it.</summary>
internal static partial class Viewer
{
    // OHIF's codecs are WebAssembly, its workers start from blobs, and its components write style attributes; no inline script runs and nothing is asked of other sites.
    private const string Policy =
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
        + "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    // A worker keeps to the policy of its own script. The codecs' glue makes functions of text; there is no page in a worker that could be harmed.
    private const string WorkerPolicy = "default-src 'none'; script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval'; connect-src 'self' data: blob:; worker-src 'self' blob:";

    private const string ForEver = "public, max-age=31536000, immutable";

    /// <summary>Its files are the same for everybody.</summary>
    public static void UseViewer(this WebApplication application, string? folder)
    {
        if (folder is null || !Directory.Exists(folder))
        {
            return;
        }

        application.UseStaticFiles(new StaticFileOptions
        {
            RequestPath = "/viewer",
            FileProvider = new PhysicalFileProvider(Path.GetFullPath(folder)),
            OnPrepareResponse = context =>
            {
                var headers = context.Context.Response.Headers;
                headers.CacheControl = HasHash().IsMatch(context.File.Name) ? ForEver : "no-cache";
                headers["X-Content-Type-Options"] = "nosniff";
                headers["Content-Security-Policy"] = context.File.Name.EndsWith(".js", StringComparison.Ordinal) ? WorkerPolicy : Policy;
            },
        });
    }

    /// <summary>The page for every address below <c>/viewer</c>, and links into it.</summary>
    public static void MapViewer(this IEndpointRouteBuilder endpoints, string? folder)
    {
        var file = folder is null ? null : Path.Combine(folder, "index.html");
        var page = file is not null && File.Exists(file) ? Adapt(File.ReadAllText(file)) : null;
        endpoints.MapGet("/viewer", (Delegate)((HttpContext context) => OpenAsync(context, page))).ExcludeFromDescription();
        endpoints.MapGet("/viewer/{**path}", (Delegate)((HttpContext context) => PageAsync(context, page))).ExcludeFromDescription();
        endpoints.MapGet("/viewer/projects/{project}/experiments/{experiment}", async (HttpContext context, string project, string experiment) =>
            await MustSignInAsync(context) ?? await LeadAsync(context, project, experiment)).ExcludeFromDescription();
    }

    /// <summary>OHIF's page with addresses below <c>/viewer</c>, and without its inline scripts, whose work <c>site.js</c> does.</summary>
    internal static string Adapt(string html)
    {
        html = InlineScript().Replace(html, "");
        html = ServiceWorker().Replace(html, "");
        html = RootAddress().Replace(html, "$1=\"/viewer/");
        return html.Replace("<head>", "<head><base href=\"/viewer/\"><script src=\"/viewer/site.js\"></script>", StringComparison.Ordinal);
    }

    // Link contract of XNAT's viewer: ?projectId=&experimentId= (xapi F.7).
    private static async Task<IResult> OpenAsync(HttpContext context, string? page)
    {
        if (await MustSignInAsync(context) is { } signIn)
        {
            return signIn;
        }

        var (project, experiment) = (context.Request.Query["projectId"].ToString(), context.Request.Query["experimentId"].ToString());
        if (experiment.Length > 0)
        {
            return await LeadAsync(context, project.Length > 0 ? project : null, experiment);
        }

        // Without a project there is a list only where the site's own root answers.
        return project.Length == 0 && !(await context.RequestServices.GetRequiredService<DicomWeb.DicomWebPreferences>().ReadAsync(context.RequestAborted)).SiteWideEnabled
            ? Results.Redirect("/") : await PageAsync(context, page);
    }

    private static async Task<IResult> LeadAsync(HttpContext context, string? project, string experiment)
    {
        var row = await Scope.ExperimentAsync(context, project, experiment, ProjectRights.Read);
        var through = project is null ? row.ProjectId : (await Scope.EnterAsync(context, project)).Id;
        var study = (await context.RequestServices.GetRequiredService<DicomQueryStore>().StudiesAsync(
            new DicomScope(Visibility.Unrestricted, through, row.Id), new DicomQuery([], 1, 0), context.RequestAborted)).Rows.FirstOrDefault()
            ?? throw RequestRefusedException.NotFound("The session holds no DICOM study that could be shown.");
        return Results.Redirect($"/viewer/viewer?StudyInstanceUIDs={Uri.EscapeDataString(study.Uid)}&projectId={Uri.EscapeDataString(through)}");
    }

    // Where to go afterwards stands behind #: a browser sends that to no server, so it comes into no log.
    private static async Task<IResult?> MustSignInAsync(HttpContext context) =>
        context.Caller().IsGuest && await context.RequestServices.GetRequiredService<SiteSettings>().FlagAsync("requireLogin", context.RequestAborted) ? Results.Redirect("/sign-in#" + Uri.EscapeDataString(context.Request.Path + context.Request.QueryString)) : null;

    private static async Task<IResult> PageAsync(HttpContext context, string? page)
    {
        if (await MustSignInAsync(context) is { } signIn)
        {
            return signIn;
        }

        if (page is null || Path.HasExtension(context.Request.Path.Value))
        {
            throw RequestRefusedException.NotFound(page is null ? "The viewer is not installed on this server." : "The viewer has no such file.");
        }

        context.Response.Headers["Content-Security-Policy"] = Policy;
        context.Response.Headers.CacheControl = "no-store";
        return Results.Content(page, "text/html; charset=utf-8");
    }

    [GeneratedRegex("<script>.*?</script>", RegexOptions.Singleline)]
    private static partial Regex InlineScript();

    [GeneratedRegex("<script[^>]*init-service-worker[^>]*></script>")]
    private static partial Regex ServiceWorker();

    [GeneratedRegex("(href|src|content)=\"/(?!/)")]
    private static partial Regex RootAddress();

    [GeneratedRegex("[0-9a-f]{16}")]
    private static partial Regex HasHash();
}
