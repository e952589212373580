using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Vesalius.Access;
using Vesalius.Server;
using Xunit;

namespace Vesalius.Acceptance.Access;

/// <summary>Sign-in by OpenID Connect against a provider on loopback (R23).</summary>
public sealed class OpenIdTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // What the provider puts wrong; null is an honest one.
    private sealed class Provider
    {
        private readonly RsaSecurityKey _key = new(RSA.Create(2048)) { KeyId = "k1" };

        public string? Fault { get; set; }

        public string Nonce { get; set; } = "";

        public string Challenge { get; set; } = "";

        public string Url { get; private set; } = "";

        public async Task<WebApplication> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var application = builder.Build();
            application.MapGet("/.well-known/openid-configuration", () => Results.Json(new Dictionary<string, object>
            {
                ["issuer"] = Url, ["authorization_endpoint"] = Url + "/authorize", ["token_endpoint"] = Url + "/token", ["jwks_uri"] = Url + "/jwks",
            }));
            application.MapGet("/jwks", () =>
            {
                var parameters = _key.Rsa.ExportParameters(false);
                return Results.Json(new { keys = new[] { new { kty = "RSA", kid = "k1", use = "sig", alg = "RS256", n = Base64UrlEncoder.Encode(parameters.Modulus), e = Base64UrlEncoder.Encode(parameters.Exponent) } } });
            });
            application.MapPost("/token", async (HttpContext context) =>
            {
                var form = await context.Request.ReadFormAsync();
                var challenge = WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString())));
                return form["code"] == "good" && form["client_secret"] == "client-secret" && challenge == Challenge ? Results.Json(new { id_token = Sign() }) : Results.BadRequest();
            });
            await application.StartAsync();
            Url = application.Urls.First();
            return application;
        }

        private string Sign() => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Fault == "issuer" ? "http://evil" : Url, Audience = Fault == "audience" ? "other" : "vesalius",
            IssuedAt = DateTime.UtcNow.AddHours(-2), NotBefore = DateTime.UtcNow.AddHours(-2), Expires = Fault == "expired" ? DateTime.UtcNow.AddHours(-1) : DateTime.UtcNow.AddMinutes(5),
            Claims = new Dictionary<string, object>
            {
                ["sub"] = "subject-1", ["preferred_username"] = Fault == "taken" ? "admin" : "olga", ["given_name"] = "Olga", ["family_name"] = "O", ["email"] = "olga@example.org",
                ["nonce"] = Fault == "nonce" ? "other" : Nonce,
            },
            SigningCredentials = new SigningCredentials(Fault == "key" ? new RsaSecurityKey(RSA.Create(2048)) { KeyId = "k1" } : _key, SecurityAlgorithms.RsaSha256),
        });
    }

    /// <summary>The code flow, then each way in which an answer can be false.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Provider_signs_in_and_false_answers_are_refused()
    {
        var provider = new Provider();
        await using var other = await provider.StartAsync();
        var folder = Directory.CreateTempSubdirectory("vesalius-openid-").FullName;
        try
        {
            var options = new ServerOptions
            {
                Data = folder, HttpPort = 0, DicomPort = 0, AdminPassword = "admin-password",
                OpenId = [new OpenIdOptions { Id = "house", Authority = provider.Url, ClientId = "vesalius", ClientSecret = "client-secret", RequiresHttps = false }],
            };
            await using var server = await VesaliusServer.StartAsync(options, Token);
            var address = new Uri($"http://127.0.0.1:{new Uri(server.Addresses.First().Replace("[::]", "127.0.0.1", StringComparison.Ordinal)).Port}");
            using var client = new HttpClient(new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = address };
            using (var set = new HttpRequestMessage(HttpMethod.Post, "/xapi/siteConfig") { Content = new StringContent(JsonSerializer.Serialize(new { siteUrl = address.ToString() }), Encoding.UTF8, "application/json") })
            {
                set.Headers.Authorization = new("Basic", Convert.ToBase64String("admin:admin-password"u8));
                using var done = await client.SendAsync(set, Token);
                Assert.Equal(HttpStatusCode.OK, done.StatusCode);
            }

            async Task<HttpResponseMessage> SignInAsync(string code = "good", string? state = null, bool cookie = true)
            {
                using var begun = await client.GetAsync("/openid-login?providerId=house", Token);
                Assert.Equal(HttpStatusCode.Redirect, begun.StatusCode);
                var query = QueryHelpers.ParseQuery(begun.Headers.Location!.Query);
                Assert.Equal(("code", "vesalius", "S256"), (query["response_type"].ToString(), query["client_id"].ToString(), query["code_challenge_method"].ToString()));
                (provider.Nonce, provider.Challenge) = (query["nonce"].ToString(), query["code_challenge"].ToString());
                using var back = new HttpRequestMessage(HttpMethod.Get, $"/openid-login?code={code}&state={state ?? query["state"].ToString()}");
                if (cookie)
                {
                    back.Headers.Add("Cookie", begun.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("VESALIUS_OPENID", StringComparison.Ordinal)).Split(';')[0]);
                }

                return await client.SendAsync(back, Token);
            }

            provider.Fault = "taken";
            using (var taken = await SignInAsync())
            {
                Assert.Equal(HttpStatusCode.Unauthorized, taken.StatusCode);
            }

            provider.Fault = null;
            using (var good = await SignInAsync())
            {
                Assert.Equal(HttpStatusCode.Redirect, good.StatusCode);
                using var who = new HttpRequestMessage(HttpMethod.Get, "/data/auth");
                who.Headers.Add("Cookie", good.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("JSESSIONID", StringComparison.Ordinal)).Split(';')[0]);
                using var answer = await client.SendAsync(who, Token);
                Assert.Equal("User 'olga' is logged in", await answer.Content.ReadAsStringAsync(Token));
            }

            foreach (var fault in (string[])["issuer", "audience", "expired", "nonce", "key"])
            {
                provider.Fault = fault;
                using var bad = await SignInAsync();
                Assert.True(bad.StatusCode == HttpStatusCode.Unauthorized, fault);
            }

            provider.Fault = null;
            foreach (var attempt in (Func<Task<HttpResponseMessage>>[])[() => SignInAsync("bad"), () => SignInAsync(state: "forged"), () => SignInAsync(cookie: false)])
            {
                using var bad = await attempt();
                Assert.Equal(HttpStatusCode.Unauthorized, bad.StatusCode);
            }

            using var unknown = await client.GetAsync("/openid-login?providerId=nosuch", Token);
            Assert.Equal(HttpStatusCode.BadRequest, unknown.StatusCode);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
