using System.Diagnostics;
using Xunit;

namespace Vesalius.Acceptance.Clients;

/// <summary>pyxnat itself, Debian's, from connecting to deleting (rest-api §26.2).</summary>
public sealed class PyxnatTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Connect, create, set, upload, tabulate, share, members, download, delete.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Pyxnat_walks_through_everything_that_it_can_do()
    {
        Assert.SkipUnless(Directory.Exists("/usr/lib/python3/dist-packages/pyxnat"), "pyxnat is not installed.");
        (await server.UserAsync("pyxnat-second")).Dispose();
        var start = new ProcessStartInfo("/usr/bin/python3") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "pyxnat_walkthrough.py"), server.Address.ToString().TrimEnd('/'), "pyxnat-second", "pw-pyxnat-second"])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Token);
        var errors = process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 0, await output + await errors);
        Assert.Contains("WALK-THROUGH OK", await output, StringComparison.Ordinal);
    }
}
