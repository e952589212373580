using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Items;
using Vesalius.Archive.Life;
using Vesalius.Archive.Lists;
using Vesalius.Archive.Types;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Reconstructions (rest-api §7).</summary>
internal static class Reconstructions
{
    private static readonly string[] Defaults = ["xnat_reconstructedimagedata_id", "ID", "type", "baseScanType"];

    public static void MapReconstructions(this IEndpointRouteBuilder endpoints)
    {
        foreach (var address in Experiments.AllAddresses)
        {
            endpoints.MapGet(address + "/reconstructions", async (HttpContext context) =>
            {
                var session = await Experiments.OfRouteAsync(context, ProjectRights.Read);
                return await Lists.AnswerAsync(
                    context, ListKind.Reconstruction, "xnat:reconstructedImageData", new ListScope(await Scope.VisibilityAsync(context), SessionId: session.Id), Defaults);
            });
            endpoints.MapGet(address + "/reconstructions/{reconstruction}", async (HttpContext context, string reconstruction) =>
            {
                var (_, row) = await FindAsync(context, reconstruction, ProjectRights.Read);
                return new ItemResult(await context.RequestServices.GetRequiredService<ItemLoader>().ReconstructionAsync(row.Key, context.RequestAborted)
                    ?? throw RequestRefusedException.NotFound("There is no such reconstruction."));
            });
            endpoints.MapPut(address + "/reconstructions/{reconstruction}", PutAsync);
            endpoints.MapDelete(address + "/reconstructions/{reconstruction}", async (HttpContext context, string reconstruction, ReconstructionStore store) =>
            {
                context.SignedIn();
                var (session, row) = await FindAsync(context, reconstruction, ProjectRights.Delete);
                await store.DeleteAsync(session, row, ItemRequest.Flag(context, "removeFiles"), ItemRequest.Event(context), context.RequestAborted);
                await Scope.AuditAsync(context, "reconstruction.delete", $"{session.Id}/{row.Id}");
                return Results.Ok();
            });
        }
    }

    private static async Task<(ExperimentRow Session, ReconstructionRow Row)> FindAsync(HttpContext context, string id, ProjectRights needed)
    {
        var session = await Experiments.OfRouteAsync(context, needed);
        return (session, (await context.RequestServices.GetRequiredService<ArchiveBrowser>().ReconstructionsAsync(session.Id, context.RequestAborted)).FirstOrDefault(r => r.Id == id)
            ?? throw RequestRefusedException.NotFound("There is no such reconstruction."));
    }

    private static async Task<IResult> PutAsync(HttpContext context, string reconstruction, ReconstructionStore store, TypeModel model)
    {
        context.SignedIn();
        var session = await Experiments.OfRouteAsync(context, ProjectRights.Edit);
        if (!model.Is(session.XsiType, "xnat:imageSessionData"))
        {
            throw RequestRefusedException.BadRequest("Only image sessions have reconstructions.");
        }

        var request = await ItemRequest.ReadAsync(context);
        var type = request.TypeOr(model.Find("xnat:reconstructedImageData"));
        if (type?.Family != ObjectFamily.Reconstruction)
        {
            throw RequestRefusedException.BadRequest("The xsiType is no reconstruction's.");
        }

        await store.PutAsync(session, reconstruction, request.Bind(type, "reconstruction"), ItemRequest.Event(context), context.RequestAborted);
        await Scope.AuditAsync(context, "reconstruction.change", $"{session.Id}/{reconstruction}");
        return Results.Ok();
    }
}
