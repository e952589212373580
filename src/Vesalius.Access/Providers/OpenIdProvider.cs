using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Vesalius.Access;

/// <summary>An OpenID Connect provider whose users may sign in.</summary>
public sealed record OpenIdOptions
{
    /// <summary>Name that clients pick the provider by.</summary>
    public required string Id { get; init; }

    /// <summary>Name as shown.</summary>
    public string Name { get; init; } = "OpenID Connect";

    /// <summary>Issuer; its description is at <c>/.well-known/openid-configuration</c> below.</summary>
    public required string Authority { get; init; }

    /// <summary>What the provider knows this server as.</summary>
    public required string ClientId { get; init; }

    /// <summary>Secret of this server at the provider.</summary>
    public string ClientSecret { get; init; } = "";

    /// <summary>Scopes that are asked for.</summary>
    public string Scopes { get; init; } = "openid profile email";

    /// <summary>Claim that becomes the login of an account that is made.</summary>
    public string LoginClaim { get; init; } = "preferred_username";

    /// <summary>Make an account at the first sign-in. Default true.</summary>
    public bool CreatesUsers { get; init; } = true;

    /// <summary>Talk to the provider by HTTPS only. Default true.</summary>
    public bool RequiresHttps { get; init; } = true;
}

/// <summary>One provider: the authorization code flow with PKCE (OpenID Connect Core §3.1, RFC 7636).</summary>
public sealed class OpenIdProvider(OpenIdOptions options, HttpClient http)
{
    private readonly ConfigurationManager<OpenIdConnectConfiguration> _configuration = new(
        options.Authority.TrimEnd('/') + "/.well-known/openid-configuration", new OpenIdConnectConfigurationRetriever(), new HttpDocumentRetriever(http) { RequireHttps = options.RequiresHttps });

    /// <summary>Options.</summary>
    public OpenIdOptions Options { get; } = options;

    /// <summary>Where the user's browser goes.</summary>
    public async Task<string> AuthorizationAddressAsync(string state, string nonce, string challenge, string redirect, CancellationToken cancellationToken) => QueryHelpers.AddQueryString(
        (await _configuration.GetConfigurationAsync(cancellationToken).ConfigureAwait(false)).AuthorizationEndpoint,
        new Dictionary<string, string?>
        {
            ["response_type"] = "code", ["client_id"] = Options.ClientId, ["redirect_uri"] = redirect, ["scope"] = Options.Scopes, ["state"] = state, ["nonce"] = nonce,
            ["code_challenge"] = challenge, ["code_challenge_method"] = "S256",
        });

    /// <summary>Exchanges a code and checks the identity token: signature, issuer, audience, life and nonce.</summary>
    /// <returns>Subject and identity; null if the provider or the token does not fit.</returns>
    public async Task<(string Subject, ProviderIdentity Identity)?> RedeemAsync(string code, string verifier, string nonce, string redirect, CancellationToken cancellationToken)
    {
        var configuration = await _configuration.GetConfigurationAsync(cancellationToken).ConfigureAwait(false);
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code", ["code"] = code, ["redirect_uri"] = redirect, ["client_id"] = Options.ClientId, ["client_secret"] = Options.ClientSecret, ["code_verifier"] = verifier,
        });
        using var response = await http.PostAsync(new Uri(configuration.TokenEndpoint), form, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            return null;
        }

        var answer = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken).ConfigureAwait(false);
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("id_token", out var token) || token.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        var result = await new JsonWebTokenHandler().ValidateTokenAsync(token.GetString(), new TokenValidationParameters
        {
            ValidIssuer = configuration.Issuer, ValidAudience = Options.ClientId, IssuerSigningKeys = configuration.SigningKeys, RequireSignedTokens = true, RequireExpirationTime = true,
            ValidAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"],
        }).ConfigureAwait(false);
        if (!result.IsValid)
        {
            // The provider may have changed its keys.
            _configuration.RequestRefresh();
            return null;
        }

        string Claim(string name) => result.Claims.TryGetValue(name, out var value) ? value.ToString() ?? "" : "";
        return Claim("nonce") == nonce && Claim("sub") is { Length: > 0 } subject
            ? (subject, new ProviderIdentity(Claim(Options.LoginClaim), Claim("given_name"), Claim("family_name"), Claim("email"))) : null;
    }
}
