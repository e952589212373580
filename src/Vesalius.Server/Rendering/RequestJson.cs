using System.Text.Json;
using System.Text.Json.Nodes;

namespace Vesalius.Server.Rendering;

/// <summary>JSON bodies of requests. Unknown keys are ignored, as XNAT does.</summary>
internal static class RequestJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    /// <summary>Reads the body.</summary>
    /// <exception cref="RequestRefusedException">400: it is empty or not of this form.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context)
    {
        try
        {
            var body = await JsonSerializer.DeserializeAsync<T>(context.Request.Body, Options, context.RequestAborted).ConfigureAwait(false)
                ?? throw RequestRefusedException.BadRequest("The body is empty.");
            LookInto(body as JsonNode);
            return body;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidOperationException or ArgumentException)
        {
            throw RequestRefusedException.BadRequest("The body is not the JSON that this address wants.");
        }
    }

    // A name that comes twice shows itself only when the object is looked into.
    private static void LookInto(JsonNode? node)
    {
        foreach (var below in node is JsonObject names ? names.Select(p => p.Value) : node is JsonArray list ? list : [])
        {
            LookInto(below);
        }
    }

    /// <summary>Reads a single value: JSON, or else the text as it is.</summary>
    public static async Task<JsonNode?> ReadValueAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var text = await reader.ReadToEndAsync(context.RequestAborted).ConfigureAwait(false);
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
