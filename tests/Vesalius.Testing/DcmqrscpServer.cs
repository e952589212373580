using System.Globalization;
using Xunit;

namespace Vesalius.Testing;

/// <summary>DCMTK's query/retrieve server, AE title <c>DCMQR</c>.</summary>
public sealed class DcmqrscpServer : PeerProcess
{
    private DcmqrscpServer(int port) => Port = port;

    /// <summary>AE title.</summary>
    public const string AeTitle = "DCMQR";

    /// <summary>TCP port.</summary>
    public int Port { get; }

    /// <summary>Starts one that knows these move destinations, and stores the folders' files in it.</summary>
    /// <param name="destinations">AE titles with the ports of loopback where they listen.</param>
    /// <param name="folders">What to fill it with.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<DcmqrscpServer> StartAsync(
        IEnumerable<(string AeTitle, int Port)> destinations, IEnumerable<string> folders, CancellationToken cancellationToken)
    {
        var server = new DcmqrscpServer(FreePort.Take());
        try
        {
            var store = Directory.CreateDirectory(Path.Combine(server.Folder, "store")).FullName;
            var hosts = string.Join('\n', destinations.Select((d, i) => $"host{i} = ({d.AeTitle}, 127.0.0.1, {d.Port})"));
            var configuration = Path.Combine(server.Folder, "dcmqrscp.cfg");
            await File.WriteAllTextAsync(
                configuration,
                string.Create(CultureInfo.InvariantCulture, $"""
                    NetworkTCPPort = {server.Port}
                    MaxPDUSize = 131072
                    MaxAssociations = 32
                    HostTable BEGIN
                    {hosts}
                    HostTable END
                    VendorTable BEGIN
                    VendorTable END
                    AETable BEGIN
                    {AeTitle} {store} RW (100, 1024mb) ANY
                    AETable END

                    """),
                cancellationToken);
            await server.StartAsync("/usr/bin/dcmqrscp", ["-c", configuration], server.Port, cancellationToken);
            foreach (var folder in folders)
            {
                var (exitCode, output) = await RunAsync(
                    "dcmsend", ["-aec", AeTitle, "-nh", "+sd", "+r", "127.0.0.1", server.Port.ToString(CultureInfo.InvariantCulture), folder], cancellationToken);
                Assert.True(exitCode == 0, output);
            }

            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }
}
