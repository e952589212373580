using System.Diagnostics;

namespace Vesalius.Acceptance.Retrieval;

/// <summary><c>vesalius import</c>, run as a user would.</summary>
internal static class ImportTool
{
    /// <summary>Runs it to its end.</summary>
    /// <returns>Exit code and everything that it wrote.</returns>
    public static async Task<(int ExitCode, string Output)> RunAsync(IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "vesalius-cli.dll"), "import", .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        // Whoever runs the tests may have credentials of their own.
        foreach (var name in (string[])["VESALIUS_URL", "VESALIUS_USER", "VESALIUS_PASSWORD", "VESALIUS_TOKEN"])
        {
            start.Environment.Remove(name);
        }

        start.Environment["NETRC"] = "/nonexistent";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        try
        {
            var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, output[0] + output[1]);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
