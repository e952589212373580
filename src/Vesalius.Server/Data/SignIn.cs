using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Vesalius.Access;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Sign-in and sessions (rest-api §2.2).</summary>
internal static class SignIn
{
    public static void MapSignIn(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMethods("/data/JSESSION", ["GET", "POST"], async (HttpContext context, SessionDirectory sessions, SignInFlow signIn) =>
        {
            var caller = context.SignedIn();
            var id = context.SessionId() ?? await signIn.OpenSessionAsync(context, caller.Login);
            return Results.Text(id + await CsrfAsync(context, sessions, id));
        });
        endpoints.MapMethods("/data/JSESSION/{id?}", ["DELETE"], async (HttpContext context, SessionDirectory sessions) =>
        {
            // Whatever the address names: the session that calls ends.
            var login = context.SignedIn().Login;
            if (context.SessionId() is { } id)
            {
                await sessions.CloseAsync(id, context.RequestAborted);
            }

            await context.RequestServices.GetRequiredService<AuditTrail>().RecordAsync(login, context.Address(), "sign-out", "", CancellationToken.None);
            context.Response.Cookies.Delete("JSESSIONID");
            return Results.Ok();
        });
        endpoints.MapGet("/data/auth", async (HttpContext context, SessionDirectory sessions) =>
        {
            var caller = context.SignedIn();
            return Results.Text($"User '{caller.Login}' is logged in" + (context.SessionId() is { } id ? await CsrfAsync(context, sessions, id) : ""));
        });
        endpoints.MapMethods("/data/services/auth", ["PUT", "POST"], FormAsync);
        endpoints.MapGet("/data/version", () => Results.NotFound());
        endpoints.MapMethods("/data/user/{login}/sessions", ["GET"], async (HttpContext context, string login, SessionDirectory sessions) =>
        {
            context.SelfOrAdministrator(login);
            return Results.Json(new Dictionary<string, long> { [login] = await sessions.CountAsync(login, context.RequestAborted) });
        });
        endpoints.MapDelete("/data/user/{login}/sessions", async (HttpContext context, string login, SessionDirectory sessions) =>
        {
            context.SelfOrAdministrator(login);
            await sessions.CloseAllAsync(login, context.RequestAborted);
            await Scope.AuditAsync(context, "sessions.close", login);
            return Results.Ok();
        });
        endpoints.MapGet("/data/services/sessions/{login?}", async (HttpContext context, string? login, SessionDirectory sessions) =>
        {
            context.SelfOrAdministrator(login ?? context.SignedIn().Login);
            return Results.Text((await sessions.CountAsync(login ?? context.Caller().Login, context.RequestAborted)).ToString(CultureInfo.InvariantCulture));
        });
    }

    private static async Task<string> CsrfAsync(HttpContext context, SessionDirectory sessions, string id) =>
        context.Request.Query["CSRF"] == "true" && await sessions.FindAsync(id, context.RequestAborted) is { } session ? $"; XNAT_CSRF={session.CsrfToken}" : "";

    private static async Task<IResult> FormAsync(HttpContext context, SignInFlow signIn, UserDirectory users)
    {
        var form = await FormOfAsync(context);
        string? Field(params string[] names) => names.Select(n => form[n].FirstOrDefault() ?? context.Request.Query[n].FirstOrDefault()).FirstOrDefault(v => v is not null);
        var provider = Field("provider", "login_method", "authenticatorId");
        // A password in an address would be in the logs of every proxy.
        var login = await signIn.CheckAsync(
            context, Field("username", "j_username") ?? "", form["password"].FirstOrDefault() ?? form["j_password"].FirstOrDefault() ?? "", toChangePassword: false, provider);
        if (await users.LoadCallerAsync(login, context.RequestAborted) is null)
        {
            throw new RequestRefusedException(401, "This account may not sign in.");
        }

        return Results.Text(await signIn.OpenSessionAsync(context, login));
    }

    // xnatpy sends the form without a content type.
    private static async Task<IFormCollection> FormOfAsync(HttpContext context)
    {
        try
        {
            if (context.Request.HasFormContentType)
            {
                return await context.Request.ReadFormAsync(context.RequestAborted);
            }

            var buffer = new char[16 * 1024];
            using var reader = new StreamReader(context.Request.Body);
            var length = await reader.ReadBlockAsync(buffer, context.RequestAborted);
            return new FormCollection(QueryHelpers.ParseQuery(new string(buffer, 0, length)));
        }
        catch (InvalidDataException)
        {
            throw RequestRefusedException.BadRequest("The form cannot be read.");
        }
    }
}
