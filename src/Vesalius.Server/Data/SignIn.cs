using Vesalius.Access;
using Vesalius.Import;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Sign-in, sessions, health and the pages that clients probe (rest-api §2).</summary>
internal static class SignIn
{
    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/healthz", async (HttpContext context, Vesalius.Database.VesaliusDatabase database, ReceiverHost receivers) =>
        {
            var databaseWell = true;
            try
            {
                await database.FindAsync<int>("select 1", null, context.RequestAborted);
            }
            catch (Npgsql.NpgsqlException)
            {
                databaseWell = false;
            }

            var well = databaseWell && receivers.IsWell;
            return Results.Json(
                new { status = well ? "ok" : "failing", http = true, database = databaseWell, receivers = receivers.IsWell, failedPorts = receivers.FailedPorts }, statusCode: well ? 200 : 503);
        });
        endpoints.MapGet("/app/template/Login.vm", () => Results.Content(
            """
            <!DOCTYPE html>
            <html><head><title>Vesalius: sign in</title></head><body><h1>Sign in</h1>
            <form method="post" action="/data/services/auth"><label>User <input name="username"></label> <label>Password <input name="password" type="password"></label> <button>Sign in</button></form>
            </body></html>
            """,
            "text/html; charset=utf-8"));
    }

    public static void MapSignIn(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMethods("/data/JSESSION", ["GET", "POST"], async (HttpContext context, SessionDirectory sessions) =>
        {
            var caller = context.SignedIn();
            var id = context.SessionId() ?? await sessions.OpenAsync(caller.Login, context.RequestAborted);
            if (context.Request.Query["CSRF"] == "true")
            {
                var session = await sessions.FindAsync(id, context.RequestAborted);
                return Results.Text($"{id}; XNAT_CSRF={session?.CsrfToken}");
            }

            return Results.Text(id);
        });
        endpoints.MapMethods("/data/JSESSION/{id?}", ["DELETE"], async (HttpContext context, SessionDirectory sessions) =>
        {
            context.SignedIn();
            if (context.SessionId() is { } id)
            {
                await sessions.CloseAsync(id, context.RequestAborted);
            }

            context.Response.Cookies.Delete("JSESSIONID");
            return Results.Ok();
        });
        endpoints.MapGet("/data/auth", async (HttpContext context, SessionDirectory sessions) =>
        {
            var caller = context.SignedIn();
            var text = $"User '{caller.Login}' is logged in";
            if (context.Request.Query["CSRF"] == "true" && context.SessionId() is { } id && await sessions.FindAsync(id, context.RequestAborted) is { } session)
            {
                text += $"; XNAT_CSRF={session.CsrfToken}";
            }

            return Results.Text(text);
        });
        endpoints.MapMethods("/data/services/auth", ["PUT", "POST"], async (HttpContext context, UserDirectory users, SessionDirectory sessions, AuditTrail audit) =>
        {
            var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(context.RequestAborted)
                : new FormCollection(Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(await new StreamReader(context.Request.Body).ReadToEndAsync(context.RequestAborted)));
            var login = form["username"].FirstOrDefault() ?? form["j_username"].FirstOrDefault() ?? "";
            var password = form["password"].FirstOrDefault() ?? form["j_password"].FirstOrDefault() ?? "";
            var address = context.Connection.RemoteIpAddress?.ToString() ?? "";
            if (!await users.VerifyAsync(login, password, context.RequestAborted))
            {
                await audit.RecordAsync(login, address, "sign-in.refused", "", context.RequestAborted);
                throw new RequestRefusedException(401, "User name or password is wrong, or the account is locked.");
            }

            await audit.RecordAsync(login, address, "sign-in", "", context.RequestAborted);
            var id = await sessions.OpenAsync(login, context.RequestAborted);
            CallerExtensions.SetSessionCookie(context, id);
            return Results.Text(id);
        });
        endpoints.MapGet("/data/version", () => Results.NotFound());
        endpoints.MapMethods("/data/user/{login}/sessions", ["GET", "DELETE"], async (HttpContext context, string login, SessionDirectory sessions) =>
        {
            var caller = context.SignedIn();
            if (caller.Login != login && !caller.IsSiteAdministrator)
            {
                throw RequestRefusedException.Forbidden();
            }

            if (HttpMethods.IsDelete(context.Request.Method))
            {
                await sessions.CloseAllAsync(login, context.RequestAborted);
                return Results.Ok();
            }

            return Results.Json(new Dictionary<string, long> { [login] = await sessions.CountAsync(login, context.RequestAborted) });
        });
    }
}
