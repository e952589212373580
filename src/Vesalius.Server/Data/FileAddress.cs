namespace Vesalius.Server.Data;

/// <summary>Addresses of files as lists give them.</summary>
internal static class FileAddress
{
    /// <summary>A path as a part of an address: what would end the path, or begin an escape, is escaped; all else stays readable, since clients show it and escape it themselves.</summary>
    public static string Of(string path) =>
        path.AsSpan().IndexOfAny("%#?") < 0 ? path : path.Replace("%", "%25", StringComparison.Ordinal).Replace("#", "%23", StringComparison.Ordinal).Replace("?", "%3F", StringComparison.Ordinal);
}
