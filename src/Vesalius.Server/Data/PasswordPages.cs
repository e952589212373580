using System.Net;
using Vesalius.Access;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>The page on which a new password is set: with an alias token from a link (flip-client §6.5), or with the old password where it has expired.</summary>
internal static class PasswordPages
{
    private const string Address = "/app/template/XDATScreen_UpdateUser.vm";

    public static void MapPasswordPages(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(Address, async (HttpContext context, AliasTokens tokens) =>
        {
            var (alias, secret) = (context.Request.Query["a"].ToString(), context.Request.Query["s"].ToString());
            if (alias.Length == 0)
            {
                return Form("<label>User <input name=\"username\" autocomplete=\"username\"></label> <label>Present password <input name=\"password\" type=\"password\"></label>");
            }

            return await tokens.ValidateAsync(alias, secret, context.RequestAborted) is { ForPassword: true }
                ? Form($"<input type=\"hidden\" name=\"a\" value=\"{WebUtility.HtmlEncode(alias)}\"><input type=\"hidden\" name=\"s\" value=\"{WebUtility.HtmlEncode(secret)}\">")
                : throw new RequestRefusedException(401, "This link has been used or has expired.");
        });
        endpoints.MapPost(Address, SetAsync);
    }

    private static IResult Form(string who) => Pages.Page(
        "Set a password",
        $"<form method=\"post\" action=\"{Address}\">{who} <label>New password <input name=\"new\" type=\"password\" autocomplete=\"new-password\"></label> "
        + "<label>Again <input name=\"repeat\" type=\"password\" autocomplete=\"new-password\"></label> <button>Set</button></form>");

    private static async Task<IResult> SetAsync(HttpContext context, AliasTokens tokens, SignInFlow signIn, UserDirectory users, SessionDirectory sessions, PasswordRules rules, AuditTrail audit)
    {
        if (!context.Request.HasFormContentType)
        {
            throw RequestRefusedException.BadRequest("A form is needed.");
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var (alias, password) = (form["a"].ToString(), form["new"].ToString());
        var token = alias.Length == 0 ? null : await tokens.ValidateAsync(alias, form["s"].ToString(), context.RequestAborted);
        if (alias.Length > 0 && token is not { ForPassword: true })
        {
            throw new RequestRefusedException(401, "This link has been used or has expired.");
        }

        var login = token?.Login ?? await signIn.CheckAsync(context, form["username"].ToString(), form["password"].ToString(), toChangePassword: true);
        if (password != form["repeat"].ToString())
        {
            throw RequestRefusedException.BadRequest("The two passwords differ.");
        }

        if (await rules.FaultAsync(login, password, context.RequestAborted) is { } fault)
        {
            throw RequestRefusedException.BadRequest(fault);
        }

        await users.UpdateAsync(login, null, null, null, null, null, password, context.RequestAborted);
        if (token is not null)
        {
            await tokens.InvalidateAsync(alias, context.RequestAborted);
        }

        // Whoever knew the old password is out.
        await sessions.CloseAllAsync(login, context.RequestAborted);
        await audit.RecordAsync(login, context.Address(), "user.password", login, CancellationToken.None);
        AuditMiddleware.Written(context);
        return Pages.Page("The password is set", "<p><a href=\"/app/template/Login.vm\">Sign in</a></p>");
    }
}
