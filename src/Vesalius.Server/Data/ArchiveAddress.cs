using System.Text;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Which object of the archive an address names, and which resource and file of it (rest-api §10.1).</summary>
internal sealed record ArchiveAddress(
    string? Project = null, string? Subject = null, string? Experiment = null, string? Scan = null, string? Assessor = null, string? Reconstruction = null, string? Side = null,
    string? Resource = null, string? File = null)
{
    /// <summary>Address patterns of everything that may have resources.</summary>
    public static IEnumerable<string> Patterns()
    {
        yield return "/data/projects/{project}";
        yield return "/data/projects/{project}/subjects/{subject}";
        yield return "/data/subjects/{subject}";
        foreach (var experiment in Experiments.Addresses.Append("/data/subjects/{subject}/experiments/{experiment}"))
        {
            yield return experiment;
            yield return experiment + "/scans/{scan}";
            foreach (var part in (string[])["/assessors/{assessor}", "/reconstructions/{reconstruction}"])
            {
                yield return experiment + part;
                yield return experiment + part + "/{side:regex(^(in|out)$)}";
            }
        }
    }

    /// <summary>What the route values say.</summary>
    public static ArchiveAddress OfRoute(HttpContext context)
    {
        string? Value(string name) => Experiments.Route(context, name);
        return new ArchiveAddress(
            Value("project"), Value("subject"), Value("experiment"), Value("scan"), Value("assessor"), Value("reconstruction"), Value("side"), Value("resource"), Value("path"));
    }

    /// <summary>Reads <c>/archive/projects/P/subjects/S/experiments/E/scans/1/resources/R/files/F</c> and everything shorter, with <c>/data</c> in front or not; null if it is none.</summary>
    public static ArchiveAddress? Parse(string text)
    {
        var path = Uri.TryCreate(text, UriKind.Absolute, out var absolute) && absolute.Scheme.StartsWith("http", StringComparison.Ordinal) ? absolute.AbsolutePath : text;
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).SkipWhile(p => p is "data" or "REST" or "archive").ToArray();
        var address = new ArchiveAddress();
        for (var i = 0; i < parts.Length; i += 2)
        {
            if (parts[i] is "in" or "out" && (address.Assessor ?? address.Reconstruction) is not null)
            {
                address = address with { Side = parts[i] };
                i--;
                continue;
            }

            if (i + 1 >= parts.Length)
            {
                return parts[i] is "files" or "resources" or "scans" ? address : null;
            }

            var value = parts[i + 1];
            switch (parts[i])
            {
                case "projects":
                    address = address with { Project = value };
                    break;
                case "subjects":
                    address = address with { Subject = value };
                    break;
                case "experiments":
                    address = address with { Experiment = value };
                    break;
                case "scans":
                    address = address with { Scan = value };
                    break;
                case "assessors":
                    address = address with { Assessor = value };
                    break;
                case "reconstructions":
                    address = address with { Reconstruction = value };
                    break;
                case "resources":
                    address = address with { Resource = value };
                    break;
                case "files":
                    return address with { File = string.Join('/', parts[(i + 1)..]) };
                default:
                    return null;
            }
        }

        return address.Project is null && address.Subject is null && address.Experiment is null ? null : address;
    }
}

/// <summary>An object of the archive that holds resources, looked up and with the caller's right checked.</summary>
/// <param name="Name">Names it in file names.</param>
/// <param name="ProjectId">Project that owns it.</param>
/// <param name="SubjectId">Subject.</param>
/// <param name="ExperimentId">Session.</param>
/// <param name="Scope">Its own resources.</param>
/// <param name="IsOne">False where a selector names several scans, assessors or reconstructions.</param>
/// <param name="ReadableProjects">Projects whose assessors the caller may see; null for all.</param>
internal sealed record ResourceParent(
    string Name, string ProjectId, string? SubjectId, string? ExperimentId, ResourceScope Scope, bool IsOne, IReadOnlySet<string>? ReadableProjects)
{
    /// <summary>Looks up what an address names.</summary>
    /// <exception cref="RequestRefusedException">It is not there, not visible, or the right is missing.</exception>
    public static async Task<ResourceParent> FindAsync(HttpContext context, ArchiveAddress address, ProjectRights needed)
    {
        var parent = await FindUnlockedAsync(context, address, needed);
        return needed == ProjectRights.Read || !await context.RequestServices.GetRequiredService<SessionParts>().IsLockedAsync(parent.ProjectId, parent.SubjectId, parent.ExperimentId, context.RequestAborted)
            ? parent : throw RequestRefusedException.Forbidden("The object is locked or obsolete and takes no changes.");
    }

    private static async Task<ResourceParent> FindUnlockedAsync(HttpContext context, ArchiveAddress address, ProjectRights needed)
    {
        if (address.Experiment is { } experiment)
        {
            return await OfExperimentAsync(context, address, experiment, needed);
        }

        if (address.Subject is { } subject)
        {
            var row = await Data.Scope.SubjectAsync(context, address.Project, subject, needed);
            return new ResourceParent(row.Label, row.ProjectId, row.Id, null, new ResourceScope(ProjectId: row.ProjectId, SubjectId: row.Id), true, await ReadableAsync(context));
        }

        var project = await Data.Scope.ProjectAsync(context, address.Project!, needed);
        return new ResourceParent(project.Id, project.Id, null, null, new ResourceScope(ProjectId: project.Id), true, await ReadableAsync(context));
    }

    private static async Task<IReadOnlySet<string>> ReadableAsync(HttpContext context) => (await Data.Scope.ReadableAsync(context)).ToHashSet(StringComparer.Ordinal);

    private static async Task<ResourceParent> OfExperimentAsync(HttpContext context, ArchiveAddress address, string experiment, ProjectRights needed)
    {
        // Of an assessor the right counts in its own project, which may be another than the session's.
        var row = await Data.Scope.ExperimentAsync(context, address.Project, experiment, address.Assessor is null ? needed : ProjectRights.Read);
        if (address.Subject is { } subject && subject != row.SubjectLabel && subject != row.SubjectId)
        {
            throw RequestRefusedException.NotFound("The subject has no such experiment.");
        }

        var parts = context.RequestServices.GetRequiredService<SessionParts>();
        var readable = await ReadableAsync(context);
        var whole = new ResourceParent(row.Label, row.ProjectId, row.SubjectId, row.Id, new ResourceScope(ExperimentId: row.Id), true, readable);
        if (address.Scan is { } scanSelector)
        {
            var scans = await Data.Scope.ScansAsync(context, row, scanSelector);
            return whole with { Scope = new ResourceScope(ExperimentId: row.Id, ScanKeys: [.. scans.Select(s => s.Key)]), IsOne = scans.Count == 1 };
        }

        if (address.Reconstruction is { } selector)
        {
            var all = await parts.ReconstructionsAsync(row.Id, context.RequestAborted);
            var found = Choose(selector, all, r => r.Id, r => r.Id, r => r.Type);
            return found.Count == 0 ? throw RequestRefusedException.NotFound("There is no such reconstruction.")
                : whole with { Scope = new ResourceScope(ExperimentId: row.Id, ReconstructionKeys: [.. found.Select(r => r.Key)], Side: address.Side ?? "out"), IsOne = found.Count == 1 };
        }

        if (address.Assessor is { } assessor)
        {
            var visible = (await parts.AssessorsAsync(row.Id, context.RequestAborted)).Where(a => IsVisible(a, readable)).ToList();
            var found = Choose(assessor, visible, a => a.Id, a => a.Label, a => a.XsiType);
            if (found.Count == 0)
            {
                throw RequestRefusedException.NotFound("There is no such assessor.");
            }

            foreach (var owner in needed == ProjectRights.Read ? [] : found.Select(a => a.ProjectId).Distinct())
            {
                await Data.Scope.ProjectAsync(context, owner, needed);
            }

            return whole with { Scope = new ResourceScope(ExperimentId: row.Id, AssessorIds: [.. found.Select(a => a.Id)], Side: address.Side ?? "out"), IsOne = found.Count == 1 };
        }

        // An assessor addressed as the experiment that it is.
        return await parts.AssessorAsync(row.Id, context.RequestAborted) is { } self
            ? whole with { Scope = new ResourceScope(ExperimentId: self.SessionId, AssessorIds: [self.Id], Side: address.Side ?? "out") }
            : whole;
    }

    private static bool IsVisible(AssessorPart assessor, IReadOnlySet<string> readable) => readable.Contains(assessor.ProjectId) || assessor.SharedInto.Any(readable.Contains);

    private static List<T> Choose<T>(string selector, IReadOnlyList<T> all, Func<T, string> id, Func<T, string> label, Func<T, string> type)
    {
        if (selector is "*" or "ALL")
        {
            return [.. all];
        }

        var wanted = selector.Split(',').Select(s => s.Replace("[SLASH]", "/", StringComparison.Ordinal).Replace("[COMMA]", ",", StringComparison.Ordinal)).ToHashSet();
        var named = all.Where(x => wanted.Contains(id(x)) || wanted.Contains(label(x))).ToList();
        return named.Count > 0 ? named : [.. all.Where(x => wanted.Contains(type(x)))];
    }

    /// <summary>Its resources that a selector names.</summary>
    /// <param name="context">Request.</param>
    /// <param name="selector">Label, key, or a comma list of both; null for all.</param>
    /// <param name="withChildren">Those of everything below, too.</param>
    public async Task<IReadOnlyList<ResourceRecord>> ResourcesAsync(HttpContext context, string? selector, bool withChildren = false)
    {
        var rows = await context.RequestServices.GetRequiredService<ResourceDirectory>().ListAsync(Scope with { WithChildren = withChildren }, context.RequestAborted);
        var visible = ReadableProjects is null ? rows : rows.Where(r => r.AssessorId is null || Scope.AssessorIds is not null || ReadableProjects.Contains(r.ProjectId));
        if (selector is null)
        {
            return [.. visible];
        }

        var wanted = selector.Split(',').ToHashSet();
        return [.. visible.Where(r => wanted.Contains(r.Label) || wanted.Contains(r.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)))];
    }

    /// <summary>The one resource of this label or key, made if it is not there.</summary>
    public async Task<ResourceRecord> ResourceAsync(HttpContext context, string label, bool mayExist)
    {
        if (!IsOne)
        {
            throw RequestRefusedException.BadRequest("Several objects are named where one is needed.");
        }

        if (await ResourcesAsync(context, label) is { Count: > 0 } existing)
        {
            return mayExist ? existing[0] : throw RequestRefusedException.Conflict("A resource with this label exists.");
        }

        if (label.All(char.IsAsciiDigit) && long.TryParse(label, out _) && mayExist && label.Length > 9)
        {
            throw RequestRefusedException.NotFound("There is no such resource.");
        }

        if (!IsUsable(label))
        {
            throw RequestRefusedException.BadRequest("The label of a resource has letters, digits, _ - . and blanks only, at most 128 of them.");
        }

        var query = context.Request.Query;
        string Value(string name) => query[name].ToString();
        var directory = context.RequestServices.GetRequiredService<ResourceDirectory>();
        var forFile = context.Request.RouteValues.ContainsKey("path") || mayExist;
        var key = await directory.CreateAsync(
            Scope, label, Value("format"), Value("content"), forFile ? "" : Value("description"), ResourceDirectory.NormaliseTags(Value("tags")), context.Caller().Login, context.RequestAborted);
        if (key is null && !mayExist)
        {
            throw RequestRefusedException.Conflict("A resource with this label exists.");
        }

        var made = (await ResourcesAsync(context, label)).FirstOrDefault() ?? throw RequestRefusedException.Conflict("The resource was deleted while it was made.");
        context.RequestServices.GetRequiredService<ResourceStore>().Prepare(made);
        return made;
    }

    private static bool IsUsable(string label) =>
        label.Length is > 0 and <= 128 && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ' ') && label.Trim('.', ' ').Length > 0 && label[0] != '.'
        && Encoding.ASCII.GetByteCount(label) <= 128;
}
