using Vesalius.Access;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary><c>/data/services/tokens</c> (rest-api A7 to A11).</summary>
internal static class AliasTokenEndpoints
{
    public static void MapAliasTokens(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/data/services/tokens/issue", (HttpContext context, AliasTokens tokens) => IssueAsync(context, context.SignedIn().Login, tokens));
        endpoints.MapGet("/data/services/tokens/issue/user/{login}", (HttpContext context, string login, AliasTokens tokens) =>
        {
            context.SelfOrAdministrator(login);
            return IssueAsync(context, login, tokens);
        });
        endpoints.MapGet("/data/services/tokens/show", (HttpContext context, AliasTokens tokens) => ShowAsync(context, context.SignedIn().Login, tokens));
        endpoints.MapGet("/data/services/tokens/show/user/{login}", (HttpContext context, string login, AliasTokens tokens) =>
        {
            context.SelfOrAdministrator(login);
            return ShowAsync(context, login, tokens);
        });
        endpoints.MapGet("/data/services/tokens/validate/{alias}/{secret}", async (HttpContext context, string alias, string secret, AliasTokens tokens) =>
        {
            context.SignedIn();
            var token = await tokens.ValidateAsync(alias, secret, context.RequestAborted);
            AuditMiddleware.Written(context);
            return Results.Json(token is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["valid"] = token.Login });
        });
        // One part is missing.
        endpoints.MapGet("/data/services/tokens/validate/{alias?}", IResult (HttpContext context) =>
            throw new RequestRefusedException(context.SignedIn() is null ? 403 : 401, "Both alias and secret are needed."));
        endpoints.MapGet("/data/services/tokens/invalidate/{alias}/{secret?}", async (HttpContext context, string alias, AliasTokens tokens) =>
        {
            var caller = context.SignedIn();
            var token = await tokens.FindAsync(alias, context.RequestAborted);
            if (token is null || (token.Login != caller.Login && !caller.IsSiteAdministrator))
            {
                throw RequestRefusedException.NotFound("There is no such token.");
            }

            await tokens.InvalidateAsync(alias, context.RequestAborted);
            await Scope.AuditAsync(context, "token.invalidate", $"{token.Login}/{token.Id}");
            return Results.Json(new { result = "OK" });
        });
    }

    private static async Task<IResult> IssueAsync(HttpContext context, string login, AliasTokens tokens)
    {
        var issued = await tokens.IssueAsync(login, context.Caller().Login, singleUse: false, null, context.RequestAborted) ?? throw RequestRefusedException.NotFound("There is no such user.");
        await Scope.AuditAsync(context, "token.issue", $"{login}/{issued.Token.Id}");
        return Results.Json(View(issued.Token, issued.Secret));
    }

    private static async Task<IResult> ShowAsync(HttpContext context, string login, AliasTokens tokens) =>
        Results.Json((await tokens.ListAsync(login, context.RequestAborted)).Select(t => View(t, "")));

    // The secret is known to its owner only, once it was issued.
    private static object View(AliasToken token, string secret) => new
    {
        id = token.Id, alias = token.Alias, secret, xdatUserId = token.Login, singleUse = token.SingleUse, estimatedExpirationTime = Millis(token.Expires), validIPAddresses = Array.Empty<string>(),
        enabled = true, created = Millis(token.Created), timestamp = Millis(token.Created), disabled = 0,
    };

    private static long Millis(DateTime at) => new DateTimeOffset(at.ToUniversalTime()).ToUnixTimeMilliseconds();
}
