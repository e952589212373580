using System.Globalization;
using System.Text.Json;
using Vesalius.Anonymisation;

namespace Vesalius.Cli;

/// <summary>Options of <c>anonymise</c>.</summary>
internal sealed record AnonymiseOptions
{
    /// <summary>Paths without an option in front.</summary>
    public List<string> Paths { get; } = [];

    /// <summary>Input in the JSON model.</summary>
    public string? Json { get; private set; }

    /// <summary>Script file.</summary>
    public string? Script { get; private set; }

    /// <summary>Lookup table.</summary>
    public string? Lookup { get; private set; }

    /// <summary>Where to write the report.</summary>
    public string? Report { get; private set; }

    /// <summary>Files at once.</summary>
    public int Jobs { get; private set; } = Environment.ProcessorCount;

    /// <summary>A shift of a date that is missing does nothing instead of failing.</summary>
    public bool SkipsMissingDates { get; private set; }

    /// <summary>The longest that the script may run over one object.</summary>
    public TimeSpan TimeLimit { get; private set; } = ScriptContext.DefaultTimeLimit;

    /// <summary>Addresses that <c>getURL</c> may read.</summary>
    public List<string> Addresses { get; } = [];

    /// <summary>The script's given variables.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>Reads the arguments; null if they are wrong.</summary>
    public static AnonymiseOptions? Read(string[] arguments)
    {
        var options = new AnonymiseOptions();
        for (var i = 0; i < arguments.Length; i++)
        {
            if (!arguments[i].StartsWith("--", StringComparison.Ordinal))
            {
                options.Paths.Add(arguments[i]);
                continue;
            }

            if (i + 1 >= arguments.Length || !options.Set(arguments[i], arguments[i + 1]))
            {
                return null;
            }

            i++;
        }

        return options.Script is not null && (options.Json is not null ? options.Paths.Count == 0 : options.Paths.Count == 2) ? options : null;
    }

    private bool Set(string name, string value)
    {
        switch (name)
        {
            case "--json":
                Json = value;
                return true;
            case "--script":
                Script = value;
                return true;
            case "--lookup":
                Lookup = value;
                return true;
            case "--report":
                Report = value;
                return true;
            case "--jobs":
                var isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var jobs) && jobs > 0;
                Jobs = isNumber ? jobs : Jobs;
                return isNumber;
            case "--missing-dates":
                SkipsMissingDates = value == "skip";
                return value is "skip" or "fail";
            case "--time-limit":
                var isLimit = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds > 0;
                TimeLimit = isLimit ? TimeSpan.FromSeconds(seconds) : TimeLimit;
                return isLimit;
            case "--allow-url":
                Addresses.Add(value);
                return !AllowedAddresses.Parse(value).IsEmpty;
            case "--date-shift":
                Variables["dateShift"] = value;
                return int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
            case "--project" or "--subject" or "--session":
                Variables[name[2..]] = value;
                return true;
            default:
                return false;
        }
    }

    /// <summary>What the script is given.</summary>
    public ScriptContext Context() => new()
    {
        Variables = Variables,
        SkipsMissingDates = SkipsMissingDates,
        TimeLimit = TimeLimit,
        Web = Addresses.Count == 0 ? null : new AllowedPages(AllowedAddresses.Parse(string.Join(' ', Addresses))),
        Lookup = Lookup is null ? null : new JsonLookup(JsonDocument.Parse(File.ReadAllBytes(Lookup)).RootElement),
    };

    // kind → key → value.
    private sealed class JsonLookup(JsonElement table) : ILookupTable
    {
        public string? Find(string kind, string key) =>
            table.ValueKind == JsonValueKind.Object && table.TryGetProperty(kind, out var lines) && lines.ValueKind == JsonValueKind.Object && lines.TryGetProperty(key, out var value)
                ? value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText() : null;
    }
}
