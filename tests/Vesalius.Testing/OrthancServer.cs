using System.Text.Json;
using Xunit;

namespace Vesalius.Testing;

/// <summary>Orthanc, AE title <c>ORTHANC</c>, with DICOMweb where its plug-in is installed.</summary>
public sealed class OrthancServer : PeerProcess
{
    private const string DicomWebPlugin = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";

    private OrthancServer(int dicomPort, int httpPort)
    {
        DicomPort = dicomPort;
        HttpPort = httpPort;
    }

    /// <summary>AE title.</summary>
    public const string AeTitle = "ORTHANC";

    /// <summary>User of its REST and DICOMweb.</summary>
    public const string User = "reader";

    /// <summary>Password of that user.</summary>
    public const string Password = "only-for-tests";

    /// <summary>TCP port of DIMSE.</summary>
    public int DicomPort { get; }

    /// <summary>TCP port of REST and DICOMweb.</summary>
    public int HttpPort { get; }

    /// <summary>Root of DICOMweb.</summary>
    public Uri DicomWebRoot => new($"http://127.0.0.1:{HttpPort}/dicom-web/");

    /// <summary>Starts one that knows these move destinations, and puts the folders' files into it.</summary>
    /// <param name="destinations">AE titles with the ports of loopback where they listen.</param>
    /// <param name="folders">What to fill it with.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="tls">Files of its certificate and key, and of the authority whose certificates it wants to see; null for plain DIMSE.</param>
    public static async Task<OrthancServer> StartAsync(
        IEnumerable<(string AeTitle, int Port)> destinations, IEnumerable<string> folders, CancellationToken cancellationToken, (string Certificate, string Key, string Authority)? tls = null)
    {
        Assert.SkipUnless(File.Exists(DicomWebPlugin), "orthanc-dicomweb is not installed.");
        var server = new OrthancServer(FreePort.Take(), FreePort.Take());
        try
        {
            var configuration = Path.Combine(server.Folder, "orthanc.json");
            await File.WriteAllTextAsync(configuration, JsonSerializer.Serialize(server.Configuration(destinations, tls)), cancellationToken);
            await server.StartAsync("/usr/sbin/Orthanc", [configuration], server.DicomPort, cancellationToken);
            await server.FillAsync(folders, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private Dictionary<string, object> Configuration(IEnumerable<(string AeTitle, int Port)> destinations, (string Certificate, string Key, string Authority)? tls) => new()
    {
        ["DicomTlsEnabled"] = tls is not null,
        ["DicomTlsCertificate"] = tls?.Certificate ?? "",
        ["DicomTlsPrivateKey"] = tls?.Key ?? "",
        ["DicomTlsTrustedCertificates"] = tls?.Authority ?? "",
        ["DicomTlsRemoteCertificateRequired"] = true,
        ["Name"] = "Peer",
        ["StorageDirectory"] = Path.Combine(Folder, "storage"),
        ["IndexDirectory"] = Path.Combine(Folder, "index"),
        ["DicomAet"] = AeTitle,
        ["DicomPort"] = DicomPort,
        ["HttpPort"] = HttpPort,
        ["RemoteAccessAllowed"] = false,
        ["AuthenticationEnabled"] = true,
        ["RegisteredUsers"] = new Dictionary<string, string> { [User] = Password },
        ["DicomAlwaysAllowFind"] = true,
        ["DicomAlwaysAllowMove"] = true,
        ["DicomAlwaysAllowGet"] = true,
        ["DicomAlwaysAllowEcho"] = true,
        ["DicomAlwaysAllowStore"] = true,
        ["DicomModalities"] = destinations.ToDictionary(d => d.AeTitle, d => (object)new object[] { d.AeTitle, "127.0.0.1", d.Port }),
        ["Plugins"] = new[] { DicomWebPlugin },
        ["DicomWeb"] = new Dictionary<string, object> { ["Enable"] = true, ["Root"] = "/dicom-web/" },
    };

    /// <summary>A client of its REST.</summary>
    public HttpClient Client()
    {
        var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{HttpPort}/") };
        http.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{User}:{Password}")));
        return http;
    }

    private static async Task<bool> AnswersAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.GetAsync("system", cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task FillAsync(IEnumerable<string> folders, CancellationToken cancellationToken)
    {
        using var http = Client();
        // It listens for associations before its REST answers.
        for (var attempt = 0; !await AnswersAsync(http, cancellationToken); attempt++)
        {
            Assert.True(attempt < 300, "Orthanc's REST does not answer.");
            await Task.Delay(100, cancellationToken);
        }

        foreach (var file in folders.SelectMany(f => Directory.EnumerateFiles(f, "*.dcm", SearchOption.AllDirectories)))
        {
            using var content = new ByteArrayContent(await File.ReadAllBytesAsync(file, cancellationToken));
            using var response = await http.PostAsync("instances", content, cancellationToken);
            // It refuses what lacks one of the four UIDs with 400 or 404.
            if (response.StatusCode is not (System.Net.HttpStatusCode.BadRequest or System.Net.HttpStatusCode.NotFound))
            {
                response.EnsureSuccessStatusCode();
            }
        }
    }
}
