using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Vesalius.Access;
using Vesalius.Anonymisation.Residual;
using Vesalius.Archive;
using Vesalius.Prearchive;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/deidentification</c>: what projects want done about identifiers that are left, what de-identification did, and looking again (R14).</summary>
internal static class DeidentificationEndpoints
{
    private const string Prefix = "/xapi/deidentification";
    private const int MostNamed = 200;

    /// <summary>How everything here is written as JSON.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    public static void MapDeidentification(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(Prefix + "/site/policy", async (HttpContext context, PolicyLibrary policies) =>
        {
            context.SignedIn();
            return await PolicyAsync(context, policies, null);
        });
        endpoints.MapPut(Prefix + "/site/policy", async (HttpContext context, PolicyLibrary policies) =>
        {
            context.Administrator();
            return await PutPolicyAsync(context, policies, null);
        });
        endpoints.MapGet(Prefix + "/projects/{project}/policy", async (HttpContext context, string project, PolicyLibrary policies) =>
            await PolicyAsync(context, policies, (await Scope.ProjectAsync(context, project, ProjectRights.Read, invisible: 403)).Id));
        endpoints.MapPut(Prefix + "/projects/{project}/policy", async (HttpContext context, string project, PolicyLibrary policies) =>
            await PutPolicyAsync(context, policies, (await Scope.ProjectAsync(context, project, ProjectRights.Manage, invisible: 403)).Id));
        endpoints.MapGet(Prefix + "/projects/{project}/report", (Delegate)ProjectReportAsync);
        endpoints.MapGet(Prefix + "/experiments/{experiment}/report", (Delegate)SessionReportAsync);
        endpoints.MapPost(Prefix + "/experiments/{experiment}/check", (Delegate)CheckArchivedAsync);
        endpoints.MapPost(Prefix + "/prearchive/{project}/{timestamp}/{folder}/check", (Delegate)CheckWaitingAsync);
    }

    private static async Task<IResult> PolicyAsync(HttpContext context, PolicyLibrary policies, string? projectId)
    {
        var stated = await policies.StatedAsync(projectId, context.RequestAborted);
        var inForce = await policies.InForceAsync(projectId, context.RequestAborted);
        return Results.Json(new { residual = inForce.Residual, failures = inForce.Failures, stated }, Json);
    }

    private static async Task<IResult> PutPolicyAsync(HttpContext context, PolicyLibrary policies, string? projectId)
    {
        var stated = await policies.StatedAsync(projectId, context.RequestAborted);
        foreach (var (name, value) in await RequestJson.ReadAsync<Dictionary<string, JsonElement>>(context))
        {
            stated = name switch
            {
                "residual" => stated with { Residual = Parse<ResidualPolicy>(name, value, "off, flag, quarantine, blank") },
                "failures" => stated with { Failures = Parse<FailurePolicy>(name, value, "apart, hold") },
                _ => stated,
            };
        }

        await policies.PutAsync(projectId, stated, context.Caller().Login, context.RequestAborted);
        await Scope.AuditAsync(context, "deidentification.policy", projectId ?? "site");
        return await PolicyAsync(context, policies, projectId);
    }

    // Null leaves it to the site, or the site to the product.
    private static T? Parse<T>(string name, JsonElement value, string names)
        where T : struct, Enum
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
        return text.Length > 0 && char.IsAsciiLetter(text[0]) && Enum.TryParse<T>(text, ignoreCase: true, out var policy) && Enum.IsDefined(policy)
            ? policy : throw RequestRefusedException.BadRequest($"{name} is one of {names}, or null.");
    }

    private static async Task<ExperimentRow> SessionAsync(HttpContext context, string experiment)
    {
        context.SignedIn();
        var row = await Scope.ExperimentAsync(context, null, experiment, ProjectRights.Read);
        await Scope.ProjectAsync(context, row.ProjectId, ProjectRights.Manage, invisible: 403);
        return row;
    }

    private static async Task<IResult> SessionReportAsync(HttpContext context, string experiment, DeidentificationReports reports)
    {
        var session = await SessionAsync(context, experiment);
        var kept = await reports.OfSessionAsync(session.Id, context.RequestAborted);
        if (IsCsv(context))
        {
            return Csv(kept);
        }

        return Results.Json(
            new
            {
                project = session.ProjectId, experiment = session.Id, label = session.Label,
                runs = kept.Select(k => new { at = k.At, kind = k.Kind, by = k.RunBy, report = k.Report }),
            },
            Json);
    }

    private static async Task<IResult> ProjectReportAsync(HttpContext context, string project, DeidentificationReports reports)
    {
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage, invisible: 403);
        var kept = await reports.OfProjectAsync(row.Id, context.RequestAborted);
        if (IsCsv(context))
        {
            return Csv(kept);
        }

        var archiving = kept.Where(k => k.Kind == DeidentificationReports.Archiving).ToList();
        return Results.Json(
            new
            {
                project = row.Id,
                total = DeidentificationReport.Sum([.. archiving.Select(k => k.Report)]),
                sessions = archiving.GroupBy(k => (k.ExperimentId, k.Label)).Select(g => View(g.Key.ExperimentId, g.Key.Label, [.. g], kept)),
                withoutReport = await reports.WithoutReportAsync(row.Id, context.RequestAborted),
            },
            Json);
    }

    private static object View(string experiment, string label, IReadOnlyList<KeptReport> runs, IReadOnlyList<KeptReport> all)
    {
        var sum = DeidentificationReport.Sum([.. runs.Select(r => r.Report)]);
        return new
        {
            experiment, label, runs = runs.Count, lastArchived = runs[^1].At, objects = sum.Objects, passed = sum.Passed, rejected = sum.Rejected, quarantined = sum.Quarantined,
            residualObjects = sum.Residual.Objects, residualFindings = sum.Residual.Findings.Count,
            lastCheck = all.LastOrDefault(k => k.ExperimentId == experiment && k.Kind == DeidentificationReports.Check)?.At,
        };
    }

    private static bool IsCsv(HttpContext context) =>
        context.Request.Query["format"].ToString() is { Length: > 0 } format ? format == "csv"
        : context.Request.Headers.Accept.ToString().StartsWith("text/csv", StringComparison.Ordinal);

    private static IResult Csv(IReadOnlyList<KeptReport> reports)
    {
        var text = new System.Text.StringBuilder("experiment,label,at,kind,section,item,detail,count\r\n");
        foreach (var kept in reports)
        {
            foreach (var (section, item, detail, count) in Lines(kept.Report))
            {
                text.AppendJoin(
                    ',', Quote(kept.ExperimentId), Quote(kept.Label), kept.At.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), kept.Kind, section, Quote(item), Quote(detail),
                    count.ToString(CultureInfo.InvariantCulture)).Append("\r\n");
            }
        }

        return Results.Text(text.ToString(), "text/csv; charset=utf-8");
    }

    private static IEnumerable<(string Section, string Item, string Detail, int Count)> Lines(DeidentificationReport report)
    {
        yield return ("objects", "in", "", report.Objects);
        yield return ("objects", "passed", "", report.Passed);
        yield return ("objects", "rejected", "", report.Rejected);
        yield return ("objects", "quarantined", "", report.Quarantined);
        foreach (var script in report.Scripts)
        {
            yield return ("script", script.Number.ToString(CultureInfo.InvariantCulture), $"{script.Scope} {script.Project} version {script.Version}".Replace("  ", " ", StringComparison.Ordinal), script.Objects);
        }

        foreach (var (section, a) in report.Site.Attributes.Select(a => ("site attribute", a)).Concat(report.Attributes.Select(a => ("attribute", a))))
        {
            foreach (var (detail, count) in ((string, int)[])[("changed", a.Changed), ("removed", a.Removed), ("added", a.Added), ("kept", a.Kept)])
            {
                if (count > 0)
                {
                    yield return (section, a.Path, detail, count);
                }
            }
        }

        yield return ("residual", "objects", report.Residual.Policy.ToString().ToLowerInvariant(), report.Residual.Objects);
        foreach (var f in report.Residual.Findings)
        {
            yield return ("residual", f.Path, f.Kind, f.Objects);
            if (f.Blanked > 0)
            {
                yield return ("blanked", f.Path, f.Kind, f.Blanked);
            }
        }

        yield return ("pixels", "blanked", "", report.Pixels.Blanked);
        yield return ("pixels", "text found", report.Pixels.TextPolicy.ToString().ToLowerInvariant(), report.Pixels.TextFound);
        yield return ("pixels", "rejected", "", report.Pixels.Rejected);
    }

    // RFC 4180; a spreadsheet must not take a cell for a formula.
    private static string Quote(string cell)
    {
        var safe = cell.Length > 0 && cell[0] is '=' or '+' or '-' or '@' ? "'" + cell : cell;
        return safe.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : safe;
    }

    private sealed record NamedIdentifier(string? Kind, string? Value);

    private sealed record CheckRequest(IReadOnlyList<NamedIdentifier>? Identifiers);

    // What the caller names stands in the body only, and is forgotten with the answer.
    private static async Task<KnownIdentifiers> NamedAsync(HttpContext context)
    {
        var known = new KnownIdentifiers();
        if (context.Request.ContentLength is null or 0 && !context.Request.Headers.TransferEncoding.Contains("chunked"))
        {
            return known;
        }

        var named = (await RequestJson.ReadAsync<CheckRequest>(context)).Identifiers ?? [];
        if (named.Count > MostNamed)
        {
            throw RequestRefusedException.BadRequest($"At most {MostNamed} identifiers can be named.");
        }

        foreach (var identifier in named)
        {
            if (string.IsNullOrWhiteSpace(identifier.Value) || !KnownIdentifiers.Kinds.Contains(identifier.Kind ?? ""))
            {
                throw RequestRefusedException.BadRequest($"An identifier has a kind ({string.Join(", ", KnownIdentifiers.Kinds)}) and a value.");
            }

            known.Add(identifier.Kind!, identifier.Value);
        }

        return known;
    }

    private static async Task<IResult> CheckArchivedAsync(HttpContext context, string experiment, ResidualSearch search, DeidentificationReports reports)
    {
        var session = await SessionAsync(context, experiment);
        var result = await search.ArchivedAsync(session, session.SubjectLabel, await NamedAsync(context), context.RequestAborted);
        await reports.KeepAsync(session.Id, DeidentificationReports.Check, context.Caller().Login, result.Report, context.RequestAborted);
        await Scope.AuditAsync(context, "deidentification.check", session.Id);
        return View(result);
    }

    private static async Task<IResult> CheckWaitingAsync(HttpContext context, string project, string timestamp, string folder, ResidualSearch search)
    {
        var session = await PrearchiveEndpoints.FindAsync(context, project, timestamp, folder);
        try
        {
            var result = await search.WaitingAsync(session, await NamedAsync(context), context.RequestAborted);
            await Scope.AuditAsync(context, "deidentification.check", $"prearchive {session.Id}");
            return View(result);
        }
        catch (ArchivingException e)
        {
            throw RequestRefusedException.Conflict(e.Message);
        }
    }

    private static IResult View(ResidualSearchResult result) => Results.Json(
        new { objects = result.Report.Objects, unreadable = result.Unreadable, residual = result.Report.Residual, scripts = result.Report.Scripts }, Json);
}
