using Vesalius.Access;
using Vesalius.QueryRetrieve;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Xapi;

/// <summary><c>PUT /xapi/dqr/export</c>: archived scans to a PACS (xapi A.10).</summary>
internal static class DqrExport
{
    public static void MapDqrExport(this IEndpointRouteBuilder endpoints) => endpoints.MapPut("/xapi/dqr/export", ExportAsync);

    private static async Task<IResult> ExportAsync(HttpContext context, ExportQueue queue, PacsDirectory directory)
    {
        var caller = await DqrRights.UserAsync(context);
        var query = context.Request.Query;
        var session = query["session"].ToString().Trim() is { Length: > 0 } given ? given : throw RequestRefusedException.BadRequest("session is missing: the ID of a session.");
        var pacs = await PacsAsync(context, directory, query["pacsId"].ToString().Trim());
        var experiment = await Scope.ExperimentAsync(context, null, session, ProjectRights.Read);
        var selector = query["scansToExport"].ToString().Trim() is { Length: > 0 } scansGiven ? scansGiven : "*";
        var scans = await Scope.ScansAsync(context, experiment, selector);
        if (scans.Count == 0)
        {
            throw RequestRefusedException.BadRequest("The session has no scans.");
        }

        var workflow = await queue.AddAsync(pacs, (experiment.Id, experiment.ProjectId, experiment.XsiType), [.. scans.Select(s => s.Key)], caller.Login, context.RequestAborted);
        await Scope.AuditAsync(context, "dqr.export", $"{experiment.Id} {scans.Count} scans to PACS {pacs.Id}");
        return Results.Json(new { session = experiment.Id, scans = scans.Select(s => s.Id), workflow });
    }

    private static async Task<Pacs> PacsAsync(HttpContext context, PacsDirectory directory, string id)
    {
        var all = await directory.ListAsync(context.RequestAborted);
        var found = id is "" or "0" ? all.FirstOrDefault(p => p.DefaultStoragePacs)
            : long.TryParse(id, System.Globalization.CultureInfo.InvariantCulture, out var key) ? all.FirstOrDefault(p => p.Id == key) : throw RequestRefusedException.BadRequest("pacsId must be a whole number.");
        if (found is null)
        {
            throw RequestRefusedException.NotFound(id is "" or "0" ? "There is no default storage PACS." : $"There is no PACS {id}.");
        }

        return found is { Storable: true, Enabled: true, Host: not null, QueryRetrievePort: not null } ? found
            : throw RequestRefusedException.BadRequest($"There was a problem: the PACS {found.Id} is not one that is sent to (storable, with host and port).");
    }
}
