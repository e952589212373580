using System.IO.Compression;
using System.Net.Http.Headers;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>Uploads made of the sample studies.</summary>
internal static class Uploads
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Objects of a study, edited.</summary>
    public static IEnumerable<byte[]> Objects(string study, Action<DataSet>? edit = null, int most = 3)
    {
        var number = 0;
        foreach (var path in Directory.EnumerateFiles(RunningServer.Routed(study, "")).OrderBy(p => Part10File.Read(File.ReadAllBytes(p)).DataSet.GetString(Tag.SOPInstanceUID), StringComparer.Ordinal).Take(most))
        {
            var file = Part10File.Read(File.ReadAllBytes(path));
            edit?.Invoke(file.DataSet);
            number++;
            yield return file.Encode().ToArray();
        }
    }

    /// <summary>A zip of objects.</summary>
    public static byte[] Zip(IEnumerable<byte[]> objects, string name = "image")
    {
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            var number = 0;
            foreach (var bytes in objects)
            {
                using var entry = archive.CreateEntry($"{name}{++number}.dcm").Open();
                entry.Write(bytes);
            }
        }

        return zip.ToArray();
    }

    /// <summary>Posts to the import service.</summary>
    public static async Task<(int Status, string Body)> ImportAsync(HttpClient client, string query, byte[] body, string type = "application/zip")
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        using var response = await client.PostAsync($"/data/services/import?{query}", content, Token);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Token));
    }

    /// <summary>Any request.</summary>
    public static async Task<(int Status, string Body)> SendAsync(HttpClient client, string method, string address, HttpContent? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), address) { Content = body };
        using var response = await client.SendAsync(request, Token);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Token));
    }
}
