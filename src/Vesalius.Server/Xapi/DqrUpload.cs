using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Xapi;

/// <summary>A list that was uploaded with its fields. Held in memory: it names patients, so it may not be buffered on disk.</summary>
internal sealed class DqrUpload
{
    private const int MostBytes = 64 * 1024 * 1024;
    private readonly Dictionary<string, string> _fields = new(StringComparer.Ordinal);

    /// <summary>The list.</summary>
    public byte[] List { get; private set; } = [];

    /// <summary>A field of the form, or a parameter of the address; null if it is missing or blank.</summary>
    public string? this[string name] => _fields.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    /// <summary>A whole number; null if it is missing.</summary>
    public long? Number(string name) => this[name] is not { } text ? null
        : long.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : throw RequestRefusedException.BadRequest($"{name} must be a whole number.");

    /// <summary>True if it says so.</summary>
    public bool Flag(string name) => this[name]?.ToLowerInvariant() == "true";

    public static async Task<DqrUpload> ReadAsync(HttpContext context)
    {
        var upload = new DqrUpload();
        foreach (var (name, value) in context.Request.Query)
        {
            upload._fields[name] = value.ToString().Trim();
        }

        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type) || !type.MediaType.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) || type.Boundary.Length == 0)
        {
            upload.List = await ReadAsync(context.Request.Body, MostBytes, context.RequestAborted);
            return upload;
        }

        var reader = new MultipartReader(HeaderUtilities.RemoveQuotes(type.Boundary).Value!, context.Request.Body);
        try
        {
            while (await reader.ReadNextSectionAsync(context.RequestAborted) is { } section)
            {
                if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition))
                {
                    continue;
                }

                var name = HeaderUtilities.RemoveQuotes(disposition.Name).Value ?? "";
                if (name == "csv_to_store" || disposition.FileName.Length > 0)
                {
                    upload.List = await ReadAsync(section.Body, MostBytes, context.RequestAborted);
                }
                else
                {
                    upload._fields[name] = System.Text.Encoding.UTF8.GetString(await ReadAsync(section.Body, 65_536, context.RequestAborted)).Trim();
                }
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw RequestRefusedException.BadRequest("The multipart body cannot be read.");
        }

        return upload;
    }

    private static async Task<byte[]> ReadAsync(Stream stream, int most, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[1 << 16];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (bytes.Length + read > most)
            {
                throw new RequestRefusedException(413, "The list is larger than 64 MiB.");
            }

            bytes.Write(buffer, 0, read);
        }

        return bytes.ToArray();
    }
}
