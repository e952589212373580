using System.Globalization;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.DicomWeb;

/// <summary>A type that the client takes (PS3.18 §8.7).</summary>
/// <param name="MediaType">Type of a part, or of the whole; <c>*/*</c> for any.</param>
/// <param name="IsMultipart">As parts of <c>multipart/related</c>.</param>
/// <param name="TransferSyntax">Syntax asked for; <c>*</c> for any; null where none is named.</param>
internal sealed record AcceptedType(string MediaType, bool IsMultipart, string? TransferSyntax)
{
    /// <summary>True if any type will do.</summary>
    public bool IsAny => MediaType == "*/*";

    /// <summary>True if a type will do.</summary>
    public bool Takes(string type) => IsAny || MediaType == type || (MediaType.EndsWith("/*", StringComparison.Ordinal) && type.StartsWith(MediaType[..^1], StringComparison.Ordinal));
}

/// <summary>Reads what a client takes: the query parameter <c>accept</c> before the header.</summary>
internal static class AcceptedTypes
{
    private const int Most = 64;

    /// <summary>Types in the order of preference; empty where the client says nothing.</summary>
    /// <exception cref="RequestRefusedException">It cannot be read.</exception>
    public static IReadOnlyList<AcceptedType> Read(HttpContext context)
    {
        // Few clients escape the plus sign of a query, which then reads as a blank.
        var query = context.Request.Query["accept"].ToString().Replace("/dicom json", "/dicom+json", StringComparison.OrdinalIgnoreCase).Replace("/dicom xml", "/dicom+xml", StringComparison.OrdinalIgnoreCase);
        return Parse(query.Length > 0 ? query : context.Request.Headers.Accept.ToString());
    }

    /// <summary>As <see cref="Read"/>, from text.</summary>
    /// <exception cref="RequestRefusedException">It cannot be read.</exception>
    public static IReadOnlyList<AcceptedType> Parse(string text)
    {
        var types = new List<(AcceptedType Type, double Quality)>();
        foreach (var part in Split(text, ','))
        {
            var (type, parameters) = Describe(part);
            if (type.Length == 0)
            {
                continue;
            }

            if (type.Count(c => c == '/') != 1 || type.StartsWith('/') || type.EndsWith('/') || type.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)) || types.Count == Most)
            {
                throw RequestRefusedException.BadRequest("The types accepted cannot be read.");
            }

            var quality = parameters.TryGetValue("q", out var q) && double.TryParse(q, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : 1;
            var isMultipart = type is "multipart/related" or "multipart/*";
            if (quality > 0)
            {
                types.Add((new AcceptedType(isMultipart ? parameters.GetValueOrDefault("type", "*/*").ToLowerInvariant() : type, isMultipart, parameters.GetValueOrDefault("transfer-syntax")), quality));
            }
        }

        return [.. types.OrderByDescending(t => t.Quality).Select(t => t.Type)];
    }

    /// <summary>Takes a media type apart. Values without the quotation marks that a slash in them needs are understood: many clients leave them out.</summary>
    /// <returns>The type in lower case, and its parameters.</returns>
    public static (string Type, Dictionary<string, string> Parameters) Describe(string text)
    {
        var fields = Split(text, ';');
        var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var field in fields.Skip(1))
        {
            var equals = field.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                parameters[field[..equals].Trim()] = field[(equals + 1)..].Trim().Trim('"');
            }
        }

        return (fields.Count == 0 ? "" : fields[0].ToLowerInvariant(), parameters);
    }

    private static List<string> Split(string text, char separator)
    {
        var parts = new List<string>();
        var (start, quoted) = (0, false);
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] == '"')
            {
                quoted = !quoted;
            }
            else if (i == text.Length || (text[i] == separator && !quoted))
            {
                if (text[start..i].Trim() is { Length: > 0 } part)
                {
                    parts.Add(part);
                }

                start = i + 1;
            }
        }

        return parts;
    }

    /// <summary>406 with what would be served.</summary>
    public static RequestRefusedException NotAcceptable(string served) => new(406, $"This address serves {served}.");
}
