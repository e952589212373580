using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Vesalius.Access;
using Vesalius.Database;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Sign-in by OpenID Connect at <c>/openid-login</c>, where XNAT's own part has it (R23).</summary>
internal static class OpenIdLogin
{
    private const string Address = "/openid-login";
    private const string StateCookie = "VESALIUS_OPENID";

    private sealed record Pending(string Provider, string Nonce, string Verifier);

    public static void MapOpenIdLogin(this IEndpointRouteBuilder endpoints) => endpoints.MapGet(
        Address, (Delegate)((HttpContext context) => context.Request.Query.ContainsKey("state") ? FinishAsync(context) : BeginAsync(context)));

    // Only the configured site: a request's own host could be anybody's.
    private static async Task<string> RedirectAsync(HttpContext context) =>
        (await context.RequestServices.GetRequiredService<SiteSettings>().TextAsync("siteUrl", context.RequestAborted)).TrimEnd('/') is { Length: > 0 } site
            ? site + Address : throw RequestRefusedException.Conflict("The site URL is not set; ask an administrator.");

    private static async Task<IResult> BeginAsync(HttpContext context)
    {
        var id = context.Request.Query["providerId"].ToString();
        var provider = context.RequestServices.GetServices<OpenIdProvider>().FirstOrDefault(p => p.Options.Id == id) ?? throw RequestRefusedException.BadRequest("There is no such provider of sign-ins.");
        var (state, nonce, verifier) = (Secret(), Secret(), Secret());
        string address;
        try
        {
            address = await provider.AuthorizationAddressAsync(
                state, nonce, WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))), await RedirectAsync(context), context.RequestAborted);
        }
        catch (Exception e) when (e is InvalidOperationException or HttpRequestException or IOException or ArgumentException)
        {
            throw new RequestRefusedException(502, "The provider does not answer.");
        }

        await context.RequestServices.GetRequiredService<VesaliusDatabase>().ExecuteAsync(
            "with old as (delete from access_openid_state where created < now() - interval '10 minutes') insert into access_openid_state (state_hash, provider, nonce, verifier) values (@hash, @id, @nonce, @verifier)",
            new { hash = Hash(state), id, nonce, verifier }, context.RequestAborted);
        // The answer counts only in the browser that asked.
        context.Response.Cookies.Append(StateCookie, state, new CookieOptions { HttpOnly = true, Path = Address, SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps, MaxAge = TimeSpan.FromMinutes(10) });
        return Results.Redirect(address);
    }

    private static async Task<IResult> FinishAsync(HttpContext context)
    {
        var (state, code) = (context.Request.Query["state"].ToString(), context.Request.Query["code"].ToString());
        var services = context.RequestServices;
        var pending = await services.GetRequiredService<VesaliusDatabase>().FindAsync<Pending>(
            "delete from access_openid_state where state_hash = @hash and created > now() - interval '10 minutes' returning provider, nonce, verifier", new { hash = Hash(state) }, context.RequestAborted);
        var provider = pending is null || context.Request.Cookies[StateCookie] != state ? null : services.GetServices<OpenIdProvider>().FirstOrDefault(p => p.Options.Id == pending.Provider);
        context.Response.Cookies.Delete(StateCookie, new CookieOptions { Path = Address });
        var login = provider is null || code.Length == 0 ? null : await LoginAsync(context, provider, pending!, code);
        if (login is null || await services.GetRequiredService<UserDirectory>().LoadCallerAsync(login, context.RequestAborted) is null)
        {
            await services.GetRequiredService<AuditTrail>().RecordAsync("", context.Address(), "sign-in.refused", provider?.Options.Id ?? "", CancellationToken.None);
            throw new RequestRefusedException(401, "The provider's answer signs nobody in here.");
        }

        await services.GetRequiredService<SignInFlow>().OpenSessionAsync(context, login);
        return Results.Redirect("/");
    }

    private static async Task<string?> LoginAsync(HttpContext context, OpenIdProvider provider, Pending pending, string code)
    {
        try
        {
            return await provider.RedeemAsync(code, pending.Verifier, pending.Nonce, await RedirectAsync(context), context.RequestAborted) is var (subject, identity)
                ? await context.RequestServices.GetRequiredService<ProviderSignIn>().AccountAsync(provider.Options.Id, subject, identity, provider.Options.CreatesUsers, context.RequestAborted) : null;
        }
        catch (Exception e) when (e is InvalidOperationException or HttpRequestException or IOException or JsonException)
        {
            throw new RequestRefusedException(502, "The provider does not answer.");
        }
    }

    private static string Secret() => WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));

    private static byte[] Hash(string state) => SHA256.HashData(Encoding.UTF8.GetBytes(state));
}
