using Xunit;

namespace Vesalius.Testing;

/// <summary>The folder of sample data, which is not part of the repository: environment variable <c>VESALIUS_SHARED</c>, else <c>../shared</c> beside it.</summary>
public static class SharedData
{
    /// <summary>Its path, whether it exists or not.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>True if it is there.</summary>
    public static bool Exists => Directory.Exists(Path.Combine(Root, "data"));

    /// <summary>Path of something in it; skips the test, saying so, if the folder is absent.</summary>
    public static string Require(params string[] parts)
    {
        Assert.SkipUnless(Exists, "The sample data (VESALIUS_SHARED) is absent.");
        return Path.Combine([Root, .. parts]);
    }

    private static string FindRoot()
    {
        if (Environment.GetEnvironmentVariable("VESALIUS_SHARED") is { Length: > 0 } named)
        {
            return Path.GetFullPath(named);
        }

        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Vesalius.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return Path.GetFullPath(Path.Combine(folder ?? ".", "..", "shared"));
    }
}
