using Vesalius.Access;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Data;

/// <summary>Files that lie on the server and are taken in by name: <c>reference=</c> (rest-api §10.3) and the importer <c>inbox</c> (§13.2). Only what is below the inbox may be named.</summary>
internal static class ServerFiles
{
    /// <summary>The inbox: the setting <c>inboxPath</c>, else <c>inbox</c> in the data folder.</summary>
    public static async Task<string> InboxAsync(HttpContext context)
    {
        var given = await context.RequestServices.GetRequiredService<SiteSettings>().TextAsync("inboxPath", context.RequestAborted);
        return given.Length > 0 ? given : Path.Combine(context.RequestServices.GetRequiredService<ServerOptions>().Data, "inbox");
    }

    /// <summary>A path below the inbox, its links resolved.</summary>
    /// <exception cref="RequestRefusedException">It leads out (403) or is not there (404).</exception>
    public static async Task<string> ResolveAsync(HttpContext context, string given)
    {
        var inbox = Path.GetFullPath(await InboxAsync(context));
        var path = Path.GetFullPath(Path.Combine(inbox, given));
        if (path != inbox && !path.StartsWith(inbox + "/", StringComparison.Ordinal))
        {
            throw RequestRefusedException.Forbidden("The path does not lie in the site's inbox.");
        }

        for (var at = path; at.Length > inbox.Length; at = Path.GetDirectoryName(at)!)
        {
            if (new FileInfo(at).LinkTarget is not null)
            {
                throw RequestRefusedException.Forbidden("Links in the inbox are not followed.");
            }
        }

        return File.Exists(path) || Directory.Exists(path) ? path : throw RequestRefusedException.NotFound("There is no such file or folder in the site's inbox.");
    }

    /// <summary>Files of a path: itself, or all below it, links left out.</summary>
    /// <exception cref="RequestRefusedException">A folder cannot be read (409): what is in it would be left out silently.</exception>
    public static List<string> FilesOf(string path)
    {
        var all = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false };
        try
        {
            return File.Exists(path) ? [path] : [.. Directory.EnumerateFiles(path, "*", all).Order(StringComparer.Ordinal)];
        }
        catch (UnauthorizedAccessException)
        {
            throw RequestRefusedException.Conflict("The server may not read the folder, or one in it.");
        }
    }

    /// <summary>Stores a file or tree of the inbox in a resource.</summary>
    /// <returns>Paths of files that were there and stay.</returns>
    public static async Task<List<string>> ImportAsync(HttpContext context, ResourceUpload upload, string reference, string? target)
    {
        var source = await ResolveAsync(context, reference);
        var duplicates = new List<string>();
        foreach (var file in FilesOf(source))
        {
            var name = File.Exists(source) ? target ?? Path.GetFileName(file) : Path.Combine(target ?? "", Path.GetRelativePath(source, file));
            var content = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
            await using (content.ConfigureAwait(false))
            {
                var refused = File.Exists(source) ? await upload.TakeAsync(name, content) : await upload.StoreAsync(name, content);
                duplicates.AddRange(refused);
                if (refused.Count > 0)
                {
                    continue;
                }
            }

            if (RequestFlags.IsSet(context, "delete"))
            {
                File.Delete(file);
            }
        }

        return duplicates;
    }
}
