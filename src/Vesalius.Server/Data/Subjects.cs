using System.Text.Json;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Subjects (rest-api §4).</summary>
internal static class Subjects
{
    private static readonly string[] Defaults = ["ID", "project", "label", "insert_date", "insert_user"];

    public static void MapSubjects(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/data/subjects", async (HttpContext context, ArchiveBrowser browser) =>
            Render(context, await browser.SubjectsAsync(await Scope.ReadableAsync(context), context.RequestAborted)));
        endpoints.MapGet("/data/projects/{project}/subjects", async (HttpContext context, string project, ArchiveBrowser browser) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Read);
            return Render(context, await browser.SubjectsAsync([row.Id], context.RequestAborted));
        });
        endpoints.MapPost("/data/projects/{project}/subjects", (HttpContext context, string project) => PutAsync(context, project, null));
        endpoints.MapGet("/data/projects/{project}/subjects/{subject}", (HttpContext context, string project, string subject) => GetAsync(context, project, subject));
        endpoints.MapGet("/data/subjects/{subject}", (HttpContext context, string subject) => GetAsync(context, null, subject));
        endpoints.MapPut("/data/projects/{project}/subjects/{subject}", (HttpContext context, string project, string subject) => PutAsync(context, project, subject));
        endpoints.MapDelete("/data/projects/{project}/subjects/{subject}", (HttpContext context, string project, string subject) => DeleteAsync(context, project, subject));
        endpoints.MapDelete("/data/subjects/{subject}", (HttpContext context, string subject) => DeleteAsync(context, null, subject));
    }

    private static IResult Render(HttpContext context, IReadOnlyList<SubjectRow> rows) =>
        Columns.Render(context, rows, Columns.Subject, Defaults, s => $"/data/subjects/{s.Id}", "ID");

    private static async Task<IResult> GetAsync(HttpContext context, string? project, string subject)
    {
        var row = await Scope.SubjectAsync(context, project, subject, ProjectRights.Read);
        var browser = context.RequestServices.GetRequiredService<ArchiveBrowser>();
        var stored = JsonSerializer.Deserialize<Dictionary<string, string>>(row.Fields)!;
        const string Demographics = "demographics/";
        var demographics = stored.Where(f => f.Key.StartsWith(Demographics, StringComparison.Ordinal)).ToDictionary(f => f.Key[Demographics.Length..], f => (object?)f.Value);
        var experiments = (await browser.ExperimentsAsync([row.ProjectId], row.Id, context.RequestAborted)).Select(Experiments.Shallow).ToList();
        await Scope.AuditAsync(context, "subject.read", row.Id);
        return new ItemResult(new Item(
            "xnat:subjectData",
            new Dictionary<string, object?>
            {
                ["ID"] = row.Id, ["label"] = row.Label, ["project"] = row.ProjectId, ["group"] = stored.GetValueOrDefault("group"), ["src"] = stored.GetValueOrDefault("src"),
            },
            row.InsertDate,
            [
                ("demographics", demographics.Count > 0 ? [new Item("xnat:demographicData", demographics, row.InsertDate, [])] : []),
                ("experiments/experiment", experiments), ("fields/field", CustomVariables(stored, row.InsertDate)),
            ]));
    }

    /// <summary>Custom variables among stored fields.</summary>
    public static List<Item> CustomVariables(Dictionary<string, string> stored, DateTime inserted)
    {
        const string Start = "fields/field[name=";
        return [.. stored.Where(f => f.Key.StartsWith(Start, StringComparison.Ordinal) && f.Key.Contains(']', StringComparison.Ordinal)).Select(f => new Item(
            "xnat:subjectData_field",
            new Dictionary<string, object?> { ["name"] = f.Key[Start.Length..f.Key.IndexOf(']', StringComparison.Ordinal)], ["field"] = f.Value }, inserted, []))];
    }

    private static async Task<IResult> PutAsync(HttpContext context, string project, string? subject)
    {
        context.SignedIn();
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Create, invisible: subject is null ? 404 : 422);
        var browser = context.RequestServices.GetRequiredService<ArchiveBrowser>();
        var fields = await RequestFields.ReadAsync(context);
        var label = subject ?? fields["label"] ?? throw new RequestRefusedException(417, "The request names no label.");
        var existing = await browser.SubjectAsync(row.Id, label, context.RequestAborted);
        if (existing is null)
        {
            if (!Label.IsValid(label))
            {
                throw new RequestRefusedException(417, "A label has letters, digits, _ and - only, at most 64 of them.");
            }

            if (await browser.SubjectAsync(null, label, context.RequestAborted) is not null)
            {
                throw RequestRefusedException.Conflict("This ID is a subject's of another project.");
            }
        }
        else if (subject is null)
        {
            throw RequestRefusedException.Conflict("A subject with this label exists.");
        }

        var saved = existing ?? await browser.CreateSubjectAsync(row.Id, label, context.Caller().Login, context.RequestAborted);
        if (existing is not null && fields["label"] is { } relabelled && relabelled != existing.Label)
        {
            if (!Label.IsValid(relabelled))
            {
                throw new RequestRefusedException(417, "A label has letters, digits, _ and - only, at most 64 of them.");
            }

            if (!await browser.RelabelSubjectAsync(existing.Id, relabelled, context.RequestAborted))
            {
                throw RequestRefusedException.Conflict("The label is another subject's.");
            }
        }

        var values = fields.Stored("ID", "label", "project")
            .ToDictionary(f => f.Key.Contains('/', StringComparison.Ordinal) || f.Key is "group" or "src" ? f.Key : "demographics/" + f.Key, f => f.Value);
        if (values.Count > 0)
        {
            await browser.SetSubjectFieldsAsync(saved.Id, values, context.RequestAborted);
        }

        await Scope.AuditAsync(context, existing is null ? "subject.create" : "subject.change", saved.Id);
        if (subject is null)
        {
            var url = $"{context.Request.Scheme}://{context.Request.Host}/data/subjects/{saved.Id}";
            context.Response.Headers.Location = url;
            return Results.Text(url);
        }

        return Results.Text(saved.Id, statusCode: existing is null ? 201 : 200);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string? project, string subject)
    {
        var row = await Scope.SubjectAsync(context, project, subject, ProjectRights.Delete);
        var browser = context.RequestServices.GetRequiredService<ArchiveBrowser>();
        foreach (var experiment in await browser.ExperimentsAsync([row.ProjectId], row.Id, context.RequestAborted))
        {
            await Experiments.DeleteAsync(context, experiment);
        }

        await browser.DeleteSubjectAsync(row.Id, context.RequestAborted);
        await Scope.AuditAsync(context, "subject.delete", row.Id);
        return Results.Ok();
    }
}
