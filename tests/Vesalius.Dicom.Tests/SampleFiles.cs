using Vesalius.Testing;

namespace Vesalius.Dicom.Tests;

/// <summary>The real files of the sample data.</summary>
internal static class SampleFiles
{
    /// <summary>Files that are DICOM and not meant to be malformed.</summary>
    public static IReadOnlyList<string> Readable()
    {
        var root = SharedData.Require("data", "dicom");
        return [.. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/malformed/", StringComparison.Ordinal) && !f.Contains("/LICENCES/", StringComparison.Ordinal) && !f.Contains("/archives/", StringComparison.Ordinal))
            .Where(f => Path.GetExtension(f) is not (".csv" or ".md" or ".gz" or ".zip" or ".bval" or ".bvec" or ".txt" or ".json" or ".nii"))
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>A file's name below the sample data.</summary>
    public static string RelativeName(string file) => Path.GetRelativePath(SharedData.Require("data", "dicom"), file);

    /// <summary>Files that are broken on purpose.</summary>
    public static IReadOnlyList<string> Malformed() => [.. Directory.EnumerateFiles(SharedData.Require("data", "dicom", "malformed")).Order(StringComparer.Ordinal)];
}
