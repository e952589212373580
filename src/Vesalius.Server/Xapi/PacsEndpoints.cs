using System.Text.Json;
using System.Text.Json.Nodes;
using Vesalius.QueryRetrieve;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/pacs</c> (xapi A.4).</summary>
internal static class PacsEndpoints
{
    public static void MapPacs(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/pacs", async (HttpContext context, PacsDirectory pacs, bool? storable, bool? queryable) =>
        {
            context.SignedIn();
            return Results.Json((await pacs.ListAsync(context.RequestAborted))
                .Where(p => (storable is null || p.Storable == storable) && (queryable is null || p.Queryable == queryable)).Select(View));
        });
        endpoints.MapPost("/xapi/pacs", (HttpContext context, PacsDirectory pacs) => SaveAsync(context, pacs, new Pacs()));
        endpoints.MapGet("/xapi/pacs/{id:long}", async (HttpContext context, long id) =>
        {
            context.SignedIn();
            return Results.Json(View(await FindAsync(context, id)));
        });
        endpoints.MapPut("/xapi/pacs/{id:long}", async (HttpContext context, PacsDirectory pacs, long id) =>
        {
            context.Administrator();
            return await SaveAsync(context, pacs, await FindAsync(context, id));
        });
        endpoints.MapDelete("/xapi/pacs/{id:long}", async (HttpContext context, PacsDirectory pacs, long id) =>
        {
            context.Administrator();
            if (!await pacs.RemoveAsync(id, context.RequestAborted))
            {
                throw RequestRefusedException.NotFound($"There is no PACS {id}.");
            }

            await Scope.AuditAsync(context, "pacs.delete", $"{id}");
            return Results.Ok();
        });
        endpoints.MapGet("/xapi/pacs/{id:long}/status", async (HttpContext context, PacsDirectory pacs, PacsConnections connections, long id) =>
        {
            await DqrRights.UserAsync(context);
            var answers = await AnswersAsync(connections, await FindAsync(context, id), context.RequestAborted);
            return Results.Json(View(await pacs.RecordPingAsync(id, answers, context.RequestAborted)));
        });
        endpoints.MapGet("/xapi/pacs/{id:long}/status/last", async (HttpContext context, PacsDirectory pacs, long id) =>
        {
            await DqrRights.UserAsync(context);
            await FindAsync(context, id);
            return (await pacs.PingsAsync(id, 1, context.RequestAborted)) is [var last] ? Results.Json(View(last)) : Results.NoContent();
        });
        endpoints.MapGet("/xapi/pacs/{id:long}/status/all", async (HttpContext context, PacsDirectory pacs, long id) =>
        {
            context.Administrator();
            await FindAsync(context, id);
            return Results.Json((await pacs.PingsAsync(id, 1000, context.RequestAborted)).Select(View));
        });
        endpoints.MapGet("/xapi/pacs/{id:long}/rules", async (HttpContext context, long id) =>
        {
            await DqrRights.UserAsync(context);
            return Results.Json((await FindAsync(context, id)).Rules, PacsDirectory.RulesJson);
        });
        endpoints.MapPut("/xapi/pacs/{id:long}/rules", async (HttpContext context, PacsDirectory pacs, long id) =>
        {
            context.Administrator();
            var known = await FindAsync(context, id);
            IdentityRules rules;
            try
            {
                // What is not named stays as it is.
                var merged = JsonSerializer.SerializeToNode(known.Rules, PacsDirectory.RulesJson)!.AsObject();
                foreach (var (name, value) in (await DqrRights.ObjectAsync(context)).ToList())
                {
                    merged[name] = value?.DeepClone();
                }

                rules = merged.Deserialize<IdentityRules>(PacsDirectory.RulesJson)!;
            }
            catch (JsonException e)
            {
                throw RequestRefusedException.BadRequest($"The rules cannot be read at {e.Path}.");
            }

            await StoreAsync(context, pacs, known with { Rules = rules });
            return Results.Json(rules, PacsDirectory.RulesJson);
        });
        endpoints.MapGet("/xapi/pacs/{id:long}/credentials", async (HttpContext context, PacsDirectory pacs, long id) =>
        {
            context.Administrator();
            var known = await FindAsync(context, id);
            return Results.Json(new { user = known.Rules.DicomWebUser, hasPassword = await pacs.DicomWebPasswordAsync(id, context.RequestAborted) is not null });
        });
        endpoints.MapPut("/xapi/pacs/{id:long}/credentials", async (HttpContext context, PacsDirectory pacs, long id) =>
        {
            context.Administrator();
            var known = await FindAsync(context, id);
            var body = await DqrRights.ObjectAsync(context);
            // Kept sealed and shown to nobody.
            var password = body["password"] is JsonValue given ? given.ToString() : throw RequestRefusedException.BadRequest("password is missing; without a user it is taken for a token.");
            if (password.Length is 0 or > 4096)
            {
                throw RequestRefusedException.BadRequest("password must have 1 to 4096 characters.");
            }

            await StoreAsync(context, pacs, known with { Rules = known.Rules with { DicomWebUser = body.Text("user") } });
            await pacs.SetDicomWebPasswordAsync(id, password, context.RequestAborted);
            await Scope.AuditAsync(context, "pacs.credentials", $"{id}");
            return Results.Ok();
        });
        endpoints.MapDelete("/xapi/pacs/{id:long}/credentials", async (HttpContext context, PacsDirectory pacs, long id) =>
        {
            context.Administrator();
            var known = await FindAsync(context, id);
            await StoreAsync(context, pacs, known with { Rules = known.Rules with { DicomWebUser = null } });
            await pacs.SetDicomWebPasswordAsync(id, null, context.RequestAborted);
            await Scope.AuditAsync(context, "pacs.credentials.delete", $"{id}");
            return Results.Ok();
        });
        endpoints.MapPost("/xapi/pacs/dicom-web/status", async (HttpContext context, PacsConnections connections, TimeProvider time) =>
        {
            context.Administrator();
            var body = await DqrRights.ObjectAsync(context);
            var tried = new Pacs
            {
                Label = "tried", DicomWebEnabled = true, DicomWebRootUrl = body.Text("dicomWebRootUrl"), Rules = new IdentityRules
                {
                    DicomWebUser = body.Text("user"), TlsCertificateSha256 = body.Text("tlsCertificateSha256"), TlsAuthorities = body.Text("tlsAuthorities"), TlsName = body.Text("tlsName"),
                },
            };
            if (tried.Fault() is { } fault)
            {
                throw RequestRefusedException.BadRequest(fault);
            }

            var reason = await ReasonAsync(() => connections.TryAsync(tried, body.Text("password"), context.RequestAborted), context.RequestAborted);
            return Results.Json(new { successful = reason is null, reason, pingTime = DqrRights.Milliseconds(time.GetUtcNow().UtcDateTime) });
        });
    }

    private static async Task<bool> AnswersAsync(PacsConnections connections, Pacs pacs, CancellationToken cancellationToken) =>
        await ReasonAsync(() => connections.OpenAsync(pacs, cancellationToken), cancellationToken) is null;

    // Why it does not answer; null if it does.
    private static async Task<string?> ReasonAsync(Func<Task<IPacsDialogue>> open, CancellationToken cancellationToken)
    {
        try
        {
            await using var dialogue = await open();
            await dialogue.EchoAsync(cancellationToken);
            return null;
        }
        catch (PacsException e)
        {
            return e.Message;
        }
    }

    private static async Task<Pacs> FindAsync(HttpContext context, long id) =>
        await context.RequestServices.GetRequiredService<PacsDirectory>().FindAsync(id, context.RequestAborted) ?? throw RequestRefusedException.NotFound($"There is no PACS {id}.");

    private static async Task<IResult> SaveAsync(HttpContext context, PacsDirectory pacs, Pacs known)
    {
        context.Administrator();
        var body = await DqrRights.ObjectAsync(context);
        if (known.Id > 0 && body.Number("id") is { } named && named != known.Id && named != 0)
        {
            throw RequestRefusedException.BadRequest("The id in the body is not that of the address.");
        }

        return Results.Json(View(await StoreAsync(context, pacs, Merge(known, body))));
    }

    private static async Task<Pacs> StoreAsync(HttpContext context, PacsDirectory pacs, Pacs changed)
    {
        if (changed.Fault() is { } fault)
        {
            throw RequestRefusedException.BadRequest(fault);
        }

        var id = await pacs.SaveAsync(changed, context.RequestAborted) ?? throw RequestRefusedException.Conflict("The label, or host, port and AE title, are another PACS's.");
        await Scope.AuditAsync(context, "pacs.save", $"{id}");
        return await FindAsync(context, id);
    }

    // Only what is there and not null changes something.
    private static Pacs Merge(Pacs known, JsonObject body)
    {
        var web = body.Flag("dicomWebEnabled") ?? known.DicomWebEnabled;
        var label = body.Text("label") ?? known.Label;
        var defaultQuery = body.Flag("defaultQueryRetrievePacs") ?? known.DefaultQueryRetrievePacs;
        var defaultStorage = body.Flag("defaultStoragePacs") ?? known.DefaultStoragePacs;
        var port = body.Number("queryRetrievePort");
        if (port is < 0 or > 65535)
        {
            throw RequestRefusedException.BadRequest("queryRetrievePort must be a number from 1 to 65535.");
        }

        var title = body.Text("aeTitle") ?? known.AeTitle;
        return known with
        {
            AeTitle = title.Length == 0 && web ? label : title, Host = body.Text("host") ?? known.Host, QueryRetrievePort = (int?)port ?? known.QueryRetrievePort, Label = label,
            DefaultQueryRetrievePacs = defaultQuery, Queryable = defaultQuery || (body.Flag("queryable") ?? known.Queryable),
            DefaultStoragePacs = defaultStorage, Storable = defaultStorage || (body.Flag("storable") ?? known.Storable),
            OrmStrategySpringBeanId = body.Text("ormStrategySpringBeanId") ?? known.OrmStrategySpringBeanId,
            SupportsExtendedNegotiations = body.Flag("supportsExtendedNegotiations") ?? known.SupportsExtendedNegotiations, DicomWebEnabled = web,
            DicomWebRootUrl = body.Text("dicomWebRootUrl") ?? known.DicomWebRootUrl, DicomObjectIdentifier = body.Text("dicomObjectIdentifier") ?? known.DicomObjectIdentifier,
            AnonymizationEnabled = body.Flag("anonymizationEnabled") ?? known.AnonymizationEnabled, RetrieveLevel = body.Text("retrieveLevel")?.ToUpperInvariant() ?? known.RetrieveLevel,
            Enabled = body.Flag("enabled") ?? known.Enabled,
        };
    }

    private static object View(Pacs p) => new
    {
        id = p.Id, aeTitle = p.AeTitle, host = p.Host, queryRetrievePort = p.QueryRetrievePort, label = p.Label, queryable = p.Queryable,
        defaultQueryRetrievePacs = p.DefaultQueryRetrievePacs, storable = p.Storable, defaultStoragePacs = p.DefaultStoragePacs, ormStrategySpringBeanId = p.OrmStrategySpringBeanId,
        supportsExtendedNegotiations = p.SupportsExtendedNegotiations, dicomWebEnabled = p.DicomWebEnabled, dicomWebRootUrl = p.DicomWebRootUrl,
        dicomObjectIdentifier = p.DicomObjectIdentifier, anonymizationEnabled = p.AnonymizationEnabled, retrieveLevel = p.RetrieveLevel, enabled = p.Enabled,
        created = DqrRights.Milliseconds(p.Created), timestamp = DqrRights.Milliseconds(p.Timestamp), disabled = 0,
    };

    private static object View(PacsPing p) => new
    {
        id = p.Id, pacsId = p.PacsId, successful = p.Successful, pingTime = DqrRights.Milliseconds(p.PingTime), created = DqrRights.Milliseconds(p.PingTime),
        timestamp = DqrRights.Milliseconds(p.PingTime), enabled = true, disabled = 0,
    };
}
