using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Vesalius.Archive;

namespace Vesalius.Prearchive;

/// <summary>Lays field values that a request gave over what the headers say (rest-api §13.3, §14).</summary>
internal static partial class GivenFields
{
    // scans/scan[0][@xsi:type=xnat:mrScanData]/type
    [GeneratedRegex(@"^scans/scan\[(\d{1,6})\](?:\[[^\]]*\])?/(\w+(?:/\w+)*)$")]
    private static partial Regex ScanPath();

    /// <summary>Applies the fields kept with the session, then those of the request.</summary>
    public static SessionAdmission Apply(SessionAdmission admission, string kept, IReadOnlyDictionary<string, string> given)
    {
        var all = JsonSerializer.Deserialize<Dictionary<string, string>>(kept) ?? [];
        foreach (var (path, value) in given)
        {
            all[path] = value;
        }

        if (all.Count == 0)
        {
            return admission;
        }

        var fields = new Dictionary<string, string>(admission.Fields);
        var scans = admission.Scans.ToList();
        var result = admission;
        foreach (var (path, value) in all)
        {
            if (ScanPath().Match(path) is { Success: true } match)
            {
                var place = int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
                if (place < scans.Count)
                {
                    scans[place] = Apply(scans[place], match.Groups[2].Value, value);
                }
            }
            else if (path == "date" && DateOnly.TryParseExact(value, ["yyyy-MM-dd", "MM/dd/yyyy", "yyyyMMdd"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
            {
                result = result with { Date = date };
            }
            else if (path == "time" && TimeOnly.TryParse(value, CultureInfo.InvariantCulture, out var time))
            {
                result = result with { Time = time };
            }
            else if (path is not ("ID" or "label" or "project" or "subject_ID" or "UID" or "date" or "time"))
            {
                fields[path] = value;
            }
        }

        return result with { Fields = fields, Scans = scans };
    }

    private static AdmittedScan Apply(AdmittedScan scan, string field, string value) => field switch
    {
        "type" => scan with { Type = value },
        "series_description" => scan with { SeriesDescription = value },
        "ID" or "UID" => scan,
        _ => scan with { Fields = new Dictionary<string, string>(scan.Fields) { [field] = value } },
    };
}
