using Xunit;

namespace Vesalius.Acceptance.Retrieval;

/// <summary>The tool's import (issue 5, R5).</summary>
public sealed class ImportCommandTests(ServerWithPacs peers) : IClassFixture<ServerWithPacs>
{
    private static readonly Dictionary<string, string> Admin = new() { ["VESALIUS_USER"] = "admin", ["VESALIUS_PASSWORD"] = "admin-password" };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Task<(int ExitCode, string Output)> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        ImportTool.RunAsync([.. arguments, "--url", peers.Server.Address.ToString()], environment, Token);

    private async Task InFolderAsync(string project, Func<HttpClient, string, Task> act)
    {
        var folder = Directory.CreateTempSubdirectory("vesalius-import-").FullName;
        try
        {
            using var admin = peers.Server.Client();
            await ServerWithPacs.SendAsync(admin, "PUT", $"/data/projects/{project}");
            await act(admin, folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> WriteAsync(string folder, string name, string text)
    {
        var path = Path.Combine(folder, name);
        await File.WriteAllTextAsync(path, text, Token);
        return path;
    }

    /// <summary>A dry run shows every row that is not as it should be, and queues nothing.</summary>
    [Fact]
    public Task Dry_run_shows_what_would_be_done_and_does_nothing() => InFolderAsync("CLI1", async (admin, folder) =>
    {
        var list = await WriteAsync(folder, "list.csv", "Accession Number,Subject,Session,Ward\nRJ00001,A,A_MR,x\n=\"RJ00002\",B,B_MR,x\nRJ*,C,C_MR,x\n");
        var (exitCode, output) = await RunAsync(Admin, "--csv", list, "--project", "CLI1", "--pacs", "orthanc", "--dry-run");
        Assert.Equal(5, exitCode);
        Assert.True(output.Contains("1 accepted, 1 repaired, 0 ambiguous, 1 refused", StringComparison.Ordinal), output);
        Assert.Contains("row 2 (line 3) Repaired", output, StringComparison.Ordinal);
        Assert.Contains("row 3 (line 4) Refused", output, StringComparison.Ordinal);
        Assert.Contains("columns that are not used: Ward", output, StringComparison.Ordinal);
        Assert.DoesNotContain((await ServerWithPacs.SendAsync(admin, "GET", "/xapi/dqr/import/batches"))!.AsArray(), b => b!["projectId"]!.GetValue<string>() == "CLI1");
        await WriteAsync(folder, "list.csv", "Accession Number,Subject,Session\nRJ00001,A,A_MR\n");
        Assert.Equal(0, (await RunAsync(Admin, "--csv", list, "--project", "CLI1", "--pacs", "orthanc", "--dry-run")).ExitCode);
    });

    /// <summary>Credentials come from .netrc or an alias token; the same list again is the same batch, and what failed is tried again when asked for.</summary>
    [Fact]
    public Task List_is_imported_once_however_often_the_command_is_given() => InFolderAsync("CLI2", async (admin, folder) =>
    {
        var list = await WriteAsync(folder, "list.csv", "Accession Number,Subject,Session\nRJ00007,G,G_MR\nRJ00008,H,H_MR\nNOWHERE,I,I_MR\n");
        var netrc = await WriteAsync(folder, "netrc", "machine elsewhere login nobody password x\nmachine 127.0.0.1\n  login admin\n  password admin-password\n");
        File.SetUnixFileMode(netrc, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var (exitCode, output) = await RunAsync(new Dictionary<string, string> { ["NETRC"] = netrc }, "--csv", list, "--project", "CLI2", "--pacs", "Test PACS instance");
        Assert.True(exitCode == 5, output);
        Assert.Contains("2 complete", output, StringComparison.Ordinal);
        Assert.Contains("row 3 failed: There was a problem", output, StringComparison.Ordinal);
        Assert.Contains("100 %  3/3", output, StringComparison.Ordinal);
        Assert.Equal(["G_MR", "H_MR"], (await RunningServer.RowsAsync(admin, "/data/projects/CLI2/experiments?format=json")).Select(r => r["label"]).Order(StringComparer.Ordinal));

        var issued = (await ServerWithPacs.SendAsync(admin, "GET", "/data/services/tokens/issue"))!;
        var token = new Dictionary<string, string> { ["VESALIUS_TOKEN"] = $"{issued["alias"]}:{issued["secret"]}" };
        (exitCode, output) = await RunAsync(token, "--csv", list, "--project", "CLI2", "--pacs", $"{peers.PacsId}", "--retry");
        Assert.True(exitCode == 5 && output.Contains("known already", StringComparison.Ordinal) && output.Contains("1 rows are tried again", StringComparison.Ordinal), output);
        Assert.Single((await ServerWithPacs.SendAsync(admin, "GET", "/xapi/dqr/import/batches"))!.AsArray(), b => b!["projectId"]!.GetValue<string>() == "CLI2");
        Assert.Equal(2, (await RunningServer.RowsAsync(admin, "/data/projects/CLI2/experiments?format=json")).Count);
    });

    /// <summary>Who watches learns why nothing moves; a project that is not there, or not enabled, is told before anything is taken.</summary>
    [Fact]
    public Task What_keeps_a_list_waiting_or_out_is_told() => InFolderAsync("CLI4", async (admin, folder) =>
    {
        var list = await WriteAsync(folder, "list.csv", "Accession Number,Subject,Session\nRJ00001,A,A_MR\n");
        await ImportSteps.RegisterAsync(admin, "Asleep", Vesalius.Testing.FreePort.Take(), "ASLEEP");
        Assert.Equal(0, (await RunAsync(Admin, "--csv", list, "--project", "CLI4", "--pacs", "Asleep", "--no-wait")).ExitCode);
        var batch = (await ServerWithPacs.SendAsync(admin, "GET", "/xapi/dqr/import/batches"))!.AsArray().First(b => b!["projectId"]!.GetValue<string>() == "CLI4")!["id"]!;
        var waiting = await RunningServer.EventuallyAsync(async () => (await ServerWithPacs.SendAsync(admin, "GET", $"/xapi/dqr/import/batches/{batch}"))!["waitsFor"]);
        Assert.Contains("nobody listens", waiting.GetValue<string>(), StringComparison.Ordinal);
        var watching = RunAsync(Admin, "--batch", $"{batch}");
        await Task.Delay(TimeSpan.FromSeconds(2), Token);
        await ServerWithPacs.SendAsync(admin, "PUT", $"/xapi/dqr/import/batches/{batch}/cancel");
        Assert.Contains("nobody listens at its address", (await watching).Output, StringComparison.Ordinal);
        var (exitCode, output) = await RunAsync(Admin, "--csv", list, "--project", "NOSUCHPROJECT", "--pacs", $"{peers.PacsId}", "--dry-run");
        Assert.True(exitCode == 6 && output.Contains("no such project", StringComparison.Ordinal), output);
        await ServerWithPacs.SendAsync(admin, "POST", "/xapi/dqr/settings", """{"allowAllProjectsToUseDqr":false}""");
        (exitCode, output) = await RunAsync(Admin, "--csv", list, "--project", "CLI4", "--pacs", $"{peers.PacsId}", "--dry-run");
        await ServerWithPacs.SendAsync(admin, "POST", "/xapi/dqr/settings", """{"allowAllProjectsToUseDqr":true}""");
        Assert.True(exitCode == 6 && output.Contains("query-retrieve enabled for the project", StringComparison.Ordinal), output);
    });

    /// <summary>Wrong calls, credentials on the command line, and a server that is not there.</summary>
    [Fact]
    public Task Wrong_calls_are_told_apart() => InFolderAsync("CLI3", async (_, folder) =>
    {
        var list = await WriteAsync(folder, "list.csv", "Accession Number,Subject\nRJ00001,A\n");
        string[] usual = ["--csv", list, "--project", "CLI3", "--pacs", "orthanc"];
        Assert.Equal(2, (await RunAsync(Admin, [.. usual, "--password", "admin-password"])).ExitCode);
        Assert.Equal(2, (await RunAsync(Admin, "--csv", list)).ExitCode);
        Assert.Equal(2, (await RunAsync(Admin, "--csv", Path.Combine(folder, "no.csv"), "--project", "CLI3", "--pacs", "orthanc")).ExitCode);
        var (exitCode, output) = await RunAsync(new Dictionary<string, string>(), usual);
        Assert.True(exitCode == 6 && output.Contains("VESALIUS_USER", StringComparison.Ordinal), output);
        (exitCode, output) = await RunAsync(Admin, "--csv", list, "--project", "CLI3", "--pacs", "other");
        Assert.True(exitCode == 6 && output.Contains("Test PACS instance", StringComparison.Ordinal), output);
        Assert.Equal(6, (await ImportTool.RunAsync([.. usual, "--url", $"http://127.0.0.1:{Vesalius.Testing.FreePort.Take()}"], Admin, Token)).ExitCode);
    });
}
