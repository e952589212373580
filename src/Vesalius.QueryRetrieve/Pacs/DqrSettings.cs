using System.Globalization;
using System.Text.Json.Nodes;
using Vesalius.Database;

namespace Vesalius.QueryRetrieve;

/// <summary>Preferences of query-retrieve (xapi A.2): declared here with defaults, stored where they differ, answered as they were given.</summary>
public sealed class DqrSettings(VesaliusDatabase database, TimeProvider time)
{
    // Read by every retrieval several times; what another node changes counts a second later.
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(1);
    private volatile Remembered? _kept;
    private int _changes;

    private sealed record Remembered(DqrPreferences Preferences, DateTimeOffset Until);

    private static readonly Dictionary<string, JsonNode> Declared = new(StringComparer.Ordinal)
    {
        ["dqrCallingAe"] = "XNAT",
        ["pacsAvailabilityCheckFrequency"] = "1 minute",
        ["dqrMaxPacsRequestAttempts"] = "5",
        ["dqrWaitToRetryRequestInSeconds"] = "300",
        ["notifyAdminOnImport"] = false,
        ["assumeSameSessionIfArrivedWithin"] = "30 minutes",
        ["allowAllUsersToUseDqr"] = false,
        ["allowAllProjectsToUseDqr"] = false,
        ["leavePacsAuditTrail"] = false,
        ["ormStrategy"] = "dicomOrmStrategy",
        ["patientNameStrategy"] = "basicPatientNameStrategy",
        ["resultSetLimitStrategy"] = "basicResultSetLimitStrategy",
        ["dicomWebEnabled"] = true,
        ["dicomWebMetadataReadTimeoutSeconds"] = 20,
        ["dicomWebRetrieveReadTimeoutSeconds"] = 20,
        ["dimseConnectTimeoutSeconds"] = 30,
        ["dimseResponseTimeoutSeconds"] = 60,
        ["dimseRetrieveTimeoutSeconds"] = 60,
        ["dimseAcceptTimeoutSeconds"] = 60,
        ["dqrMaxThrottleSleepSeconds"] = 1800,
    };

    private static readonly Dictionary<string, string> Aliases = new(StringComparer.Ordinal)
    {
        ["dqrMaxPacsCMOVEAttempts"] = "dqrMaxPacsRequestAttempts", ["dqrWaitToRetryCMOVETimeInSeconds"] = "dqrWaitToRetryRequestInSeconds",
    };

    // Whole numbers with their bounds; what cannot be one is refused, not stored.
    private static readonly Dictionary<string, (int Least, int Most)> Numbers = new(StringComparer.Ordinal)
    {
        ["dqrMaxPacsRequestAttempts"] = (1, 10_000), ["dqrWaitToRetryRequestInSeconds"] = (0, 604_800), ["dicomWebMetadataReadTimeoutSeconds"] = (1, 86_400),
        ["dicomWebRetrieveReadTimeoutSeconds"] = (1, 86_400), ["dimseConnectTimeoutSeconds"] = (1, 86_400), ["dimseResponseTimeoutSeconds"] = (1, 86_400),
        ["dimseRetrieveTimeoutSeconds"] = (1, 86_400), ["dimseAcceptTimeoutSeconds"] = (1, 86_400), ["dqrMaxThrottleSleepSeconds"] = (0, 604_800),
    };

    /// <summary>All preferences as they were given.</summary>
    public async Task<JsonObject> AllAsync(CancellationToken cancellationToken)
    {
        var all = new JsonObject(Declared.OrderBy(d => d.Key, StringComparer.Ordinal).Select(d => new KeyValuePair<string, JsonNode?>(d.Key, d.Value.DeepClone())));
        foreach (var (name, value) in await database.QueryAsync<(string, string)>("select name, value::text from qr_setting", null, cancellationToken).ConfigureAwait(false))
        {
            all[name] = JsonNode.Parse(value);
        }

        return all;
    }

    /// <summary>Stores preferences; unknown names are ignored.</summary>
    /// <returns>What is wrong; null if they were stored.</returns>
    public async Task<string?> SetAsync(JsonObject given, string login, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(given);
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in given)
        {
            var name = Aliases.GetValueOrDefault(key, key);
            if (!Declared.TryGetValue(name, out var declared) || value is null)
            {
                continue;
            }

            if (Fault(name, value, declared) is { } fault)
            {
                return fault;
            }

            values[name] = value.ToJsonString();
        }

        await database.ExecuteAsync(
            """
            insert into qr_setting (name, value, modified_by) select name, value::jsonb, @login from unnest(@names, @values) as given (name, value)
            on conflict (name) do update set value = excluded.value, modified = now(), modified_by = excluded.modified_by
            """,
            new { login, names = values.Keys.ToArray(), values = values.Values.ToArray() }, cancellationToken).ConfigureAwait(false);
        Interlocked.Increment(ref _changes);
        _kept = null;
        return null;
    }

    private static string? Fault(string name, JsonNode value, JsonNode declared)
    {
        if (value is not JsonValue)
        {
            return $"{name} must be text, a number or a boolean.";
        }

        var text = value.ToString();
        if (Numbers.TryGetValue(name, out var bounds))
        {
            return int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) && number >= bounds.Least && number <= bounds.Most
                ? null : $"{name} must be a whole number from {bounds.Least} to {bounds.Most}.";
        }

        if (declared.GetValueKind() is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False && text is not ("true" or "false"))
        {
            return $"{name} must be true or false.";
        }

        return name switch
        {
            "dqrCallingAe" when text.Length is < 1 or > 16 || text.Any(c => c is < ' ' or > '~' or '\\') || text.Trim() != text => "dqrCallingAe must be an AE title of 1 to 16 characters.",
            "pacsAvailabilityCheckFrequency" or "assumeSameSessionIfArrivedWithin" when Interval(text) is null => $"{name} must be a time such as '30 minutes'.",
            _ => null,
        };
    }

    /// <summary>Reads an interval such as <c>1 minute</c>, <c>5 seconds</c>, <c>2 days</c>; null if it is none.</summary>
    public static TimeSpan? Interval(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Trim().ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return null;
        }

        return parts[1].TrimEnd('s') switch
        {
            "second" or "sec" => TimeSpan.FromSeconds(count),
            "minute" or "min" => TimeSpan.FromMinutes(count),
            "hour" => TimeSpan.FromHours(count),
            "day" => TimeSpan.FromDays(count),
            _ => null,
        };
    }

    /// <summary>The preferences, typed.</summary>
    public async Task<DqrPreferences> ReadAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_kept is { } kept && now < kept.Until)
        {
            return kept.Preferences;
        }

        var changes = Volatile.Read(ref _changes);
        var read = await ParseAsync(cancellationToken).ConfigureAwait(false);
        if (changes == Volatile.Read(ref _changes))
        {
            _kept = new Remembered(read, now + Kept);
        }

        return read;
    }

    private async Task<DqrPreferences> ParseAsync(CancellationToken cancellationToken)
    {
        var all = await AllAsync(cancellationToken).ConfigureAwait(false);
        int Number(string name) => int.Parse(all[name]!.ToString(), CultureInfo.InvariantCulture);
        TimeSpan Seconds(string name) => TimeSpan.FromSeconds(Number(name));
        bool Flag(string name) => all[name]!.ToString() == "true";
        return new DqrPreferences(
            all["dqrCallingAe"]!.ToString(), Number("dqrMaxPacsRequestAttempts"), Seconds("dqrWaitToRetryRequestInSeconds"), Flag("allowAllUsersToUseDqr"), Flag("allowAllProjectsToUseDqr"),
            Flag("dicomWebEnabled"), Seconds("dicomWebMetadataReadTimeoutSeconds"), Seconds("dicomWebRetrieveReadTimeoutSeconds"), Seconds("dimseConnectTimeoutSeconds"),
            Seconds("dimseResponseTimeoutSeconds"), Seconds("dimseRetrieveTimeoutSeconds"), Seconds("dimseAcceptTimeoutSeconds"), Seconds("dqrMaxThrottleSleepSeconds"), Flag("notifyAdminOnImport"));
    }
}

/// <summary>Preferences of query-retrieve, typed.</summary>
/// <param name="CallingAeTitle">Our AE title towards PACS.</param>
/// <param name="Attempts">Attempts per request.</param>
/// <param name="RetryPause">First pause between attempts; it grows.</param>
/// <param name="AllUsers">Everybody signed in may use query-retrieve.</param>
/// <param name="AllProjects">Every project may be imported into.</param>
/// <param name="DicomWeb">DICOMweb PACS may be used.</param>
/// <param name="DicomWebMetadata">Silence allowed in DICOMweb queries.</param>
/// <param name="DicomWebRetrieve">Silence allowed in DICOMweb retrievals.</param>
/// <param name="Connect">Time to connect.</param>
/// <param name="Response">Silence allowed in queries.</param>
/// <param name="Retrieve">Silence allowed in retrievals.</param>
/// <param name="Accept">Time to accept an association.</param>
/// <param name="LongestRest">Longest rest of a slot.</param>
/// <param name="NotifiesAdministrator">The administrator gets a letter about every study that is complete.</param>
public sealed record DqrPreferences(
    string CallingAeTitle, int Attempts, TimeSpan RetryPause, bool AllUsers, bool AllProjects, bool DicomWeb, TimeSpan DicomWebMetadata, TimeSpan DicomWebRetrieve,
    TimeSpan Connect, TimeSpan Response, TimeSpan Retrieve, TimeSpan Accept, TimeSpan LongestRest, bool NotifiesAdministrator);
