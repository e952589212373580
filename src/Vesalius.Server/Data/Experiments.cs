using System.Globalization;
using System.Text.Json;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Experiments and scans (rest-api §5, §6).</summary>
internal static class Experiments
{
    private static readonly string[] Defaults = ["ID", "project", "date", "xsiType", "label", "insert_date"];
    private static readonly string[] ScanDefaults = ["xnat_imagescandata_id", "ID", "type", "quality", "xsiType", "note", "series_description"];

    /// <summary>Addresses of an experiment, with and without project and subject.</summary>
    public static readonly string[] Addresses =
    [
        "/data/projects/{project}/subjects/{subject}/experiments/{experiment}", "/data/projects/{project}/experiments/{experiment}", "/data/experiments/{experiment}",
    ];

    public static void MapExperiments(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/data/experiments", async (HttpContext context, ArchiveBrowser browser) =>
            Render(context, await browser.ExperimentsAsync(await Scope.ReadableAsync(context), null, context.RequestAborted)));
        endpoints.MapGet("/data/projects/{project}/experiments", async (HttpContext context, string project, ArchiveBrowser browser) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Read);
            return Render(context, await browser.ExperimentsAsync([row.Id], null, context.RequestAborted));
        });
        endpoints.MapGet("/data/projects/{project}/subjects/{subject}/experiments", async (HttpContext context, string project, string subject, ArchiveBrowser browser) =>
        {
            var row = await Scope.SubjectAsync(context, project, subject, ProjectRights.Read);
            return Render(context, await browser.ExperimentsAsync([row.ProjectId], row.Id, context.RequestAborted));
        });
        endpoints.MapPost("/data/projects/{project}/subjects/{subject}/experiments", (HttpContext context, string project, string subject) => PutAsync(context, project, subject, null));
        foreach (var address in Addresses)
        {
            endpoints.MapGet(address, GetAsync);
            endpoints.MapDelete(address, async (HttpContext context) =>
            {
                await DeleteAsync(context, await OfRouteAsync(context, ProjectRights.Delete));
                return Results.Ok();
            });
            endpoints.MapPut(address, (Delegate)((HttpContext context) => PutAsync(context, Route(context, "project"), Route(context, "subject"), Route(context, "experiment"))));
            endpoints.MapGet(address + "/scans", async (HttpContext context, ArchiveBrowser browser) =>
            {
                var row = await OfRouteAsync(context, ProjectRights.Read);
                return Columns.Render(
                    context, await browser.ScansAsync(row.Id, context.RequestAborted), Columns.Scan, ScanDefaults, s => $"/data/experiments/{row.Id}/scans/{s.Id}", "xnat_imagescandata_id");
            });
            endpoints.MapGet(address + "/scans/{scan}", GetScanAsync);
            endpoints.MapPut(address + "/scans/{scan}", PutScanAsync);
            endpoints.MapDelete(address + "/scans/{scan}", DeleteScanAsync);
        }
    }

    public static string? Route(HttpContext context, string name) => (string?)context.Request.RouteValues[name];

    /// <summary>The experiment that the address names.</summary>
    public static async Task<ExperimentRow> OfRouteAsync(HttpContext context, ProjectRights needed)
    {
        var row = await Scope.ExperimentAsync(context, Route(context, "project"), Route(context, "experiment")!, needed);
        return Route(context, "subject") is not { } subject || subject == row.SubjectLabel || subject == row.SubjectId
            ? row : throw RequestRefusedException.NotFound("The subject has no such experiment.");
    }

    private static IResult Render(HttpContext context, IReadOnlyList<ExperimentRow> rows)
    {
        var types = context.Request.Query["xsiType"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        // Base types stand for all that derive from them.
        var wanted = types.Length == 0 || types.Any(t => t is "xnat:experimentData" or "xnat:subjectAssessorData" or "xnat:imageSessionData")
            ? rows : rows.Where(e => types.Contains(e.XsiType));
        return Columns.Render(context, wanted, Columns.Experiment, Defaults, e => $"/data/experiments/{e.Id}", "ID");
    }

    private static Dictionary<string, object?> Fields(ExperimentRow row)
    {
        var fields = new Dictionary<string, object?>
        {
            ["ID"] = row.Id, ["label"] = row.Label, ["project"] = row.ProjectId, ["subject_ID"] = row.SubjectId, ["UID"] = row.StudyInstanceUid,
            ["date"] = row.Date?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), ["time"] = row.Time?.ToString("HH:mm:ss", CultureInfo.InvariantCulture),
        };
        foreach (var (key, value) in JsonSerializer.Deserialize<Dictionary<string, string>>(row.Fields)!)
        {
            if (!key.StartsWith("fields/", StringComparison.Ordinal))
            {
                fields[key] = value;
            }
        }

        return fields;
    }

    /// <summary>An experiment without what it holds.</summary>
    public static Item Shallow(ExperimentRow row) => new(row.XsiType, Fields(row), row.InsertDate, []);

    private static Item ScanItem(ScanRow row)
    {
        var fields = new Dictionary<string, object?>
        {
            ["ID"] = row.Id, ["UID"] = row.SeriesInstanceUid, ["type"] = row.Type, ["quality"] = row.Quality, ["series_description"] = row.SeriesDescription,
            ["modality"] = row.Modality, ["frames"] = row.Frames, ["image_session_ID"] = row.ExperimentId, ["xnat_imagescandata_id"] = row.Key,
            ["note"] = row.Note.Length == 0 ? null : row.Note,
        };
        foreach (var (key, value) in JsonSerializer.Deserialize<Dictionary<string, string>>(row.Fields)!)
        {
            fields[key] = value;
        }

        return new Item(row.XsiType, fields, row.InsertDate, []);
    }

    private static async Task<IResult> GetAsync(HttpContext context, ArchiveBrowser browser)
    {
        var row = await OfRouteAsync(context, ProjectRights.Read);
        var scans = (await browser.ScansAsync(row.Id, context.RequestAborted)).Select(ScanItem).ToList();
        var stored = JsonSerializer.Deserialize<Dictionary<string, string>>(row.Fields)!;
        await Scope.AuditAsync(context, "experiment.read", row.Id);
        return new ItemResult(new Item(row.XsiType, Fields(row), row.InsertDate, [("scans/scan", scans), ("fields/field", Subjects.CustomVariables(stored, row.InsertDate))]));
    }

    private static async Task<IResult> PutAsync(HttpContext context, string? project, string? subject, string? experiment)
    {
        var caller = context.SignedIn();
        var browser = context.RequestServices.GetRequiredService<ArchiveBrowser>();
        var fields = await RequestFields.ReadAsync(context);
        var label = experiment ?? fields["label"] ?? throw new RequestRefusedException(417, "The request names no label.");
        var projectRow = project is null ? null : await Scope.ProjectAsync(context, project, ProjectRights.Read);
        var existing = await browser.ExperimentAsync(projectRow?.Id, label, context.RequestAborted);
        if (existing is not null && experiment is not null)
        {
            return await UpdateAsync(context, existing, fields);
        }

        if (existing is not null)
        {
            throw RequestRefusedException.Conflict("An experiment with this label exists.");
        }

        if (projectRow is null)
        {
            throw RequestRefusedException.NotFound("There is no such experiment.");
        }

        await Scope.ProjectAsync(context, projectRow.Id, ProjectRights.Create);
        var type = fields.XsiType ?? throw new RequestRefusedException(417, "The request names no xsiType.");
        if (!Label.IsValid(label))
        {
            throw new RequestRefusedException(417, "A label has letters, digits, _ and - only, at most 64 of them.");
        }

        var subjectLabel = subject ?? fields["subject_ID"] ?? throw new RequestRefusedException(417, "The request names no subject.");
        var subjectRow = await browser.SubjectAsync(projectRow.Id, subjectLabel, context.RequestAborted);
        if (subjectRow is null)
        {
            if (experiment is null)
            {
                throw RequestRefusedException.NotFound("There is no such subject.");
            }

            subjectRow = Label.IsValid(subjectLabel)
                ? await browser.CreateSubjectAsync(projectRow.Id, subjectLabel, caller.Login, context.RequestAborted)
                : throw new RequestRefusedException(417, "A label has letters, digits, _ and - only, at most 64 of them.");
        }

        var (date, time) = DateAndTime(fields);
        if (!await browser.CreateExperimentAsync(fields["ID"], projectRow.Id, subjectRow.Id, label, type, caller.Login, context.RequestAborted))
        {
            throw RequestRefusedException.Conflict("Label or ID is another experiment's.");
        }

        var made = (await browser.ExperimentAsync(projectRow.Id, label, context.RequestAborted))!;
        await SaveAsync(context, made, fields, date, time);
        await Scope.AuditAsync(context, "experiment.create", made.Id);
        if (experiment is null)
        {
            var url = $"{context.Request.Scheme}://{context.Request.Host}/data/experiments/{made.Id}";
            context.Response.Headers.Location = url;
            return Results.Text(url);
        }

        return Results.Text(made.Id, statusCode: 201);
    }

    private static async Task<IResult> UpdateAsync(HttpContext context, ExperimentRow existing, RequestFields fields)
    {
        await Scope.ExperimentAsync(context, existing.ProjectId, existing.Id, ProjectRights.Edit);
        if (fields["ID"] is { } id && id != existing.Id)
        {
            throw RequestRefusedException.BadRequest("The ID cannot be modified.");
        }

        if (fields["project"] is { } project && project != existing.ProjectId)
        {
            throw RequestRefusedException.Conflict("The project is changed by sharing, not in the body.");
        }

        var (date, time) = DateAndTime(fields);
        if (fields["label"] is { } label && label != existing.Label)
        {
            await RelabelAsync(context, existing, label);
        }

        await SaveAsync(context, existing, fields, date, time);
        await Scope.AuditAsync(context, "experiment.change", existing.Id);
        return Results.Text(existing.Id);
    }

    private static async Task RelabelAsync(HttpContext context, ExperimentRow existing, string label)
    {
        var layout = context.RequestServices.GetRequiredService<ArchiveLayout>();
        if (!Label.IsValid(label))
        {
            throw new RequestRefusedException(417, "A label has letters, digits, _ and - only, at most 64 of them.");
        }

        var target = layout.Session(existing.ProjectId, label);
        if (Directory.Exists(target) || !await context.RequestServices.GetRequiredService<ArchiveBrowser>().RelabelExperimentAsync(existing.Id, label, context.RequestAborted))
        {
            throw RequestRefusedException.Conflict("The label is another experiment's.");
        }

        var source = layout.Session(existing.ProjectId, existing.Label);
        if (Directory.Exists(source))
        {
            Directory.Move(source, target);
        }
    }

    private static (DateOnly? Date, TimeOnly? Time) DateAndTime(RequestFields fields)
    {
        DateOnly? date = null;
        if (fields["date"] is { Length: > 0 } text)
        {
            date = DateOnly.TryParseExact(text, ["yyyy-MM-dd", "MM/dd/yyyy", "yyyyMMdd"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var parsed)
                ? parsed : throw RequestRefusedException.BadRequest("The date is no date.");
        }

        TimeOnly? time = null;
        if (fields["time"] is { Length: > 0 } clock)
        {
            time = TimeOnly.TryParse(clock, CultureInfo.InvariantCulture, out var parsed) ? parsed : throw RequestRefusedException.BadRequest("The time is no time.");
        }

        return (date, time);
    }

    private static async Task SaveAsync(HttpContext context, ExperimentRow row, RequestFields fields, DateOnly? date, TimeOnly? time)
    {
        var browser = context.RequestServices.GetRequiredService<ArchiveBrowser>();
        if (date is not null || time is not null)
        {
            await browser.SetExperimentDateAsync(row.Id, date, time, context.RequestAborted);
        }

        var values = fields.Stored("ID", "label", "project", "date", "time", "subject_ID", "UID");
        if (values.Count > 0)
        {
            await browser.SetExperimentFieldsAsync(row.Id, values, context.RequestAborted);
        }
    }

    /// <summary>Deletes an experiment, with its files if the request says so.</summary>
    public static async Task DeleteAsync(HttpContext context, ExperimentRow row)
    {
        await context.RequestServices.GetRequiredService<ArchiveBrowser>().DeleteExperimentAsync(row.Id, context.RequestAborted);
        var folder = context.RequestServices.GetRequiredService<ArchiveLayout>().Session(row.ProjectId, row.Label);
        if (context.Request.Query["removeFiles"] == "true" && Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        await Scope.AuditAsync(context, "experiment.delete", row.Id);
    }

    private static async Task<IResult> GetScanAsync(HttpContext context, string scan)
    {
        var row = await OfRouteAsync(context, ProjectRights.Read);
        var scans = await Scope.ScansAsync(context, row, scan);
        return new ItemResult(ScanItem(scans[0]));
    }

    private static async Task<IResult> PutScanAsync(HttpContext context, string scan, ArchiveBrowser browser)
    {
        var caller = context.SignedIn();
        var row = await OfRouteAsync(context, ProjectRights.Edit);
        var fields = await RequestFields.ReadAsync(context);
        var existing = (await browser.ScansAsync(row.Id, context.RequestAborted)).FirstOrDefault(s => s.Id == scan);
        if (existing is null && fields.XsiType is null or "xnat:imageScanData")
        {
            throw RequestRefusedException.BadRequest("A new scan needs its xsiType, for example xnat:mrScanData.");
        }

        var named = context.Request.Query["xsiType"].ToString();
        if (existing is not null && named.Length > 0 && named != existing.XsiType && named != "xnat:imageScanData")
        {
            throw RequestRefusedException.Conflict("The specified xsiType differs from the existing one.");
        }

        if (fields["frames"] is { } frames && !int.TryParse(frames, CultureInfo.InvariantCulture, out _))
        {
            throw RequestRefusedException.BadRequest("frames is no number.");
        }

        ArchiveLayout.ScanFolder(scan);
        await browser.PutScanAsync(row.Id, scan, existing?.XsiType ?? fields.XsiType!, fields.Stored(), caller.Login, context.RequestAborted);
        await Scope.AuditAsync(context, "scan.change", $"{row.Id}/{scan}");
        return Results.Ok();
    }

    private static async Task<IResult> DeleteScanAsync(HttpContext context, string scan, ArchiveBrowser browser, ArchiveLayout layout)
    {
        var row = await OfRouteAsync(context, ProjectRights.Delete);
        foreach (var found in await Scope.ScansAsync(context, row, scan))
        {
            await browser.DeleteScanAsync(found.Key, context.RequestAborted);
            var folder = Path.Combine(layout.Session(row.ProjectId, row.Label), "SCANS", ArchiveLayout.ScanFolder(found.Id));
            if (context.Request.Query["removeFiles"] == "true" && Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }

            await Scope.AuditAsync(context, "scan.delete", $"{row.Id}/{found.Id}");
        }

        return Results.Ok();
    }
}
