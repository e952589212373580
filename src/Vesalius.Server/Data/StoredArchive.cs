using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using Vesalius.Archive;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Data;

/// <summary>Looks into zip files that are stored as files: <c>{file}.zip!/inner/path</c>, <c>listContents=true</c> (rest-api §10.4).</summary>
internal static class StoredArchive
{
    /// <summary>Largest directory of a zip that is looked into, in bytes; it is held in memory. 64 MiB are half a million members.</summary>
    private const long LargestDirectory = 64L << 20;

    private static ZipArchive Open(HttpContext context, Files.Chosen archive)
    {
        var path = context.RequestServices.GetRequiredService<ResourceStore>().PathOf(archive.Resource, archive.File.Path);
        if (!File.Exists(path))
        {
            throw RequestRefusedException.NotFound("The file is missing on disk.");
        }

        if (DirectoryLength(path) is not { } length)
        {
            throw RequestRefusedException.BadRequest("The file is no zip.");
        }

        if (length > LargestDirectory)
        {
            throw RequestRefusedException.BadRequest("The zip has too many members to be looked into; download it whole.");
        }

        try
        {
            return ZipFile.OpenRead(path);
        }
        catch (InvalidDataException)
        {
            throw RequestRefusedException.BadRequest("The file is no zip.");
        }
    }

    // The end record says how long it is, before anything is read into memory (APPNOTE 4.3.14, 4.3.16).
    private static long? DirectoryLength(string path)
    {
        using var file = File.OpenRead(path);
        var tail = new byte[Math.Min(file.Length, ushort.MaxValue + 22 + 76)];
        file.Seek(-tail.Length, SeekOrigin.End);
        file.ReadExactly(tail);
        var end = tail.AsSpan().LastIndexOf("PK\u0005\u0006"u8);
        if (end < 0 || end + 22 > tail.Length)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(end + 12));
        if (length != uint.MaxValue)
        {
            return length;
        }

        var end64 = tail.AsSpan(0, end).LastIndexOf("PK\u0006\u0006"u8);
        return end64 < 0 || end64 + 56 > end ? null : BinaryPrimitives.ReadInt64LittleEndian(tail.AsSpan(end64 + 40));
    }

    /// <summary>Lists the members.</summary>
    public static async Task<IResult> ListAsync(HttpContext context, Files.Chosen archive)
    {
        using var zip = Open(context, archive);
        var table = new ResultTable("Name", "Size", "URI") { HasTotalRecords = false, DeclaresUriColumn = true, Title = "Files" };
        foreach (var entry in Entries(zip))
        {
            table.Add(entry.FullName, entry.Length.ToString(CultureInfo.InvariantCulture), $"{archive.Resource.Uri}/files/{FileAddress.Of(archive.File.Path)}!/{FileAddress.Of(entry.FullName)}");
        }

        await Scope.AuditAsync(context, "file.list", $"{archive.Resource.Id}");
        return new TableResult(table);
    }

    private static IEnumerable<ZipArchiveEntry> Entries(ZipArchive zip)
    {
        try
        {
            return [.. zip.Entries.Where(e => !e.FullName.EndsWith('/'))];
        }
        catch (InvalidDataException)
        {
            throw RequestRefusedException.BadRequest("The zip is damaged.");
        }
    }

    /// <summary>Sends one member.</summary>
    public static async Task<IResult> SendAsync(HttpContext context, Files.Chosen archive, string inner)
    {
        var zip = Open(context, archive);
        try
        {
            var entry = Entries(zip).FirstOrDefault(e => e.FullName == inner) ?? throw RequestRefusedException.NotFound("The zip has no such member.");
            context.Response.RegisterForDispose(zip);
            var type = Files.TypeOf(inner);
            Files.Guard(context, type, inner);
            await Scope.AuditAsync(context, "file.download", $"{archive.Resource.Id}");
            return Results.Stream(await entry.OpenAsync(context.RequestAborted), type, lastModified: entry.LastWriteTime);
        }
        catch
        {
            await zip.DisposeAsync();
            throw;
        }
    }
}
