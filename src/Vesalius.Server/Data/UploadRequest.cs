using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Vesalius.Import;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Data;

/// <summary>A request to the import service: parameters of query and form together, and the bodies, each in an encrypted temporary file.</summary>
internal sealed class UploadRequest : IDisposable
{
    private const int LongestField = 1 << 16;
    private readonly HttpContext _context;
    private readonly Dictionary<string, string> _fields = new(StringComparer.Ordinal);

    private UploadRequest(HttpContext context) => _context = context;

    /// <summary>The bodies, with the names that came with them.</summary>
    public List<(Stream Content, string? Name)> Bodies { get; } = [];

    /// <summary>The first of these parameters that has a value; the query wins.</summary>
    public string? this[params string[] names] => names.Select(n => _context.Request.Query[n].FirstOrDefault() ?? _fields.GetValueOrDefault(n)).FirstOrDefault(v => !string.IsNullOrEmpty(v));

    /// <summary>True if one of these flags is set.</summary>
    public bool IsSet(params string[] names) => Array.Exists(names, n => _context.Request.Query.TryGetValue(n, out var value) ? RequestFlags.IsTrue(value) : RequestFlags.IsTrue(_fields.GetValueOrDefault(n)));

    /// <summary>Values for fields of the experiment, by path below the type: <c>xnat:mrSessionData/note=…</c>.</summary>
    public Dictionary<string, string> ExperimentFields()
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in All)
        {
            if (FieldOf(key) is { } field)
            {
                fields.TryAdd(field, value);
            }
        }

        return fields;
    }

    private IEnumerable<KeyValuePair<string, string>> All => _context.Request.Query.Select(q => new KeyValuePair<string, string>(q.Key, q.Value.ToString())).Concat(_fields);

    private static string? FieldOf(string key)
    {
        var colon = key.IndexOf(':', StringComparison.Ordinal);
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        return colon > 0 && slash > colon && slash + 1 < key.Length ? key[(slash + 1)..] : null;
    }

    /// <summary>Parameters that have a value, as far as the import service knows them: these names, and fields of the experiment.</summary>
    public Dictionary<string, string> Parameters(IReadOnlySet<string> names)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in All.Where(p => p.Value.Length > 0 && (names.Contains(p.Key) || FieldOf(p.Key) is not null)))
        {
            all.TryAdd(key, value);
        }

        return all;
    }

    /// <summary>A request that was read before: its parameters are the query, and it has no bodies.</summary>
    public static UploadRequest Of(HttpContext context) => new(context);

    /// <summary>Reads the request. A multipart body is taken apart by its reader, not by the form buffer, which would write it in the clear.</summary>
    /// <exception cref="RequestRefusedException">The body cannot be read.</exception>
    public static async Task<UploadRequest> ReadAsync(HttpContext context, string spoolFolder)
    {
        var request = new UploadRequest(context);
        try
        {
            await request.ReadBodyAsync(spoolFolder);
            return request;
        }
        catch
        {
            request.Dispose();
            throw;
        }
    }

    private async Task ReadBodyAsync(string spoolFolder)
    {
        var type = MediaTypeHeaderValue.TryParse(_context.Request.ContentType, out var parsed) ? parsed : null;
        if (type?.MediaType.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) == true && HeaderUtilities.RemoveQuotes(type.Boundary).Value is { Length: > 0 and <= 200 } boundary)
        {
            await ReadPartsAsync(boundary, spoolFolder);
        }
        else if (type?.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) == true && !RequestFlags.IsSet(_context, "inbody"))
        {
            foreach (var (key, value) in await _context.Request.ReadFormAsync(_context.RequestAborted))
            {
                _fields[key] = value.ToString();
            }
        }
        else
        {
            await AddBodyAsync(_context.Request.Body, null, spoolFolder);
        }
    }

    private async Task AddBodyAsync(Stream content, string? name, string spoolFolder)
    {
        var body = new EncryptedTemporaryStream(spoolFolder);
        Bodies.Add((body, name));
        await content.CopyToAsync(body, 1 << 17, _context.RequestAborted);
        body.Position = 0;
        if (body.Length == 0)
        {
            Bodies.RemoveAt(Bodies.Count - 1);
            await body.DisposeAsync();
        }
    }

    private async Task ReadPartsAsync(string boundary, string spoolFolder)
    {
        var reader = new MultipartReader(boundary, _context.Request.Body);
        try
        {
            while (await reader.ReadNextSectionAsync(_context.RequestAborted) is { } section)
            {
                var disposition = ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var found) ? found : null;
                var name = disposition?.FileNameStar.Length > 0 ? disposition.FileNameStar : disposition?.FileName ?? default;
                var isField = name.Length == 0 && disposition is not null && section.ContentType?.Contains("dicom", StringComparison.OrdinalIgnoreCase) != true;
                if (!isField)
                {
                    await AddBodyAsync(section.Body, HeaderUtilities.RemoveQuotes(name).Value, spoolFolder);
                    continue;
                }

                _fields[HeaderUtilities.RemoveQuotes(disposition!.Name).Value ?? ""] = await FieldAsync(section.Body, _context.RequestAborted);
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException && !_context.RequestAborted.IsCancellationRequested)
        {
            throw RequestRefusedException.BadRequest("The multipart body is damaged.");
        }
    }

    // A field is an option; the files beside it are what may be large.
    private static async Task<string> FieldAsync(Stream body, CancellationToken cancellationToken)
    {
        using var text = new StreamReader(body);
        var buffer = new char[LongestField + 1];
        var length = await text.ReadBlockAsync(buffer, cancellationToken);
        return length <= LongestField ? new string(buffer, 0, length) : throw new RequestRefusedException(413, "A field of the form has more than 64 Ki characters; send files as files.");
    }

    public void Dispose() => Bodies.ForEach(b => b.Content.Dispose());
}
