using System.Net;
using System.Net.Sockets;

namespace Vesalius.Testing;

/// <summary>Ports for programs that cannot be told to take any.</summary>
public static class FreePort
{
    /// <summary>A TCP port of loopback that nobody listens on now.</summary>
    public static int Take()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
