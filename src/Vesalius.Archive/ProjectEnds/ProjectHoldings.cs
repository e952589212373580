namespace Vesalius.Archive.ProjectEnds;

/// <summary>What a project's removal has to know of it after its rows are gone.</summary>
/// <param name="ProjectId">Project.</param>
/// <param name="Subjects">IDs of its subjects.</param>
/// <param name="Experiments">IDs of its experiments, assessors among them.</param>
/// <param name="HandedOver">IDs of subjects that go to other projects, which have experiments of theirs; not among <paramref name="Subjects"/>.</param>
/// <param name="KeepsFiles">The archived files stay on disk, as whoever ends the project wishes.</param>
public sealed record EndedProject(string ProjectId, IReadOnlyList<string> Subjects, IReadOnlyList<string> Experiments, IReadOnlyList<string> HandedOver, bool KeepsFiles)
{
    /// <summary>IDs of the project and its objects.</summary>
    public IReadOnlyList<string> Objects => [ProjectId, .. Subjects, .. Experiments];
}

/// <summary>Things of one kind that a project has.</summary>
/// <param name="Kind">What, in the plural.</param>
/// <param name="Count">How many.</param>
/// <param name="Bytes">How large; null for what is no file.</param>
public sealed record Holding(string Kind, long Count, long? Bytes = null);

/// <summary>What a room holds of projects. Every room that keeps anything of a project has one, and the end of a project asks all of them.</summary>
public interface IProjectHoldings
{
    /// <summary>Room, as the report names it.</summary>
    string Room { get; }

    /// <summary>Counts what is there now, by looking at tables and folders; always the same kinds in the same order.</summary>
    Task<IReadOnlyList<Holding>> CountAsync(EndedProject project, CancellationToken cancellationToken);

    /// <summary>Removes what is there. The project itself is gone already; may be repeated.</summary>
    Task RemoveAsync(EndedProject project, CancellationToken cancellationToken);
}

/// <summary>Folders that hold nothing but one project's files.</summary>
public static class ProjectFolder
{
    /// <summary>Counts its files.</summary>
    public static Holding Count(string kind, string folder)
    {
        var files = Directory.Exists(folder) ? new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).ToList() : [];
        // An empty folder is a trace too.
        return new Holding(kind, files.Count == 0 && Directory.Exists(folder) ? 1 : files.Count, files.Sum(f => f.Length));
    }

    /// <summary>Removes it with all that is in it.</summary>
    public static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
