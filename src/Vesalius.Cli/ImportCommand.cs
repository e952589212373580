using System.Globalization;
using System.Text.Json.Nodes;

namespace Vesalius.Cli;

/// <summary><c>vesalius import</c>: has a server import a list of studies from a PACS, and watches it. Needs no rights on the machine.</summary>
internal static class ImportCommand
{
    private const int WrongCall = 2;
    private const int NotAll = 5;
    private const int NoServer = 6;
    private const int Interrupted = 130;
    private const int MostShown = 200;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs the command.</summary>
    /// <returns>0 if every row is complete, or would be asked for; 2 wrong call; 5 some rows are not; 6 the server does not answer or refuses; 130 interrupted.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var (options, fault) = ImportOptions.Read(arguments);
        if (options is null)
        {
            await Console.Error.WriteLineAsync($"vesalius: {fault}");
            return Usage.Show();
        }

        if (options.Server is { Scheme: "http", IsLoopback: false })
        {
            await Console.Error.WriteLineAsync("vesalius: the list and your password go to the server unencrypted; use an https address.");
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) =>
        {
            e.Cancel = true;
            stop.Cancel();
        };
        var batch = options.Batch;
        try
        {
            using var server = new ServerClient(options.Server, ServerCredentials.Find(options.Server.Host));
            if (options.Csv is null)
            {
                return await WatchAsync(server, options, batch!, isWhole: true, stop.Token);
            }

            var list = await File.ReadAllBytesAsync(options.Csv, stop.Token);
            var pacs = await PacsAsync(server, options.Pacs!, stop.Token);
            (string, string?)[] fields =
            [
                ("projectId", options.Project), ("pacsId", pacs), ("aeTitle", options.Receiver), ("append", options.Appends ? "true" : null),
                ("priority", options.Priority?.ToString(CultureInfo.InvariantCulture)),
            ];
            if (options.IsDryRun)
            {
                return await ShowPreviewAsync(await server.PostListAsync("xapi/dqr/import/lists/preview", list, fields, stop.Token));
            }

            var taken = await server.PostListAsync("xapi/dqr/import/lists", list, fields, stop.Token);
            batch = taken["batch"]!.GetValue<string>();
            var isWhole = await ShowTakenAsync(taken, batch);
            return await WatchAsync(server, options, batch, isWhole, stop.Token);
        }
        catch (ServerException e)
        {
            await Console.Error.WriteLineAsync($"vesalius: {e.Message}");
            return NoServer;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync("vesalius: the list is not there, or cannot be read.");
            return WrongCall;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync(batch is null ? "vesalius: interrupted before the list was taken."
                : $"vesalius: the server goes on with it. The same command again, or `vesalius import --batch {batch}`, watches it.");
            return Interrupted;
        }
    }

    // By key, label or AE title.
    private static async Task<string> PacsAsync(ServerClient server, string name, CancellationToken cancellationToken)
    {
        var all = (await server.GetAsync("xapi/pacs", cancellationToken)).AsArray().Select(p => p!).ToList();
        foreach (var field in (string[])["label", "aeTitle", "id"])
        {
            var found = all.FindAll(p => p[field]!.ToString().Equals(name, StringComparison.OrdinalIgnoreCase));
            if (found.Count == 1)
            {
                return found[0]["id"]!.ToString();
            }

            if (found.Count > 1)
            {
                throw new ServerException($"{found.Count} PACS have this {field}; name one by its label: {string.Join(", ", found.Select(p => p["label"]))}.");
            }
        }

        throw new ServerException($"There is no such PACS; there is: {string.Join(", ", all.Select(p => p["label"]))}.");
    }

    private static async Task<int> ShowPreviewAsync(JsonNode preview)
    {
        if (preview["fault"]?.GetValue<string>() is { } fault)
        {
            await Console.Error.WriteLineAsync($"vesalius: {fault}");
            return NotAll;
        }

        await ShowFileAsync(preview);
        var rows = preview["rows"]!.AsArray();
        foreach (var row in rows.Where(r => r!["notes"]!.AsArray().Count > 0))
        {
            await Console.Out.WriteLineAsync($"row {row!["number"]} (line {row["line"]}) {row["state"]}: {string.Join(' ', row["notes"]!.AsArray())}");
        }

        await Console.Out.WriteLineAsync(Counts(preview));
        return rows.All(r => r!["state"]!.GetValue<string>() is "Accepted" or "Repaired") ? 0 : NotAll;
    }

    private static async Task ShowFileAsync(JsonNode answer)
    {
        foreach (var repair in answer["repairs"]!.AsArray())
        {
            await Console.Out.WriteLineAsync($"file: {repair}");
        }

        if (answer["unknownHeaders"] is JsonArray { Count: > 0 } unknown)
        {
            await Console.Out.WriteLineAsync($"file: columns that are not used: {string.Join(", ", unknown)}");
        }
    }

    private static string Counts(JsonNode answer) => string.Join(", ", answer["counts"]!.AsObject().Select(c => $"{c.Value} {c.Key.ToLowerInvariant()}"));

    private static async Task<bool> ShowTakenAsync(JsonNode taken, string batch)
    {
        if (taken["known"]!.GetValue<bool>())
        {
            // It was judged when it was taken; what its labels clash with by now are its own sessions.
            await Console.Out.WriteLineAsync($"The list is known already, as batch {batch}.");
            return true;
        }

        var left = taken["notTaken"]!.AsArray();
        await ShowFileAsync(taken);
        foreach (var row in left)
        {
            await Console.Out.WriteLineAsync($"row {row!["row"]} (line {row["line"]}) {row["state"]}, not taken: {string.Join(' ', row["notes"]!.AsArray())}");
        }

        await Console.Out.WriteLineAsync($"{Counts(taken)}; batch {batch}.");
        return left.Count == 0;
    }

    private static async Task<int> WatchAsync(ServerClient server, ImportOptions options, string batch, bool isWhole, CancellationToken cancellationToken)
    {
        if (options.Retries)
        {
            var again = await server.PutAsync($"xapi/dqr/import/batches/{batch}/retry", cancellationToken);
            await Console.Out.WriteLineAsync($"{again["changed"]} rows are tried again.");
        }

        if (options.IsDetached)
        {
            return isWhole ? 0 : NotAll;
        }

        var progress = new ImportProgress(Console.Error, !Console.IsErrorRedirected);
        try
        {
            while (true)
            {
                if (await LookAsync(server, batch, progress, cancellationToken) is { } counts)
                {
                    progress.Close();
                    var isComplete = await ShowEndAsync(server, batch, counts, cancellationToken);
                    return isWhole && isComplete ? 0 : NotAll;
                }

                await Task.Delay(Pause, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            progress.Close();
            throw;
        }
    }

    // Returns the counts once every row has ended. A server that restarts is waited for.
    private static async Task<Dictionary<string, long>?> LookAsync(ServerClient server, string batch, ImportProgress progress, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await server.GetAsync($"xapi/dqr/import/batches/{batch}", cancellationToken);
            var counts = answer["counts"]!.AsObject().ToDictionary(c => c.Key, c => c.Value!.GetValue<long>());
            var rows = answer["rows"]!.GetValue<long>();
            progress.Show(counts, rows, answer["waitsFor"]?.GetValue<string>());
            return ImportProgress.Ended(counts) >= rows ? counts : null;
        }
        catch (ServerException e) when (e.IsAway)
        {
            progress.Say("The server does not answer; it is waited for. Rows that were taken are safe.");
            return null;
        }
    }

    private static async Task<bool> ShowEndAsync(ServerClient server, string batch, Dictionary<string, long> counts, CancellationToken cancellationToken)
    {
        foreach (var state in counts.Keys.Where(k => k != "complete"))
        {
            var rows = (await server.GetAsync($"xapi/dqr/import/batches/{batch}/rows?state={state}&size={MostShown}", cancellationToken)).AsArray();
            foreach (var row in rows)
            {
                await Console.Out.WriteLineAsync($"row {row!["row"]} {state}: {row["errorMessage"]}");
            }

            if (counts[state] > rows.Count)
            {
                await Console.Out.WriteLineAsync($"… and {counts[state] - rows.Count} more that are {state}");
            }
        }

        await Console.Out.WriteLineAsync(string.Join(", ", counts.Select(c => $"{c.Value} {c.Key}")));
        return counts.Keys.All(k => k == "complete");
    }
}
