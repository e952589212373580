using System.Text.Json;
using System.Text.Json.Nodes;
using Vesalius.Access;
using Vesalius.Anonymisation;
using Vesalius.Dicom;
using Vesalius.Import;
using Vesalius.Prearchive;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/dicomscp</c> (xapi B.1) and <c>/xapi/anonymize</c> (C.1).</summary>
internal static class Receiving
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static void MapDicomScp(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/dicomscp", async (HttpContext context, ReceiverDirectory receivers) =>
        {
            context.SignedIn();
            return Results.Json((await receivers.ListAsync(context.RequestAborted)).Select(View), Json);
        });
        endpoints.MapPost("/xapi/dicomscp", (HttpContext context, ReceiverDirectory receivers) => SaveAsync(context, receivers, null));
        endpoints.MapGet("/xapi/dicomscp/identifiers", (HttpContext context) =>
        {
            context.SignedIn();
            return Results.Json(Receiver.Identifiers.ToDictionary(i => i, i => i));
        });
        // Relabelling is part of retrieval here, whatever the receiver's own processing is: it only has to be on.
        endpoints.MapGet("/xapi/processors/site/canRemap/receiver/{receiver}", async (HttpContext context, string receiver, ReceiverDirectory receivers) =>
        {
            context.SignedIn();
            var found = (await receivers.ListAsync(context.RequestAborted)).FirstOrDefault(r => $"{r.AeTitle}:{r.Port}" == receiver);
            return Results.Json(found?.Enabled ?? throw RequestRefusedException.NotFound("There is no such receiver."));
        });
        endpoints.MapGet("/xapi/dicomscp/{id:long}", async (HttpContext context, long id) =>
        {
            context.Administrator();
            return Results.Json(View(await FindAsync(context, id)), Json);
        });
        endpoints.MapGet("/xapi/dicomscp/title/{ae}/{port:int}", async (HttpContext context, string ae, int port, ReceiverDirectory receivers) =>
        {
            context.Administrator();
            var found = (await receivers.ListAsync(context.RequestAborted)).FirstOrDefault(r => r.AeTitle == ae && r.Port == port);
            return Results.Json(View(found ?? throw RequestRefusedException.NotFound("There is no such receiver.")), Json);
        });
        endpoints.MapPut("/xapi/dicomscp/{id:long}", (HttpContext context, ReceiverDirectory receivers, long id) => SaveAsync(context, receivers, id));
        endpoints.MapDelete("/xapi/dicomscp/{id:long}", async (HttpContext context, long id, ReceiverDirectory receivers, ReceiverHost host) =>
        {
            context.Administrator();
            if (!await receivers.RemoveAsync(id, context.RequestAborted))
            {
                throw RequestRefusedException.NotFound($"There is no receiver {id}.");
            }

            await host.ApplyAsync(context.RequestAborted);
            await Scope.AuditAsync(context, "receiver.delete", $"{id}");
            return Results.Ok();
        });
        endpoints.MapGet("/xapi/dicomscp/{id:long}/enabled", async (HttpContext context, long id) =>
        {
            context.Administrator();
            return Results.Json((await FindAsync(context, id)).Enabled);
        });
        endpoints.MapPut("/xapi/dicomscp/{id:long}/enabled/{flag:bool}", async (HttpContext context, long id, bool flag, ReceiverDirectory receivers, ReceiverHost host) =>
        {
            context.Administrator();
            var changed = (await FindAsync(context, id)) with { Enabled = flag };
            await receivers.SaveAsync(changed, context.RequestAborted);
            await host.ApplyAsync(context.RequestAborted);
            return Results.Json(View(changed), Json);
        });
    }

    private static async Task<Receiver> FindAsync(HttpContext context, long id) =>
        await context.RequestServices.GetRequiredService<ReceiverDirectory>().FindAsync(id, context.RequestAborted) ?? throw RequestRefusedException.NotFound($"There is no receiver {id}.");

    private static JsonNode View(Receiver r)
    {
        var view = JsonSerializer.SerializeToNode(Fields(r), Json)!.AsObject();
        // XNAT knows no such key, and clients may stumble over one more; those who use it know of it.
        if (r.Tls == true)
        {
            view["tls"] = true;
        }

        return view;
    }

    private static object Fields(Receiver r) => new
    {
        id = r.Id, aeTitle = r.AeTitle, port = r.Port, identifier = r.Identifier, fileNamer = r.FileNamer, enabled = r.Enabled, customProcessing = r.CustomProcessing,
        directArchive = r.DirectArchive, anonymizationEnabled = r.AnonymizationEnabled, whitelistEnabled = r.WhitelistEnabled, whitelist = r.Whitelist,
        routingExpressionsEnabled = r.RoutingExpressionsEnabled, projectRoutingExpression = r.ProjectRoutingExpression, subjectRoutingExpression = r.SubjectRoutingExpression,
        sessionRoutingExpression = r.SessionRoutingExpression, label = $"{r.AeTitle}:{r.Port}", created = Milliseconds(r.Created), timestamp = Milliseconds(r.Timestamp), disabled = 0,
    };

    private static long Milliseconds(DateTime at) => new DateTimeOffset(at.ToUniversalTime()).ToUnixTimeMilliseconds();

    private static async Task<IResult> SaveAsync(HttpContext context, ReceiverDirectory receivers, long? id)
    {
        context.Administrator();
        if (id is { } known)
        {
            await FindAsync(context, known);
        }

        Receiver? receiver;
        try
        {
            receiver = await JsonSerializer.DeserializeAsync<Receiver>(context.Request.Body, Json, context.RequestAborted);
        }
        catch (JsonException)
        {
            throw RequestRefusedException.BadRequest("The body is not the JSON of a receiver.");
        }

        receiver = (receiver ?? throw RequestRefusedException.BadRequest("The body is empty.")) with { Id = id ?? 0 };
        receiver = receiver with { Whitelist = receiver.Whitelist ?? [] };
        if (receiver.Fault() is { } fault)
        {
            throw RequestRefusedException.BadRequest(fault);
        }

        await CheckTlsAsync(context, receivers, receiver);
        var saved = await receivers.SaveAsync(receiver, context.RequestAborted) ?? throw RequestRefusedException.BadRequest("AE title and port are another receiver's.");
        await context.RequestServices.GetRequiredService<ReceiverHost>().ApplyAsync(context.RequestAborted);
        await Scope.AuditAsync(context, "receiver.save", $"{saved}");
        return Results.Json(View(await FindAsync(context, saved)), Json);
    }

    // A port speaks TLS or it does not, whichever AE title is called.
    private static async Task CheckTlsAsync(HttpContext context, ReceiverDirectory receivers, Receiver receiver)
    {
        var all = await receivers.ListAsync(context.RequestAborted);
        var isTls = receiver.Tls ?? all.FirstOrDefault(r => r.Id == receiver.Id)?.Tls ?? false;
        if (isTls && context.RequestServices.GetRequiredService<ReceiverTls>().Fault() is { } fault)
        {
            throw RequestRefusedException.BadRequest(fault);
        }

        if (all.Any(r => r.Port == receiver.Port && r.Id != receiver.Id && r.Tls != isTls))
        {
            throw RequestRefusedException.BadRequest("Another receiver of this port speaks with TLS and this one without, or the other way round: use another port.");
        }
    }

    public static void MapAnonymize(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/anonymize/default", (HttpContext context) =>
        {
            context.SignedIn();
            return Results.Text(ScriptLibrary.DefaultSiteScript);
        });
        endpoints.MapGet("/xapi/anonymize/site", async (HttpContext context, ScriptLibrary scripts) =>
        {
            context.SignedIn();
            return Results.Text(await scripts.SiteTextAsync(context.RequestAborted));
        });
        endpoints.MapPut("/xapi/anonymize/site", async (HttpContext context, ScriptLibrary scripts) =>
        {
            context.Administrator();
            await PutScriptAsync(context, scripts, null);
            return Results.Ok();
        });
        endpoints.MapGet("/xapi/anonymize/site/enabled", async (HttpContext context, ScriptLibrary scripts) =>
        {
            context.SignedIn();
            return Results.Json(await scripts.SiteEnabledAsync(context.RequestAborted));
        });
        endpoints.MapPut("/xapi/anonymize/site/enabled", async (HttpContext context, ScriptLibrary scripts) =>
        {
            var login = context.Administrator().Login;
            await scripts.EnableSiteAsync(await FlagAsync(context), login, context.RequestAborted);
            await Scope.AuditAsync(context, "anonymisation.site.enable", "");
            return Results.Ok();
        });
        endpoints.MapGet("/xapi/anonymize/projects/{project}", async (HttpContext context, string project, ScriptLibrary scripts) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Read, invisible: 403);
            return await scripts.ProjectAsync(row.Id, context.RequestAborted) is { Contents.Length: > 0 } stored ? Results.Text(stored.Contents) : Results.NoContent();
        });
        endpoints.MapPut("/xapi/anonymize/projects/{project}", async (HttpContext context, string project, ScriptLibrary scripts) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage, invisible: 403);
            await PutScriptAsync(context, scripts, row.Id);
            return Results.Ok();
        });
        endpoints.MapGet("/xapi/anonymize/projects/{project}/enabled", async (HttpContext context, string project, ScriptLibrary scripts) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Read, invisible: 403);
            return Results.Json((await scripts.ProjectAsync(row.Id, context.RequestAborted))?.Enabled ?? false);
        });
        endpoints.MapPut("/xapi/anonymize/projects/{project}/enabled", async (HttpContext context, string project, ScriptLibrary scripts) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage, invisible: 403);
            await scripts.EnableProjectAsync(row.Id, await FlagAsync(context), context.Caller().Login, context.RequestAborted);
            await Scope.AuditAsync(context, "anonymisation.project.enable", row.Id);
            return Results.Ok();
        });
    }

    /// <summary>Stores the body as the script of a project, or of the site; a script that could never run is refused.</summary>
    public static async Task PutScriptAsync(HttpContext context, ScriptLibrary scripts, string? projectId)
    {
        using var reader = new StreamReader(context.Request.Body);
        try
        {
            await scripts.PutAsync(projectId, await reader.ReadToEndAsync(context.RequestAborted), context.Caller().Login, context.RequestAborted);
        }
        catch (ScriptException e)
        {
            throw RequestRefusedException.BadRequest(e.Message);
        }

        await Scope.AuditAsync(context, "anonymisation.script", projectId ?? "site");
    }

    // The parameter wins, else a JSON boolean body, else true.
    private static async Task<bool> FlagAsync(HttpContext context)
    {
        if (context.Request.Query["enable"].FirstOrDefault() is { } flag)
        {
            return flag != "false";
        }

        using var reader = new StreamReader(context.Request.Body);
        return (await reader.ReadToEndAsync(context.RequestAborted)).Trim() != "false";
    }
}
