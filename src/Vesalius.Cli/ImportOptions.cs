using System.Globalization;

namespace Vesalius.Cli;

/// <summary>Options of <c>import</c>.</summary>
internal sealed record ImportOptions
{
    /// <summary>The list.</summary>
    public string? Csv { get; private set; }

    /// <summary>Batch to watch instead of a list.</summary>
    public string? Batch { get; private set; }

    /// <summary>Project.</summary>
    public string? Project { get; private set; }

    /// <summary>Label, AE title or key of the PACS.</summary>
    public string? Pacs { get; private set; }

    /// <summary>The server.</summary>
    public Uri Server { get; private set; } = new("http://127.0.0.1:8080/");

    /// <summary>AE title of the receiver; null for the server's choice.</summary>
    public string? Receiver { get; private set; }

    /// <summary>Priority, 0 to 1000; null for the usual.</summary>
    public int? Priority { get; private set; }

    /// <summary>Only shows what would be done.</summary>
    public bool IsDryRun { get; private set; }

    /// <summary>Rows whose session is archived already are taken.</summary>
    public bool Appends { get; private set; }

    /// <summary>Rows that failed before are tried again.</summary>
    public bool Retries { get; private set; }

    /// <summary>Ends once the rows are queued.</summary>
    public bool IsDetached { get; private set; }

    /// <summary>Reads the arguments.</summary>
    /// <returns>Null and what is wrong with them.</returns>
    public static (ImportOptions? Options, string Fault) Read(string[] arguments)
    {
        var options = new ImportOptions();
        if (Environment.GetEnvironmentVariable("VESALIUS_URL") is { Length: > 0 } url && !options.Set("--url", url))
        {
            return (null, "VESALIUS_URL is no http or https address without a user name.");
        }

        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] is "--user" or "--password" or "--token")
            {
                // The list of processes shows them to everybody on the machine.
                return (null, "Credentials do not belong on the command line. Set VESALIUS_USER and VESALIUS_PASSWORD, or VESALIUS_TOKEN, or write them into ~/.netrc.");
            }

            if (options.Switch(arguments[i]))
            {
                continue;
            }

            if (i + 1 >= arguments.Length || !options.Set(arguments[i], arguments[i + 1]))
            {
                return (null, $"{arguments[i]} is no option of import, or its value is missing or wrong.");
            }

            i++;
        }

        var isList = options is { Csv: not null, Project: not null, Pacs: not null, Batch: null };
        return isList || options is { Batch: not null, Csv: null, IsDryRun: false } ? (options, "") : (null, "--csv, --project and --pacs are needed, or --batch alone.");
    }

    private bool Switch(string name)
    {
        switch (name)
        {
            case "--dry-run":
                return IsDryRun = true;
            case "--append":
                return Appends = true;
            case "--retry":
                return Retries = true;
            case "--no-wait":
                return IsDetached = true;
            default:
                return false;
        }
    }

    private bool Set(string name, string value)
    {
        switch (name)
        {
            case "--csv":
                Csv = value;
                return true;
            case "--batch":
                Batch = Guid.TryParse(value, out var batch) ? batch.ToString() : null;
                return Batch is not null;
            case "--project":
                Project = value;
                return true;
            case "--pacs":
                Pacs = value;
                return true;
            case "--receiver":
                Receiver = value;
                return true;
            case "--priority":
                Priority = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var priority) && priority <= 1000 ? priority : null;
                return Priority is not null;
            case "--url":
                if (!Uri.TryCreate(value.EndsWith('/') ? value : value + "/", UriKind.Absolute, out var server) || server.Scheme is not ("http" or "https") || server.UserInfo.Length > 0)
                {
                    return false;
                }

                Server = server;
                return true;
            default:
                return false;
        }
    }
}
