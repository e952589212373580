namespace Vesalius.Archive.Storage;

/// <summary>Thrown when a name would lead out of its folder, or cannot be a file name.</summary>
public sealed class UnsafePathException() : Exception("The name is not a safe relative path.");

/// <summary>Where things lie below the archive folder, as XNAT lays it out (R20).</summary>
/// <param name="root">The archive folder.</param>
public sealed class ArchiveLayout(string root)
{
    /// <summary>The archive folder.</summary>
    public string Root => root;

    /// <summary>Folder of a project.</summary>
    public string Project(string projectId) => Path.Combine(root, Checked(projectId));

    /// <summary>Folder of a session.</summary>
    public string Session(string projectId, string label) => Path.Combine(Project(projectId), "arc001", Checked(label));

    /// <summary>Folder of a scan.</summary>
    public string Scan(string projectId, string sessionLabel, string scanId) => Path.Combine(Session(projectId, sessionLabel), "SCANS", ScanFolder(scanId));

    /// <summary>Folder of an assessor: below its session, named by its ID, since labels of several projects may meet there.</summary>
    public string Assessor(string projectId, string sessionLabel, string assessorId) => Path.Combine(Session(projectId, sessionLabel), "ASSESSORS", Checked(assessorId));

    /// <summary>Folder of a reconstruction.</summary>
    public string Reconstruction(string projectId, string sessionLabel, string id) => Path.Combine(Session(projectId, sessionLabel), "RECONSTRUCTIONS", ScanFolder(id));

    /// <summary>Folder of a subject's resources.</summary>
    public string Subject(string projectId, string label) => Path.Combine(Project(projectId), "subjects", Checked(label));

    private static string SideFolder(string? side) => side is "in" ? "in" : "out";

    /// <summary>Folder of a resource.</summary>
    public string Resource(ResourceOwner owner, string label) => owner switch
    {
        { ScanId: { } scan } => Path.Combine(Session(owner.ProjectId, owner.SessionLabel!), "SCANS", ScanFolder(scan), Checked(label)),
        { AssessorId: { } assessor } => Path.Combine(Assessor(owner.ProjectId, owner.SessionLabel!, assessor), SideFolder(owner.Side), Checked(label)),
        { ReconstructionId: { } reconstruction } =>
            Path.Combine(Reconstruction(owner.ProjectId, owner.SessionLabel!, reconstruction), SideFolder(owner.Side), Checked(label)),
        { SessionLabel: { } session } => Path.Combine(Session(owner.ProjectId, session), "RESOURCES", Checked(label)),
        { SubjectLabel: { } subject } => Path.Combine(Subject(owner.ProjectId, subject), Checked(label)),
        _ => Path.Combine(Project(owner.ProjectId), "resources", Checked(label)),
    };

    /// <summary>A scan's ID as a folder name: what is not a letter, digit, <c>_</c>, <c>-</c> or <c>.</c> becomes <c>_</c>.</summary>
    public static string ScanFolder(string scanId)
    {
        ArgumentNullException.ThrowIfNull(scanId);
        var name = new string([.. scanId.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' ? c : '_')]);
        return name.Trim('.').Length == 0 ? throw new UnsafePathException() : name;
    }

    private static string Checked(string name) =>
        Label.IsValid(name) || (name.Length is > 0 and <= 128 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ' ') && name.Trim('.', ' ').Length > 0)
            ? name
            : throw new UnsafePathException();

    /// <summary>Refuses a relative path that came from outside unless it is safe to follow.</summary>
    /// <exception cref="UnsafePathException">It is absolute, leads out, or holds what no file name may.</exception>
    public static void Check(string relative)
    {
        ArgumentNullException.ThrowIfNull(relative);
        if (relative.Length == 0 || relative.Length > 1024 || relative.Contains('\0', StringComparison.Ordinal) || relative.Contains('\\', StringComparison.Ordinal)
            || relative.StartsWith('/') || relative.Any(char.IsControl)
            || relative.Contains("%2f", StringComparison.OrdinalIgnoreCase) || relative.Contains("%5c", StringComparison.OrdinalIgnoreCase)
            || relative.Split('/').Any(part => part is "" or "." or ".." || System.Text.Encoding.UTF8.GetByteCount(part) > 255))
        {
            throw new UnsafePathException();
        }
    }

    /// <summary>Joins a relative path that came from outside to a folder.</summary>
    /// <exception cref="UnsafePathException">It is absolute, leads out, or holds what no file name may.</exception>
    public static string Join(string folder, string relative)
    {
        Check(relative);
        var full = Path.GetFullPath(Path.Combine(folder, relative));
        return full.StartsWith(Path.GetFullPath(folder) + "/", StringComparison.Ordinal) ? full : throw new UnsafePathException();
    }
}

/// <summary>What a resource belongs to; the most specific part given counts.</summary>
/// <param name="ProjectId">Project.</param>
/// <param name="SubjectLabel">Subject, for resources of subjects.</param>
/// <param name="SessionLabel">Session, for resources of sessions and scans.</param>
/// <param name="ScanId">Scan, for resources of scans.</param>
/// <param name="AssessorId">Assessor's ID, for resources of assessors; project and label are those of its session.</param>
/// <param name="ReconstructionId">Reconstruction, for resources of reconstructions.</param>
/// <param name="Side"><c>in</c> or <c>out</c> for resources of assessors and reconstructions; out if not given.</param>
public sealed record ResourceOwner(
    string ProjectId, string? SubjectLabel = null, string? SessionLabel = null, string? ScanId = null, string? AssessorId = null, string? ReconstructionId = null, string? Side = null);
