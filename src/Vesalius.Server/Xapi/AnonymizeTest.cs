using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Vesalius.Access;
using Vesalius.Anonymisation;
using Vesalius.Anonymisation.Profile;
using Vesalius.Anonymisation.Residual;
using Vesalius.Dicom;
using Vesalius.Prearchive;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary>What trying scripts needs.</summary>
/// <param name="SiteKey">The site's key.</param>
/// <param name="ScratchFolder">Where altered pixels go that are too many for memory, in files without a name.</param>
internal sealed record TryOutSettings(ReadOnlyMemory<byte> SiteKey, string ScratchFolder);

/// <summary><c>/xapi/anonymize/test</c>: what scripts would make of a session or an uploaded file, before they are saved; nothing is stored (R13).</summary>
internal static class AnonymizeTest
{
    private const int MostObjects = 10;
    private const int LongestScript = 1 << 20;

    // What is tried is held in memory.
    private static readonly SemaphoreSlim Turns = new(2);

    private sealed record Given(string? Script, byte[]? Upload);

    private sealed record Trial(string? Project, string Subject, string Session, IReadOnlyList<TryOutSource> Objects, int Total, PrearchiveSession? Waiting, bool IsUpload);

    public static void MapAnonymizeTest(this IEndpointRouteBuilder endpoints) => endpoints.MapPost("/xapi/anonymize/test", (Delegate)TestAsync);

    private static async Task<IResult> TestAsync(HttpContext context)
    {
        context.SignedIn();
        // Rights before the body: whoever may not try anything uploads nothing.
        var step = context.Request.Query["step"].FirstOrDefault() ?? "project";
        if (step is not ("project" or "site" or "both"))
        {
            throw RequestRefusedException.BadRequest("step is one of project, site, both.");
        }

        if (step != "project")
        {
            context.Administrator();
        }

        var project = context.Request.Query["project"].FirstOrDefault() is { Length: > 0 } named ? (await Scope.ProjectAsync(context, named, ProjectRights.Manage, invisible: 403)).Id : null;
        var source = context.Request.Query["source"].FirstOrDefault();
        if (project is null && source is null && step != "site")
        {
            throw RequestRefusedException.BadRequest("Name a project, or a session as source.");
        }

        await Turns.WaitAsync(context.RequestAborted);
        try
        {
            var given = await ReadAsync(context);
            var trial = await TrialAsync(context, project, source, given.Upload);
            if (trial.Project is null && step != "site")
            {
                throw RequestRefusedException.BadRequest("Name a project: the session has none.");
            }

            // Written down before anything is shown.
            await Scope.AuditAsync(context, "anonymisation.test", $"{step} {trial.Project} {source ?? "upload"}");
            return await TryAsync(context, step, given.Script, trial);
        }
        finally
        {
            Turns.Release();
        }
    }

    private static async Task<Trial> TrialAsync(HttpContext context, string? project, string? source, byte[]? upload)
    {
        var query = context.Request.Query;
        var limit = int.TryParse(query["limit"], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? Math.Min(number, MostObjects) : 3;
        var scan = query["scan"].FirstOrDefault();
        string Label(string name, string absent) => query[name].FirstOrDefault() is { Length: > 0 } label ? label : absent;
        try
        {
            if (upload is not null)
            {
                var (objects, total) = TryOutSources.Uploaded(upload, limit);
                return new Trial(project, Label("subject", "SUBJECT"), Label("session", "SESSION"), objects, total, null, true);
            }

            var sources = context.RequestServices.GetRequiredService<TryOutSources>();
            var parts = (source ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).SkipWhile(p => p is "data" or "archive").ToArray();
            if (parts is ["prearchive", "projects", var owner, var timestamp, var folder])
            {
                var waiting = await PrearchiveEndpoints.FindAsync(context, owner, timestamp, folder);
                project ??= waiting.ProjectId is { } own ? (await Scope.ProjectAsync(context, own, ProjectRights.Manage, invisible: 403)).Id : null;
                var (objects, total) = await sources.WaitingAsync(waiting, scan, limit, context.RequestAborted);
                return new Trial(project, Label("subject", waiting.Subject), Label("session", waiting.Label), objects, total, waiting, false);
            }

            if (parts.Length > 1 && parts[^2] == "experiments")
            {
                var through = parts is ["projects", var named, ..] ? named : null;
                var session = await Scope.ExperimentAsync(context, through, parts[^1], ProjectRights.Read);
                await Scope.ProjectAsync(context, session.ProjectId, ProjectRights.Manage, invisible: 403);
                var (objects, total) = await sources.ArchivedAsync(session, scan, limit, context.RequestAborted);
                return new Trial(project ?? session.ProjectId, Label("subject", session.SubjectLabel), Label("session", session.Label), objects, total, null, false);
            }
        }
        catch (Exception e) when (e is MalformedDicomException or InvalidDataException)
        {
            throw RequestRefusedException.BadRequest($"It cannot be read: {e.Message}");
        }
        catch (IOException)
        {
            throw RequestRefusedException.Conflict("A file of the session is not there.");
        }

        throw RequestRefusedException.BadRequest("Upload a file, or name a source: /prearchive/projects/P/TIMESTAMP/FOLDER or /archive/projects/P/experiments/E.");
    }

    private static async Task<IResult> TryAsync(HttpContext context, string step, string? text, Trial trial)
    {
        var scripts = await ScriptsAsync(context, step, text, trial.Project);
        var book = context.RequestServices.GetRequiredService<ArchivingRuleBook>();
        // The script that is tried may look up where the one in force does not.
        var settings = await context.RequestServices.GetRequiredService<ScriptLibrary>().SettingsAsync(scripts.Any(s => s.Script.LooksUp), context.RequestAborted);
        var rules = (trial.Project is { } project && step != "site" ? await book.ForObjectAsync(project, context.RequestAborted) : new ArchivingRules { ResidualPolicy = ResidualPolicy.Flag })
            with { Settings = settings };
        var waiting = trial.Waiting is { } session ? await KnownAsync(book, session, context) : null;
        var limits = context.RequestServices.GetRequiredService<TryOutSettings>();
        var changesOnly = context.Request.Query["changes"] == "only";
        var tried = new List<TriedObject>();
        foreach (var (name, file) in trial.Objects)
        {
            var known = waiting ?? (trial.IsUpload ? KnownIdentifiers.Of(file.DataSet) : new KnownIdentifiers());
            var checking = ArchivingRuleBook.WithCheck(
                rules with { ResidualPolicy = rules.ResidualPolicy == ResidualPolicy.Blank ? ResidualPolicy.Blank : ResidualPolicy.Flag }, known, [trial.Project ?? "", trial.Subject, trial.Session]);
            tried.Add(await ScriptTryOut.TryAsync(name, file, scripts, checking, Context(context, trial, file, limits), changesOnly, context.RequestAborted));
        }

        return Results.Json(
            new
            {
                project = trial.Project, subject = trial.Subject, session = trial.Session, step, objectsInSource = trial.Total, residualPolicy = rules.ResidualPolicy,
                warnings = scripts.SelectMany(s => s.Script.Warnings.Select(w => new { step = s.Step, line = w.Position.Line, column = w.Position.Column, reason = w.Reason, certain = w.IsCertain })),
                objects = tried,
            },
            DeidentificationEndpoints.Json);
    }

    private static async Task<KnownIdentifiers> KnownAsync(ArchivingRuleBook book, PrearchiveSession session, HttpContext context)
    {
        try
        {
            return await book.KnownAsync(session.Id, context.RequestAborted);
        }
        catch (ArchivingException e)
        {
            throw RequestRefusedException.Conflict(e.Message);
        }
    }

    private static ScriptContext Context(HttpContext context, Trial trial, Part10File file, TryOutSettings settings) => new()
    {
        Variables = new Dictionary<string, string>
        {
            ["project"] = trial.Project ?? "Unassigned", ["subject"] = trial.Subject, ["session"] = trial.Session, ["user"] = context.Caller().Login,
            ["study"] = file.DataSet.GetString(Tag.StudyInstanceUID) ?? "",
            ["dateShift"] = DateShift.Days(settings.SiteKey.Span, trial.Project ?? "", trial.Subject).ToString(CultureInfo.InvariantCulture),
        },
        SiteKey = settings.SiteKey,
        ScratchFolder = settings.ScratchFolder,
    };

    // The given script stands for the one of its step; with both, for the project's. What is not given is what is stored and in force.
    private static async Task<IReadOnlyList<TriedScript>> ScriptsAsync(HttpContext context, string step, string? text, string? project)
    {
        var library = context.RequestServices.GetRequiredService<ScriptLibrary>();
        DicomEditScript? given = null;
        try
        {
            given = string.IsNullOrWhiteSpace(text) ? null : DicomEditScript.Compile(text);
        }
        catch (ScriptException e)
        {
            throw RequestRefusedException.BadRequest(e.Message);
        }

        var scripts = new List<TriedScript>();
        if (step != "project" && (step == "site" ? given ?? (await library.ActiveSiteAsync(context.RequestAborted))?.Script : (await library.ActiveSiteAsync(context.RequestAborted))?.Script) is { } site)
        {
            scripts.Add(new TriedScript(QuarantineReason.Site, site));
        }

        if (step != "site" && (given ?? (await library.ActiveProjectAsync(project!, context.RequestAborted))?.Script) is { } own)
        {
            scripts.Add(new TriedScript(QuarantineReason.Project, own));
        }

        return scripts;
    }

    // Read into memory, part by part: the form buffer would write large parts to the disk in the clear.
    private static async Task<Given> ReadAsync(HttpContext context)
    {
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type) || !type.MediaType.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) || type.Boundary.Length == 0)
        {
            var body = await ReadAsync(context.Request.Body, LongestScript, "A script has at most 1 MiB.", context.RequestAborted);
            return new Given(System.Text.Encoding.UTF8.GetString(body), null);
        }

        string? script = null;
        byte[]? upload = null;
        try
        {
            var reader = new MultipartReader(HeaderUtilities.RemoveQuotes(type.Boundary).Value!, context.Request.Body);
            while (await reader.ReadNextSectionAsync(context.RequestAborted) is { } section)
            {
                var disposition = ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var parsed) ? parsed : null;
                switch (HeaderUtilities.RemoveQuotes(disposition?.Name ?? "").Value)
                {
                    case "script":
                        script = System.Text.Encoding.UTF8.GetString(await ReadAsync(section.Body, LongestScript, "A script has at most 1 MiB.", context.RequestAborted));
                        break;
                    case "file":
                        upload = await ReadAsync(section.Body, TryOutSources.LongestUpload, $"An upload has at most {TryOutSources.LongestUpload >> 20} MiB here.", context.RequestAborted);
                        break;
                }
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw RequestRefusedException.BadRequest("The parts of the body cannot be read.");
        }

        return new Given(script, upload);
    }

    private static async Task<byte[]> ReadAsync(Stream body, int most, string refusal, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        var chunk = new byte[1 << 16];
        int read;
        while ((read = await body.ReadAsync(chunk, cancellationToken)) > 0)
        {
            if (bytes.Length + read > most)
            {
                throw RequestRefusedException.BadRequest(refusal);
            }

            bytes.Write(chunk, 0, read);
        }

        return bytes.ToArray();
    }
}
