using System.Net;
using Vesalius.Access;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Self-registration with approval, e-mail verification, forgotten passwords (R23).</summary>
internal static class Registration
{
    private sealed record RegistrationBody(string? Username, string? Password, string? FirstName, string? LastName, string? Email);

    public static void MapRegistration(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/xapi/users/register", RegisterAsync);
        endpoints.MapGet("/app/template/VerifyEmail.vm", async (HttpContext context, AliasTokens tokens, UserDirectory users, SiteSettings settings, Letters letters, AuditTrail audit) =>
        {
            var alias = context.Request.Query["a"].ToString();
            if (await tokens.ValidateAsync(alias, context.Request.Query["s"].ToString(), context.RequestAborted) is not { ForPassword: true } token || !await tokens.InvalidateAsync(alias, context.RequestAborted))
            {
                throw new RequestRefusedException(401, "This link has been used or has expired.");
            }

            await users.UpdateAsync(token.Login, null, null, null, null, verified: true, null, context.RequestAborted);
            await audit.RecordAsync(token.Login, context.Address(), "user.verified", token.Login, CancellationToken.None);
            var user = (await users.FindAsync(token.Login, context.RequestAborted))!;
            if (!user.Enabled)
            {
                await letters.ApproveAsync(user, context.RequestAborted);
            }

            return Pages.Page("Thank you", user.Enabled ? "<p>Your e-mail address is confirmed. <a href=\"/app/template/Login.vm\">Sign in</a></p>" : "<p>Your e-mail address is confirmed. An administrator will look at your request.</p>");
        });
        endpoints.MapPost("/data/services/sendEmailVerification", async (HttpContext context, UserDirectory users, Letters letters) =>
        {
            foreach (var user in (await NamedAsync(context, users, letters)).Where(u => !u.Verified))
            {
                await letters.VerifyAsync(user, context.RequestAborted);
            }

            return Results.Text("If there is such an account, a letter is on its way.");
        });
        endpoints.MapGet("/app/template/ForgotLogin.vm", () => Pages.Page(
            "Forgotten password", "<form method=\"post\" action=\"/app/template/ForgotLogin.vm\"><label>User or e-mail address <input name=\"username\"></label> <button>Send a link</button></form>"));
        endpoints.MapPost("/app/template/ForgotLogin.vm", async (HttpContext context, UserDirectory users, Letters letters) =>
        {
            foreach (var user in (await NamedAsync(context, users, letters)).Where(u => u.Enabled))
            {
                await letters.SetPasswordAsync(user, context.RequestAborted);
            }

            return Pages.Page("Look into your mail", "<p>If there is such an account, a link to set a new password is on its way.</p>");
        });
    }

    // The answer is the same whether there is such an account or not.
    private static async Task<IReadOnlyList<UserAccount>> NamedAsync(HttpContext context, UserDirectory users, Letters letters)
    {
        if (!context.Request.HasFormContentType)
        {
            throw RequestRefusedException.BadRequest("A form is needed.");
        }

        if (!await letters.CanSendLinksAsync(context.RequestAborted))
        {
            throw RequestRefusedException.Conflict("This site cannot send mail; ask an administrator.");
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var name = form["username"].FirstOrDefault() ?? form["email"].FirstOrDefault() ?? "";
        return EmailAddress.IsValid(name) && await users.FindByEmailAsync(name, context.RequestAborted) is { Count: > 0 } found ? found
            : LoginName.IsValid(name) && await users.FindAsync(name, context.RequestAborted) is { } user ? [user] : [];
    }

    private static async Task<IResult> RegisterAsync(HttpContext context, UserDirectory users, SiteSettings settings, PasswordRules rules, Letters letters, AuditTrail audit)
    {
        if (!await settings.FlagAsync("userRegistration", context.RequestAborted))
        {
            throw RequestRefusedException.Forbidden("This site has no self-registration.");
        }

        var verifies = await settings.FlagAsync("emailVerification", context.RequestAborted);
        if (verifies && !await letters.CanSendLinksAsync(context.RequestAborted))
        {
            throw RequestRefusedException.Conflict("This site cannot send mail; ask an administrator for an account.");
        }

        var body = await RequestJson.ReadAsync<RegistrationBody>(context);
        if (!LoginName.IsValid(body.Username) || AliasTokens.IsAlias(body.Username!) || !EmailAddress.IsValid(body.Email) || body.FirstName is not { Length: > 0 and <= 255 } || body.LastName is not { Length: > 0 and <= 255 })
        {
            throw RequestRefusedException.BadRequest("A registration needs a username of letters, digits, . _ @ -, a password, both names and an e-mail address.");
        }

        if (await rules.FaultAsync(null, body.Password ?? "", context.RequestAborted) is { } fault)
        {
            throw RequestRefusedException.BadRequest(fault);
        }

        var approval = await settings.FlagAsync("userRegistrationApproval", context.RequestAborted);
        if (!await users.CreateAsync(body.Username!, body.Password!, body.FirstName, body.LastName, body.Email!, enabled: !approval, verified: !verifies, context.RequestAborted))
        {
            throw RequestRefusedException.Conflict("The username is taken.");
        }

        await audit.RecordAsync(body.Username!, context.Address(), "user.register", body.Username!, CancellationToken.None);
        AuditMiddleware.Written(context);
        var user = (await users.FindAsync(body.Username!, context.RequestAborted))!;
        await (verifies ? letters.VerifyAsync(user, context.RequestAborted) : approval ? letters.ApproveAsync(user, context.RequestAborted) : Task.CompletedTask);
        return Results.Json(new { username = user.Login, enabled = user.Enabled, verified = user.Verified }, statusCode: 201);
    }
}
