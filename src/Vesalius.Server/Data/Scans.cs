using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Items;
using Vesalius.Archive.Life;
using Vesalius.Archive.Lists;
using Vesalius.Archive.Types;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Scans (rest-api §6).</summary>
internal static class Scans
{
    private static readonly string[] Defaults = ["xnat_imagescandata_id", "ID", "type", "quality", "xsiType", "note", "series_description"];

    public static void MapScans(this IEndpointRouteBuilder endpoints)
    {
        foreach (var address in Experiments.AllAddresses)
        {
            endpoints.MapGet(address + "/scans", async (HttpContext context) =>
            {
                var session = await Experiments.OfRouteAsync(context, ProjectRights.Read);
                return await Lists.AnswerAsync(context, ListKind.Scan, "xnat:imageScanData", new ListScope(await Scope.VisibilityAsync(context), SessionId: session.Id), Defaults);
            });
            endpoints.MapPost(address + "/scans", (Delegate)((HttpContext context) => PutAsync(context, null)));
            endpoints.MapGet(address + "/scans/{scan}", GetAsync);
            endpoints.MapPut(address + "/scans/{scan}", (HttpContext context, string scan) => PutAsync(context, scan));
            endpoints.MapDelete(address + "/scans/{scan}", DeleteAsync);
        }
    }

    private static async Task<IResult> GetAsync(HttpContext context, string scan, ItemLoader loader)
    {
        var session = await Experiments.OfRouteAsync(context, ProjectRights.Read);
        var scans = await Scope.ScansAsync(context, session, scan);
        await Scope.AuditAsync(context, "scan.read", $"{session.Id}/{scans[0].Id}");
        var item = await loader.ScanAsync(scans[0].Key, context.RequestAborted) ?? throw RequestRefusedException.NotFound("There is no such scan.");
        return await ItemResult.OfAsync(context, item, "scan", $"{session.Id}/{scans[0].Id}");
    }

    private static async Task<IResult> PutAsync(HttpContext context, string? scan)
    {
        context.SignedIn();
        var session = await Experiments.OfRouteAsync(context, ProjectRights.Edit);
        var model = context.RequestServices.GetRequiredService<TypeModel>();
        if (!model.Is(session.XsiType, "xnat:imageSessionData"))
        {
            throw RequestRefusedException.BadRequest("Only image sessions have scans.");
        }

        var request = await ItemRequest.ReadAsync(context);
        var existing = scan is null ? null : (await context.RequestServices.GetRequiredService<ArchiveBrowser>().ScansAsync(session.Id, context.RequestAborted)).FirstOrDefault(s => s.Id == scan);
        if (scan is null && request.Peek("ID") is { } given
            && (await context.RequestServices.GetRequiredService<ArchiveBrowser>().ScansAsync(session.Id, context.RequestAborted)).Any(s => s.Id == given))
        {
            throw RequestRefusedException.Conflict("A scan with this ID exists.");
        }

        if (existing is not null && request.OnlyEnsures(context.Request))
        {
            return Results.Ok();
        }

        var type = TypeOf(model, existing, request);
        var id = await context.RequestServices.GetRequiredService<ScanStore>().PutAsync(session, scan ?? request.Peek("ID"), request.Bind(type, "scan"), ItemRequest.Event(context), context.RequestAborted);
        var stored = (await context.RequestServices.GetRequiredService<ArchiveBrowser>().ScansAsync(session.Id, context.RequestAborted)).First(s => s.Id == id);
        await SessionActions.RunAsync(context, session, stored);
        await Scope.AuditAsync(context, "scan.change", $"{session.Id}/{id}");
        return scan is null ? await Scope.MadeAsync(context, $"/data/experiments/{session.Id}/scans/{id}") : Results.Ok();
    }

    private static DataType TypeOf(TypeModel model, ScanRow? existing, ItemRequest request)
    {
        if (existing is null)
        {
            var type = request.TypeOr(model.Find("xnat:imageScanData"));
            return type is { IsAbstract: false, Family: ObjectFamily.Scan } ? type : throw RequestRefusedException.BadRequest("A new scan needs its xsiType, for example xnat:mrScanData.");
        }

        var stored = model.Find(existing.XsiType) ?? throw RequestRefusedException.BadRequest("The scan has a type that this site does not know any more.");
        // A path of another scan type is ignored; a type that is named is meant.
        if ((request.NamedType is not null || request.HasDocument) && request.TypeOr(stored) is { } named && !stored.Is(named.Name))
        {
            throw RequestRefusedException.Conflict($"The specified xsiType differs from the existing one, {stored.Name}.");
        }

        return stored;
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string scan, ScanStore store)
    {
        context.SignedIn();
        var session = await Experiments.OfRouteAsync(context, ProjectRights.Delete);
        if (await Experiments.ThroughAsync(context) is { } through && through != session.ProjectId)
        {
            throw RequestRefusedException.Forbidden("Scans are deleted in the project that owns the session.");
        }

        // By its ID alone: types and lists choose what is read, never what goes (rest-api §6.4).
        var found = (await context.RequestServices.GetRequiredService<ArchiveBrowser>().ScansAsync(session.Id, context.RequestAborted)).FirstOrDefault(s => s.Id == scan)
            ?? throw RequestRefusedException.NotFound("There is no such scan.");
        await store.DeleteAsync(session, [found], ItemRequest.Flag(context, "removeFiles"), ItemRequest.Event(context), context.RequestAborted);
        await Scope.AuditAsync(context, "scan.delete", $"{session.Id}/{found.Id}");
        return Results.Ok();
    }
}
