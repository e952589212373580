using System.Globalization;
using System.Text.RegularExpressions;
using Vesalius.Archive.Storage;

namespace Vesalius.Archive.Downloads;

/// <summary>How the members of a download are named (rest-api §11.1, R30).</summary>
public enum DownloadStructure
{
    /// <summary><c>{session}/scans/{id}-{type}/resources/{R}/files/{path}</c> and alike.</summary>
    Default,
    /// <summary>Without <c>resources</c> and <c>files</c>, and with plain scan IDs.</summary>
    Simplified,
    /// <summary><c>scans/{id}_{type}/{R}/{path}</c>.</summary>
    Improved,
    /// <summary>As the files lie on the server, below the project's folder.</summary>
    Legacy,
    /// <summary>All files in one folder: <c>{session}/{session}_{scan}_{R}_{file}</c>.</summary>
    Flat,
    /// <summary>Like BIDS: <c>sub-S/ses-E/anat/sub-S_ses-E_run-3_T1w.nii.gz</c>; DICOM below <c>sourcedata</c>.</summary>
    Bids,
}

/// <summary>Which part of a session or project a resource belongs to.</summary>
public enum ResourceCategory
{
    /// <summary>The parent itself.</summary>
    Own,
    /// <summary>A scan.</summary>
    Scan,
    /// <summary>An assessor.</summary>
    Assessor,
    /// <summary>A reconstruction.</summary>
    Reconstruction,
}

/// <summary>What names a resource in a download.</summary>
/// <param name="ProjectId">Project.</param>
/// <param name="SubjectLabel">Subject; null for resources of projects.</param>
/// <param name="SessionLabel">Session; null for resources of projects and subjects.</param>
/// <param name="Category">What it belongs to.</param>
/// <param name="OwnerId">Scan ID, assessor label or reconstruction ID; null for own resources.</param>
/// <param name="OwnerType">Type of scan, assessor or reconstruction.</param>
/// <param name="Side"><c>in</c> or <c>out</c> for assessors and reconstructions.</param>
/// <param name="Label">Label of the resource.</param>
/// <param name="Folder">Folder of the resource on the server, relative to the project's folder.</param>
public sealed record ResourcePlace(
    string ProjectId, string? SubjectLabel, string? SessionLabel, ResourceCategory Category, string? OwnerId, string? OwnerType, string Side, string Label, string Folder);

/// <summary>Names members of downloads. One instance per download: names are unique within it.</summary>
/// <param name="structure">How they are named.</param>
/// <param name="withProject">The project's ID stands in front.</param>
/// <param name="withSubject">The subject's label stands in front.</param>
public sealed partial class DownloadLayout(DownloadStructure structure, bool withProject = false, bool withSubject = false)
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    [GeneratedRegex(@"[^A-Za-z0-9]")]
    private static partial Regex NotInBids();

    /// <summary>Reads the parameter <c>structure</c>; null if there is no such structure.</summary>
    public static DownloadStructure? Parse(string text) => text switch
    {
        "" or "default" => DownloadStructure.Default,
        "simplified" => DownloadStructure.Simplified,
        "improved" => DownloadStructure.Improved,
        "legacy" => DownloadStructure.Legacy,
        "flat" => DownloadStructure.Flat,
        "bids" => DownloadStructure.Bids,
        _ => null,
    };

    /// <summary>Names a member.</summary>
    /// <param name="place">Its resource.</param>
    /// <param name="path">Its path in the resource.</param>
    /// <exception cref="UnsafePathException">The name would not be safe to unpack.</exception>
    public string Name(ResourcePlace place, string path)
    {
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(path);
        var name = structure switch
        {
            DownloadStructure.Simplified => Join(Root(place), Owner(place, typed: false, side: true), place.Label, path),
            DownloadStructure.Improved => Join(Improved(place), place.Label, path),
            DownloadStructure.Legacy => Join(place.ProjectId, place.Folder, path),
            DownloadStructure.Flat => Join(Root(place), string.Join('_', new[] { Root(place), place.OwnerId, place.Label, path }.OfType<string>().Select(Plain))),
            DownloadStructure.Bids => Bids(place, path),
            _ => Join(Root(place), Owner(place, typed: true, side: true), "resources", place.Label, "files", path),
        };
        if (structure is not (DownloadStructure.Legacy or DownloadStructure.Bids))
        {
            name = Join(withProject ? place.ProjectId : null, withSubject ? place.SubjectLabel : null, name);
        }

        ArchiveLayout.Check(name);
        return Unique(name);
    }

    private static string Join(params string?[] parts) => string.Join('/', parts.Where(p => !string.IsNullOrEmpty(p)));

    private static string Root(ResourcePlace place) => place.SessionLabel ?? place.SubjectLabel ?? place.ProjectId;

    private static string? Owner(ResourcePlace place, bool typed, bool side)
    {
        var id = place.OwnerId is null ? null : ArchiveLayout.ScanFolder(place.OwnerId);
        var type = new string([.. (place.OwnerType ?? "").Select(c => char.IsAsciiLetterOrDigit(c) || c == '_' ? c : '_')]);
        var named = typed && type.Length > 0 ? $"{id}-{type}" : id;
        return place.Category switch
        {
            ResourceCategory.Scan => $"scans/{named}",
            ResourceCategory.Reconstruction => side ? $"reconstructions/{named}/{place.Side}" : $"reconstructions/{named}",
            ResourceCategory.Assessor => side ? $"assessors/{id}/{place.Side}" : $"assessors/{id}",
            _ => null,
        };
    }

    private static string Improved(ResourcePlace place)
    {
        var category = place.Category switch
        {
            ResourceCategory.Scan => "scans",
            ResourceCategory.Reconstruction => "reconstructions",
            ResourceCategory.Assessor => "assessors",
            _ => "resources",
        };
        if (place.OwnerId is null)
        {
            return category;
        }

        var type = new string([.. (place.OwnerType ?? "").Select(c => char.IsAsciiLetterOrDigit(c) || c == '_' ? c : '_')]);
        return type.Length > 0 ? $"{category}/{ArchiveLayout.ScanFolder(place.OwnerId)}_{type}" : $"{category}/{ArchiveLayout.ScanFolder(place.OwnerId)}";
    }

    private static string Plain(string text) => text.Replace('/', '_');

    private string Unique(string name)
    {
        var unique = name;
        for (var k = 2; !_taken.Add(unique); k++)
        {
            var folder = Path.GetDirectoryName(name) is { Length: > 0 } parent ? parent + "/" : "";
            var (stem, extension) = Split(Path.GetFileName(name));
            unique = string.Create(CultureInfo.InvariantCulture, $"{folder}{stem}_{k}{extension}");
        }

        return unique;
    }

    // .nii.gz and alike are one extension.
    private static (string Stem, string Extension) Split(string file)
    {
        var dot = file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? file.LastIndexOf('.', Math.Max(0, file.Length - 4)) : file.LastIndexOf('.');
        return dot > 0 ? (file[..dot], file[dot..]) : (file, "");
    }

    private static readonly (Regex Pattern, string Folder, string Suffix)[] BidsKinds =
    [
        (BoldPattern(), "func", "bold"), (DiffusionPattern(), "dwi", "dwi"), (FieldMapPattern(), "fmap", "epi"), (PerfusionPattern(), "perf", "asl"), (FlairPattern(), "anat", "FLAIR"),
        (T2StarPattern(), "anat", "T2starw"), (T2Pattern(), "anat", "T2w"), (DensityPattern(), "anat", "PDw"), (T1Pattern(), "anat", "T1w"),
    ];

    [GeneratedRegex("bold|fmri|rest|func", RegexOptions.IgnoreCase)]
    private static partial Regex BoldPattern();

    [GeneratedRegex("dwi|dti|diff|noddi|hardi", RegexOptions.IgnoreCase)]
    private static partial Regex DiffusionPattern();

    [GeneratedRegex("field.?map|fmap|gre.?field|spin.?echo.?field|topup", RegexOptions.IgnoreCase)]
    private static partial Regex FieldMapPattern();

    [GeneratedRegex("asl|perf|pcasl", RegexOptions.IgnoreCase)]
    private static partial Regex PerfusionPattern();

    [GeneratedRegex("flair|tirm", RegexOptions.IgnoreCase)]
    private static partial Regex FlairPattern();

    [GeneratedRegex(@"t2\W*(star|\*)|swi|hemo", RegexOptions.IgnoreCase)]
    private static partial Regex T2StarPattern();

    [GeneratedRegex("t2", RegexOptions.IgnoreCase)]
    private static partial Regex T2Pattern();

    [GeneratedRegex(@"\bpd|proton", RegexOptions.IgnoreCase)]
    private static partial Regex DensityPattern();

    [GeneratedRegex("t1|mprage|mp2rage|spgr|bravo|tfe", RegexOptions.IgnoreCase)]
    private static partial Regex T1Pattern();

    private static string Bids(ResourcePlace place, string path)
    {
        var subject = place.SubjectLabel is null ? null : "sub-" + NotInBids().Replace(place.SubjectLabel, "");
        var session = place.SessionLabel is null ? null : "ses-" + NotInBids().Replace(place.SessionLabel, "");
        // What was made as BIDS already keeps its names.
        if (place.Label.Equals("BIDS", StringComparison.OrdinalIgnoreCase))
        {
            return Join(subject, session, path);
        }

        var (_, extension) = Split(Path.GetFileName(path));
        var isVolume = place.Category == ResourceCategory.Scan && extension.ToLowerInvariant() is ".nii" or ".nii.gz" or ".json" or ".bval" or ".bvec";
        if (isVolume)
        {
            var kind = Array.Find(BidsKinds, k => k.Pattern.IsMatch(place.OwnerType ?? ""));
            var run = NotInBids().Replace(place.OwnerId ?? "", "");
            return kind.Folder is null
                ? Join(subject, session, "other", $"{subject}_{session}_run-{run}_{NotInBids().Replace(place.OwnerType ?? "", "")}{extension}".Replace("__", "_", StringComparison.Ordinal))
                : Join(subject, session, kind.Folder, $"{subject}_{session}_run-{run}_{kind.Suffix}{extension}");
        }

        return Join("sourcedata", subject, session, Owner(place, typed: false, side: false), place.Label, path);
    }

    /// <summary>What a BIDS data set says about itself.</summary>
    public static ReadOnlyMemory<byte> BidsDescription(string name) =>
        System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { Name = name, BIDSVersion = "1.9.0", DatasetType = "raw", GeneratedBy = new[] { new { Name = "Vesalius" } } });
}
