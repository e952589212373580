using Microsoft.AspNetCore.Http.HttpResults;
using Vesalius.Archive;
using Vesalius.Archive.Types;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary>Documents of objects by <c>/xapi/archive/upload/xml</c> (rest-api D6, D7): the document itself says what it is and where it belongs. It is then taken as at the object's own address.</summary>
internal static class ItemUpload
{
    public static void MapItemUpload(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPut("/xapi/archive/upload/xml", async (HttpContext context, TypeModel model) =>
        {
            context.SignedIn();
            CheckDeletion(context);
            return context.Request.ContentLength == 0 ? Results.NoContent() : await TakeAsync(context, model, context.Request.Body);
        });
        endpoints.MapPost("/xapi/archive/upload/xml", async (HttpContext context, TypeModel model) =>
        {
            context.SignedIn();
            var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(context.RequestAborted) : throw RequestRefusedException.BadRequest("Send the document as the part item of a form.");
            CheckDeletion(context, form);
            if (form.Files.GetFile("item") is { } file)
            {
                var stream = file.OpenReadStream();
                await using (stream.ConfigureAwait(false))
                {
                    return await TakeAsync(context, model, stream);
                }
            }

            using var text = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(form["item"].ToString()));
            return text.Length == 0 ? Results.NoContent() : await TakeAsync(context, model, text);
        });
    }

    private static void CheckDeletion(HttpContext context, IFormCollection? form = null)
    {
        if (!context.Request.Query.ContainsKey("allowDataDeletion") && form?.ContainsKey("allowDataDeletion") != true)
        {
            throw RequestRefusedException.BadRequest("Say by allowDataDeletion (true or false) whether what the document leaves out is removed.");
        }
    }

    private static async Task<IResult> TakeAsync(HttpContext context, TypeModel model, Stream body)
    {
        var request = await ItemRequest.ReadDocumentAsync(context, body);
        var type = request.TypeOr(null)!;
        var made = type.Family switch
        {
            ObjectFamily.Project => await Projects.PutAsync(context, request.PeekDocument("ID") ?? throw Unplaced("ID")),
            ObjectFamily.Subject => await SubjectAsync(context, request),
            ObjectFamily.Experiment when type.Is("xnat:derivedData") => await AssessorAsync(context, request),
            ObjectFamily.Experiment => await ExperimentAsync(context, request),
            _ => throw RequestRefusedException.BadRequest($"A document of {type.Name} cannot be uploaded by itself."),
        };
        // New or changed, the answer is the ID.
        return made is ContentHttpResult { ResponseContent: { } id } ? Results.Text(id) : made;
    }

    private static RequestRefusedException Unplaced(string what) => RequestRefusedException.BadRequest($"The document names no {what}.");

    private static async Task<IResult> SubjectAsync(HttpContext context, ItemRequest request)
    {
        var id = request.PeekDocument("ID");
        var known = id is null ? null : await context.RequestServices.GetRequiredService<ArchiveBrowser>().SubjectAsync(null, id, context.RequestAborted);
        return await Subjects.PutAsync(context, request.PeekDocument("project") ?? known?.ProjectId ?? throw Unplaced("project"), known?.Id ?? request.PeekDocument("label") ?? id ?? throw Unplaced("label"));
    }

    private static async Task<IResult> ExperimentAsync(HttpContext context, ItemRequest request)
    {
        var id = request.PeekDocument("ID");
        var known = id is null ? null : await context.RequestServices.GetRequiredService<ArchiveBrowser>().ExperimentAsync(null, id, context.RequestAborted);
        var project = request.PeekDocument("project") ?? known?.ProjectId ?? throw Unplaced("project");
        var label = known?.Id ?? request.PeekDocument("label") ?? id ?? throw Unplaced("label");
        Place(context, ("project", project), ("experiment", label));
        return await Experiments.PutAsync(context, project, null, label);
    }

    private static async Task<IResult> AssessorAsync(HttpContext context, ItemRequest request)
    {
        var session = await context.RequestServices.GetRequiredService<ArchiveBrowser>().ExperimentAsync(null, request.Peek("imageSession_ID") ?? throw Unplaced("imageSession_ID"), context.RequestAborted)
            ?? throw RequestRefusedException.NotFound("There is no such session.");
        var label = request.PeekDocument("label") ?? request.PeekDocument("ID") ?? throw Unplaced("label");
        Place(context, ("project", request.PeekDocument("project") ?? session.ProjectId), ("experiment", session.Id));
        return await Assessors.PutAsync(context, label);
    }

    // What is taken in finds its object by the parts of the address.
    private static void Place(HttpContext context, params (string Name, string Value)[] parts)
    {
        foreach (var (name, value) in parts)
        {
            context.Request.RouteValues[name] = value;
        }
    }
}
