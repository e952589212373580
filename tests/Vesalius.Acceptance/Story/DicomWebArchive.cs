using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>What tests of DICOMweb share: sessions of the sample data, and reading of multipart answers.</summary>
public static class DicomWebArchive
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Archives files of the sample data as a session of a project, which is made if need be.</summary>
    public static async Task ArchiveAsync(HttpClient admin, string project, string session, params string[] folder)
    {
        (await admin.PutAsync($"/data/projects/{project}", null, Token)).EnsureSuccessStatusCode();
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            var path = SharedData.Require(["data", "dicom", .. folder]);
            foreach (var file in File.Exists(path) ? [path] : Directory.GetFiles(path, "*.dcm", SearchOption.AllDirectories))
            {
                archive.CreateEntryFromFile(file, $"{archive.Mode}-{Guid.NewGuid():N}.dcm", CompressionLevel.NoCompression);
            }
        }

        using var body = new ByteArrayContent(zip.ToArray());
        using var response = await admin.PostAsync(
            $"/data/services/import?inbody=true&import-handler=SI&overwrite=append&dest=/archive/projects/{project}/subjects/{session}_S/experiments/{session}", body, Token);
        Assert.True(response.StatusCode == HttpStatusCode.OK, await response.Content.ReadAsStringAsync(Token));
    }

    /// <summary>GET with a value for <c>Accept</c>.</summary>
    public static Task<HttpResponseMessage> GetAsync(this HttpClient client, string address, string? accept)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        return client.SendAsync(request, Token);
    }

    /// <summary>Rows of a JSON answer.</summary>
    public static async Task<List<JsonElement>> JsonAsync(this HttpClient client, string address)
    {
        using var response = await client.GetAsync(address, Token);
        var body = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{address}: {(int)response.StatusCode} {body}");
        Assert.Equal("application/dicom+json", response.Content.Headers.ContentType!.MediaType);
        return [.. JsonDocument.Parse(body).RootElement.EnumerateArray()];
    }

    /// <summary>The first value of an attribute.</summary>
    public static string Value(this JsonElement row, string tag) => row.GetProperty(tag).GetProperty("Value")[0].ToString();

    /// <summary>Parts of a multipart answer: headers and bytes.</summary>
    public static async Task<List<(Dictionary<string, string> Headers, byte[] Bytes)>> PartsAsync(this HttpResponseMessage response)
    {
        var bytes = await response.Content.ReadAsByteArrayAsync(Token);
        Assert.True(response.StatusCode == HttpStatusCode.OK, Encoding.Latin1.GetString(bytes.AsSpan(0, Math.Min(400, bytes.Length))));
        var type = response.Content.Headers.ContentType!;
        Assert.Equal("multipart/related", type.MediaType);
        var reader = new Microsoft.AspNetCore.WebUtilities.MultipartReader(type.Parameters.Single(p => p.Name == "boundary").Value!.Trim('"'), new MemoryStream(bytes));
        var parts = new List<(Dictionary<string, string>, byte[])>();
        while (await reader.ReadNextSectionAsync(Token) is { } section)
        {
            using var target = new MemoryStream();
            await section.Body.CopyToAsync(target, Token);
            parts.Add((section.Headers!.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase), target.ToArray()));
        }

        return parts;
    }
}
