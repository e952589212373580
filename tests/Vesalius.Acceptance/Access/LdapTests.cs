using System.Diagnostics;
using System.Net;
using System.Text;
using Vesalius.Access;
using Vesalius.Server;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Access;

/// <summary>Sign-in by a real OpenLDAP server (R23), and the metrics (R37).</summary>
public sealed class LdapTests
{
    private const string Slapd = "/usr/sbin/slapd";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<Process> StartDirectoryAsync(string folder, int port)
    {
        Directory.CreateDirectory(Path.Combine(folder, "db"));
        await File.WriteAllTextAsync(
            Path.Combine(folder, "slapd.conf"),
            $"""
            include /etc/ldap/schema/core.schema
            include /etc/ldap/schema/cosine.schema
            include /etc/ldap/schema/inetorgperson.schema
            pidfile {folder}/slapd.pid
            modulepath /usr/lib/ldap
            moduleload back_mdb
            database mdb
            maxsize 1048576
            suffix "dc=example,dc=org"
            rootdn "cn=root,dc=example,dc=org"
            rootpw root-secret
            directory {folder}/db
            access to attrs=userPassword by anonymous auth by * none
            access to * by dn.exact="cn=root,dc=example,dc=org" read by * none

            """, Token);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "people.ldif"),
            """
            dn: dc=example,dc=org
            objectClass: dcObject
            objectClass: organization
            o: Example
            dc: example

            dn: uid=ida,dc=example,dc=org
            objectClass: inetOrgPerson
            uid: ida
            cn: Ida Berg
            givenName: Ida
            sn: Berg
            mail: ida@example.org
            userPassword: ida-secret

            dn: uid=taken,dc=example,dc=org
            objectClass: inetOrgPerson
            uid: taken
            cn: Taken
            sn: Taken
            userPassword: taken-secret

            """, Token);
        using (var add = Process.Start(new ProcessStartInfo("/usr/sbin/slapadd", ["-f", $"{folder}/slapd.conf", "-l", $"{folder}/people.ldif"]) { RedirectStandardError = true })!)
        {
            var errors = await add.StandardError.ReadToEndAsync(Token);
            await add.WaitForExitAsync(Token);
            Assert.True(add.ExitCode == 0, errors);
        }

        return Process.Start(new ProcessStartInfo(Slapd, ["-d", "0", "-f", $"{folder}/slapd.conf", "-h", $"ldap://127.0.0.1:{port}"]) { RedirectStandardError = true })!;
    }

    /// <summary>Found and bound, made at first sign-in; wrong passwords, empty ones, filters in the name, an account that was there before, a directory that is gone.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Directory_users_sign_in_and_take_over_no_account()
    {
        Assert.SkipUnless(File.Exists(Slapd), "slapd is not installed.");
        var folder = Directory.CreateTempSubdirectory("vesalius-ldap-").FullName;
        var port = FreePort.Take();
        var slapd = await StartDirectoryAsync(folder, port);
        try
        {
            var options = new ServerOptions
            {
                Data = Path.Combine(folder, "data"), HttpPort = 0, DicomPort = FreePort.Take(), AdminPassword = "admin-password",
                Ldap = [new LdapOptions { Id = "house", Name = "House", Host = "127.0.0.1", Port = port, Tls = false, BindDn = "cn=root,dc=example,dc=org", BindPassword = "root-secret", SearchBase = "dc=example,dc=org" }],
            };
            await using var server = await VesaliusServer.StartAsync(options, Token);
            var address = new Uri($"http://127.0.0.1:{new Uri(server.Addresses.First().Replace("[::]", "127.0.0.1", StringComparison.Ordinal)).Port}");
            using var client = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = address };
            async Task<(int Status, string Text)> AuthAsync(string name, string password)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/data/auth");
                request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{password}")));
                using var response = await client.SendAsync(request, Token);
                return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Token));
            }

            await RunningServer.EventuallyAsync(async () => (await AuthAsync("ida", "ida-secret")).Status == 200 ? "yes" : null);
            Assert.Equal((200, "User 'ida' is logged in"), await AuthAsync("ida", "ida-secret"));
            Assert.Equal(401, (await AuthAsync("ida", "wrong")).Status);
            Assert.Equal(401, (await AuthAsync("ida", "")).Status);
            Assert.Equal(401, (await AuthAsync("*", "ida-secret")).Status);
            Assert.Equal(401, (await AuthAsync("ida)(uid=*", "ida-secret")).Status);
            Assert.Equal(200, (await AuthAsync("admin", "admin-password")).Status);

            // An account that was made here does not become the directory's.
            using (var make = new HttpRequestMessage(HttpMethod.Post, "/xapi/users") { Content = new StringContent("""{"username":"taken","password":"Local-1","email":"t@example.org"}""", Encoding.UTF8, "application/json") })
            {
                make.Headers.Authorization = new("Basic", Convert.ToBase64String("admin:admin-password"u8));
                using var made = await client.SendAsync(make, Token);
                Assert.Equal(HttpStatusCode.Created, made.StatusCode);
            }

            Assert.Equal(401, (await AuthAsync("taken", "taken-secret")).Status);
            Assert.Equal(200, (await AuthAsync("taken", "Local-1")).Status);
            async Task<int> FormAsync(string provider)
            {
                using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["username"] = "ida", ["password"] = "ida-secret", ["provider"] = provider });
                using var response = await client.PostAsync("/data/services/auth", form, Token);
                return (int)response.StatusCode;
            }

            Assert.Equal(200, await FormAsync("house"));
            Assert.Equal(401, await FormAsync("localdb"));
            Assert.Equal(400, await FormAsync("nosuch"));
            Assert.Contains("\"house\"", await client.GetStringAsync("/xapi/users/authProviders", Token), StringComparison.Ordinal);

            var metrics = await client.GetStringAsync("/metrics", Token);
            Assert.Contains("http_server_request_duration", metrics, StringComparison.Ordinal);
            Assert.Contains("vesalius_audit_rows", metrics, StringComparison.Ordinal);
            Assert.DoesNotContain("ida", metrics, StringComparison.Ordinal);

            slapd.Kill();
            await slapd.WaitForExitAsync(Token);
            Assert.Equal(401, (await AuthAsync("ida", "not-remembered")).Status);
            Assert.Equal(200, (await AuthAsync("admin", "admin-password")).Status);
        }
        finally
        {
            if (!slapd.HasExited)
            {
                slapd.Kill();
            }

            slapd.Dispose();
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>RFC 4515 §3.</summary>
    [Fact]
    public void Filter_values_are_escaped() => Assert.Equal(@"a\2ab\28c\29d\5ce\00", LdapProvider.Escape("a*b(c)d\\e\0"));
}
