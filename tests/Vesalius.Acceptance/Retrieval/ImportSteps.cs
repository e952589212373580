using System.Text.Json.Nodes;
using Xunit;

namespace Vesalius.Acceptance.Retrieval;

/// <summary>Steps of an import over REST, as several stories take them.</summary>
internal static class ImportSteps
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Task<JsonNode?> SendAsync(HttpClient client, string method, string address, string? body = null) => ServerWithPacs.SendAsync(client, method, address, body);

    /// <summary>Registers a PACS that is open at all hours.</summary>
    /// <param name="admin">Client.</param>
    /// <param name="label">Its label.</param>
    /// <param name="port">Its port of loopback.</param>
    /// <param name="title">Its AE title.</param>
    /// <param name="threads">Retrievals at once that the schedule allows.</param>
    /// <param name="rules">Identity rules, JSON.</param>
    /// <returns>Its key.</returns>
    public static async Task<long> RegisterAsync(HttpClient admin, string label, int port, string title, int threads = 1, string rules = "{}")
    {
        var id = (await SendAsync(admin, "POST", "/xapi/pacs", ServerWithPacs.Pacs(label, port, title)))!["id"]!.GetValue<long>();
        foreach (var interval in threads == 1 ? [] : (await SendAsync(admin, "GET", $"/xapi/pacs/{id}/availability"))!.AsObject().SelectMany(d => d.Value!.AsArray()))
        {
            interval!["threads"] = threads;
            await SendAsync(admin, "PUT", $"/xapi/pacs/{id}/availability/{interval["id"]}", interval.ToJsonString());
        }

        await SendAsync(admin, "PUT", $"/xapi/pacs/{id}/rules", rules);
        return id;
    }

    /// <summary>Asks for studies, each under the labels S<i>n</i> and S<i>n</i>_MR.</summary>
    /// <returns>Keys of the requests.</returns>
    public static async Task<IReadOnlyList<long>> ImportAsync(HttpClient client, long pacs, int receiver, string project, params int[] studies)
    {
        var list = string.Join(',', studies.Select(s => $$$"""{"studyInstanceUid":"{{{RetrievalStudies.Uid(s)}}}","relabelMap":{"Subject":"S{{{s}}}","Session":"S{{{s}}}_MR"}}"""));
        var queued = (await SendAsync(client, "POST", "/xapi/dqr/import", $$"""{"pacsId":{{pacs}},"aeTitle":"XNAT","port":{{receiver}},"projectId":"{{project}}","forceImport":true,"studies":[{{list}}]}"""))!.AsArray();
        Assert.Equal(studies.Length, queued.Count);
        return [.. queued.Select(q => q!["id"]!.GetValue<long>())];
    }

    /// <summary>Waits until requests have ended, and reads them from the history.</summary>
    public static async Task<IReadOnlyList<JsonNode>> EndedAsync(HttpClient client, IReadOnlyCollection<long> ids, int seconds = 60)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(seconds));
        while (true)
        {
            var history = (await SendAsync(client, "GET", "/xapi/dqr/import/history?pageSize=1000"))!.AsArray().Where(h => ids.Contains(h!["id"]!.GetValue<long>())).ToList();
            if (history.Count == ids.Count && history.TrueForAll(h => h!["state"]!.GetValue<string>() is "complete" or "incomplete" or "failed" or "refused"))
            {
                return [.. history.Select(h => h!)];
            }

            Assert.False(patience.IsCancellationRequested, $"Not within {seconds} s: " + string.Join(' ', history.Select(h => h!.ToJsonString())));
            await Task.Delay(100, Token);
        }
    }
}
