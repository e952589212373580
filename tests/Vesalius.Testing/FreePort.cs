using System.Net;
using System.Net.Sockets;

namespace Vesalius.Testing;

/// <summary>Ports for programs that cannot be told to take any.</summary>
public static class FreePort
{
    // Below the range from which the system takes ports for outgoing connections: one of those could take the port before the program does.
    private const int First = 15_000;
    private const int Last = 32_000;
    private static readonly HashSet<int> Taken = [];

    /// <summary>A TCP port that nobody listens on now, another one with each call.</summary>
    public static int Take()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, Last);
            lock (Taken)
            {
                if (!Taken.Add(port))
                {
                    continue;
                }
            }

            try
            {
                using var listener = new TcpListener(IPAddress.Any, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it: the next one.
            }
        }
    }
}
