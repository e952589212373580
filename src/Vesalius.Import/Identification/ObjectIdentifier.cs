using System.Text.RegularExpressions;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Dicom;
using Vesalius.Prearchive;

namespace Vesalius.Import;

/// <summary>Whose an object is.</summary>
/// <param name="ProjectId">Project; null is Unassigned.</param>
/// <param name="Subject">Subject label.</param>
/// <param name="Session">Session label.</param>
/// <param name="AutoArchive">What the object's comments say about archiving; null if nothing.</param>
/// <param name="PrearchiveCode">The project's setting; 0 for Unassigned.</param>
public sealed record Identity(string? ProjectId, string Subject, string Session, bool? AutoArchive, int PrearchiveCode);

/// <summary>Labels that a request or receiver gives instead of the header.</summary>
/// <param name="ProjectId">Project.</param>
/// <param name="Subject">Subject label.</param>
/// <param name="Session">Session label.</param>
public sealed record GivenLabels(string? ProjectId = null, string? Subject = null, string? Session = null);

/// <summary>Finds project, subject and session of an object by its header as it came (R2, xapi B.3).</summary>
public sealed partial class ObjectIdentifier(ProjectDirectory projects, ProjectAccess access, UserDirectory users, SiteSettings settings, ConfigurationStore configuration, StudyRouting routing, TimeProvider time)
{
    private static readonly Tag[] CommentTags = [Tag.PatientComments, Tag.StudyComments, Tag.AdditionalPatientHistory];
    private static readonly TimeSpan Kept = TimeSpan.FromMilliseconds(500);

    // Projects and rules are looked up for every object; half a second of memory spares the database without anybody noticing.
    private readonly Dictionary<string, (Project? Project, DateTimeOffset Until)> _projects = [];
    private readonly Dictionary<string, (RoutingExpression? Rules, DateTimeOffset Until)> _rules = [];
    private readonly Lock _lock = new();

    [GeneratedRegex(@"(?:^|[\s,;])(project|subject|session|aa)\s*:\s*([\w-]+)(?=$|[\s,;])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Token();

    /// <summary>Identifies an object by the rules of its door.</summary>
    /// <param name="header">The header as it came.</param>
    /// <param name="source">Where it comes from.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<Identity> IdentifyAsync(DataSet header, IntakeSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.Identifier == "dqrObjectIdentifier"
            ? IdentifyRetrievedAsync(header, source.Given, cancellationToken)
            : IdentifyAsync(header, source.Rules, source.Given, cancellationToken);
    }

    // What was asked of a PACS: the study's route says where it goes; the session is the study's ID or accession number, the same for all of it (xapi B.3).
    private async Task<Identity> IdentifyRetrievedAsync(DataSet header, GivenLabels given, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(header);
        var study = header.GetString(Tag.StudyInstanceUID)!;
        var route = await routing.FindAsync(study, cancellationToken).ConfigureAwait(false);
        var tokens = Tokens(header);
        var routed = route is null ? null : await LookUpAsync(route.ProjectId, cancellationToken).ConfigureAwait(false);
        var project = routed ?? await ProjectOfAsync(header, null, given, tokens, cancellationToken).ConfigureAwait(false);
        var subject = FirstLabel(given.Subject, route?.Subject, header.GetString(Tag.PatientName));
        var named = FirstLabel(given.Session, route?.Session);
        if (named.Length == 0)
        {
            var within = Duration(await settings.TextAsync("assumeSameSessionIfArrivedWithin", cancellationToken).ConfigureAwait(false));
            named = await routing.SessionAsync(
                study, project?.Id, OrUnknown(FirstLabel(header.GetString(Tag.StudyID), header.GetString(Tag.AccessionNumber))), within, cancellationToken).ConfigureAwait(false);
        }

        return new Identity(project?.Id, OrUnknown(subject), named, AutoArchive(tokens), project?.PrearchiveCode ?? 0);
    }

    [GeneratedRegex(@"^\s*(\d{1,6})\s*(second|minute|hour|day)s?\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex DurationForm();

    // As XNAT writes it: "30 minutes".
    private static TimeSpan Duration(string text) => DurationForm().Match(text) is { Success: true } match
        ? int.Parse(match.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture) * (match.Groups[2].Value.ToUpperInvariant() switch
        {
            "SECOND" => TimeSpan.FromSeconds(1),
            "HOUR" => TimeSpan.FromHours(1),
            "DAY" => TimeSpan.FromDays(1),
            _ => TimeSpan.FromMinutes(1),
        })
        : TimeSpan.FromMinutes(30);

    private static string FirstLabel(params string?[] candidates) => candidates.Select(Label.From).FirstOrDefault(l => l.Trim('_').Length > 0) ?? "";

    private static bool? AutoArchive(Dictionary<string, string> tokens) => tokens.TryGetValue("aa", out var aa) ? aa.Equals("true", StringComparison.OrdinalIgnoreCase) : null;

    /// <summary>Identifies an object.</summary>
    /// <param name="header">The header as it came.</param>
    /// <param name="receiver">Rules of the receiver; null where there are none.</param>
    /// <param name="given">What the request says; it wins over everything.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<Identity> IdentifyAsync(DataSet header, ReceiverRules? receiver, GivenLabels given, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(given);
        var tokens = Tokens(header);
        var project = await ProjectOfAsync(header, receiver, given, tokens, cancellationToken).ConfigureAwait(false);
        var subject = await LabelOfAsync(given.Subject, receiver?.Subject, "subjectRules", "subject", Tag.PatientName, header, tokens, cancellationToken).ConfigureAwait(false);
        var session = await LabelOfAsync(given.Session, receiver?.Session, "sessionRules", "session", Tag.PatientID, header, tokens, cancellationToken).ConfigureAwait(false);
        return new Identity(project?.Id, OrUnknown(subject), OrUnknown(session), AutoArchive(tokens), project?.PrearchiveCode ?? 0);
    }

    private static string OrUnknown(string label) => label.Length > 0 ? label : "Unknown";

    // The first tag that has a token decides; later tags fill what it leaves open.
    private static Dictionary<string, string> Tokens(DataSet header)
    {
        var tokens = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var tag in CommentTags)
        {
            foreach (Match match in Token().Matches(header.GetString(tag) ?? ""))
            {
                tokens.TryAdd(match.Groups[1].Value, match.Groups[2].Value);
            }
        }

        return tokens;
    }

    private async Task<Project?> ProjectOfAsync(
        DataSet header, ReceiverRules? receiver, GivenLabels given, Dictionary<string, string> tokens, CancellationToken cancellationToken)
    {
        if (given.ProjectId is not null)
        {
            return given.ProjectId.Equals("Unassigned", StringComparison.OrdinalIgnoreCase) ? null : await LookUpAsync(given.ProjectId, cancellationToken).ConfigureAwait(false);
        }

        var candidates = (receiver?.Project?.Candidates(header) ?? [])
            .Concat((await SiteRulesAsync("projectRules", cancellationToken).ConfigureAwait(false))?.Candidates(header) ?? [])
            .Concat(tokens.TryGetValue("project", out var token) ? [token] : [])
            .Concat([header.GetString(Tag.StudyDescription) ?? "", header.GetString(Tag.AccessionNumber) ?? ""]);
        foreach (var candidate in candidates.Select(c => c.Trim()).Where(c => c.Length > 0))
        {
            if (candidate.Equals("Unassigned", StringComparison.OrdinalIgnoreCase))
            {
                return null;
            }

            if (await LookUpAsync(candidate, cancellationToken).ConfigureAwait(false) is { } project)
            {
                return project;
            }
        }

        return null;
    }

    // Only projects that the receiving user may write to count.
    private async Task<Project?> LookUpAsync(string name, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (_projects.TryGetValue(name, out var known) && known.Until > now)
            {
                return known.Project;
            }
        }

        var project = await projects.FindAsync(name, cancellationToken).ConfigureAwait(false);
        if (project is not null)
        {
            var login = await settings.TextAsync("receivedFileUser", cancellationToken).ConfigureAwait(false);
            var caller = await users.LoadCallerAsync(login, cancellationToken).ConfigureAwait(false);
            if (caller is null || !(await access.RightsAsync(caller, project.Id, cancellationToken).ConfigureAwait(false)).HasFlag(ProjectRights.Create))
            {
                project = null;
            }
        }

        lock (_lock)
        {
            if (_projects.Count > 10_000)
            {
                _projects.Clear();
            }

            _projects[name] = (project, now + Kept);
        }

        return project;
    }

    private async Task<RoutingExpression?> SiteRulesAsync(string path, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (_rules.TryGetValue(path, out var known) && known.Until > now)
            {
                return known.Rules;
            }
        }

        var stored = await configuration.FindAsync("dicom", path, null, cancellationToken).ConfigureAwait(false);
        var rules = stored is { Enabled: true } ? RoutingExpression.Parse(stored.Contents).Expression : null;
        lock (_lock)
        {
            _rules[path] = (rules, now + Kept);
        }

        return rules;
    }

    private async Task<string> LabelOfAsync(
        string? given, RoutingExpression? receiver, string sitePath, string token, Tag fallback, DataSet header, Dictionary<string, string> tokens, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrWhiteSpace(given))
        {
            return Label.From(given);
        }

        var candidates = (receiver?.Candidates(header) ?? [])
            .Concat((await SiteRulesAsync(sitePath, cancellationToken).ConfigureAwait(false))?.Candidates(header) ?? [])
            .Concat(tokens.TryGetValue(token, out var value) ? [value] : [])
            .Append(header.GetString(fallback) ?? "");
        return candidates.Select(Label.From).FirstOrDefault(l => l.Trim('_').Length > 0) ?? "";
    }
}

/// <summary>Routing expressions of a receiver that are in force.</summary>
/// <param name="Project">For the project; null if none.</param>
/// <param name="Subject">For the subject; null if none.</param>
/// <param name="Session">For the session; null if none.</param>
public sealed record ReceiverRules(RoutingExpression? Project, RoutingExpression? Subject, RoutingExpression? Session);
