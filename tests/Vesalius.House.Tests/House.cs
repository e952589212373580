namespace Vesalius.House.Tests;

/// <summary>Finds the source tree that these tests were built from.</summary>
internal static class House
{
    /// <summary>The folder that holds <c>Vesalius.slnx</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Project files of all rooms.</summary>
    public static IReadOnlyList<string> SourceProjects { get; } =
        [.. Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    /// <summary>C# files below a folder of the tree, without what builds leave behind.</summary>
    public static IEnumerable<string> CSharpFiles(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal));

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Vesalius.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("Vesalius.slnx was not found above the test's folder.");
    }
}
