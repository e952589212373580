using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vesalius.Anonymisation;
using Vesalius.Dicom;

namespace Vesalius.Cli;

/// <summary>One object in the DICOM JSON model, from a file to standard output.</summary>
internal static class SingleObject
{
    private const string CharacterSet = "00080005";

    /// <summary>Applies the script and writes the result.</summary>
    /// <returns>False if the script rejected the object; nothing is written then.</returns>
    /// <exception cref="ScriptRunException">The script fails; nothing is written.</exception>
    public static async Task<bool> RunAsync(DicomEditScript script, string path, ScriptContext context)
    {
        var input = await File.ReadAllBytesAsync(path);
        var dataSet = DicomJsonReader.Read(input);
        // Text of the model is UTF-8 whether or not an element says so.
        var implied = HasCharacterSet(input) ? null : dataSet[Tag.SpecificCharacterSet];
        if (script.Apply(dataSet, context).Outcome == ScriptOutcome.Rejected)
        {
            return false;
        }

        var isImplied = implied is not null && ReferenceEquals(dataSet[Tag.SpecificCharacterSet], implied);
        using var result = new MemoryStream();
        await using (var writer = new Utf8JsonWriter(result, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            DicomJsonWriter.Write(writer, dataSet, decimalsAsText: true);
        }

        await using var output = Console.OpenStandardOutput();
        await output.WriteAsync(isImplied ? WithoutCharacterSet(result.ToArray()) : result.ToArray());
        return true;
    }

    private static bool HasCharacterSet(byte[] json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 1000 });
        return document.RootElement.TryGetProperty(CharacterSet, out _);
    }

    private static byte[] WithoutCharacterSet(byte[] json)
    {
        var root = JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { MaxDepth = 1000 })!.AsObject();
        root.Remove(CharacterSet);
        return JsonSerializer.SerializeToUtf8Bytes(root, new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 1000 });
    }
}
