using System.Net.Http.Headers;
using System.Text;

namespace Vesalius.Cli;

/// <summary>Where the tool finds a user's credentials: environment, then <c>.netrc</c>. Never the command line.</summary>
internal static class ServerCredentials
{
    /// <summary>Finds them for a host.</summary>
    /// <param name="host">Name of the server.</param>
    /// <returns>What to send with each request; null if there is nothing.</returns>
    public static AuthenticationHeaderValue? Find(string host)
    {
        if (Variable("VESALIUS_TOKEN") is { } token)
        {
            // Alias and secret of an alias token, which stand for user and password.
            return Basic(token);
        }

        return Variable("VESALIUS_USER") is { } user ? Basic($"{user}:{Variable("VESALIUS_PASSWORD")}") : FromNetrc(host);
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static AuthenticationHeaderValue Basic(string pair) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));

    private static AuthenticationHeaderValue? FromNetrc(string host)
    {
        var path = Variable("NETRC") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".netrc");
        if (!File.Exists(path))
        {
            return null;
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) != 0)
        {
            Console.Error.WriteLine($"vesalius: others can read {path}; make it 0600.");
        }

        return Parse(File.ReadAllText(path), host) is { } found ? Basic(found) : null;
    }

    /// <summary>Finds user and password of a host in the text of a <c>.netrc</c>: the first entry that names it, else the default one.</summary>
    internal static string? Parse(string text, string host)
    {
        var words = text.Split('\n').Select(l => l.TrimStart().StartsWith('#') ? "" : l).SelectMany(l => l.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries)).ToList();
        var isMeant = false;
        string? user = null, password = null;
        for (var i = 0; i < words.Count; i++)
        {
            switch (words[i])
            {
                case "machine" or "default" when user is not null:
                    return $"{user}:{password}";
                case "machine":
                    isMeant = ++i < words.Count && words[i].Equals(host, StringComparison.OrdinalIgnoreCase);
                    break;
                case "default":
                    isMeant = true;
                    break;
                case "login":
                    user = ++i < words.Count && isMeant ? words[i] : user;
                    break;
                case "password":
                    password = ++i < words.Count && isMeant ? words[i] : password;
                    break;
                case "account" or "macdef":
                    i++;
                    break;
            }
        }

        return user is null ? null : $"{user}:{password}";
    }
}
