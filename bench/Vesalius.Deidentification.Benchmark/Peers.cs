using System.Diagnostics;
using Vesalius.Anonymisation.Profile;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>Other tools over the same set.</summary>
internal static class Peers
{
    /// <summary><c>gdcmanon -e</c>: the basic profile as GDCM knows it; what is removed is encrypted into the object for a certificate.</summary>
    public static async Task GdcmanonAsync(string input, string output, string work)
    {
        Directory.CreateDirectory(output);
        var (key, certificate) = (Path.Combine(work, "key.pem"), Path.Combine(work, "certificate.pem"));
        await RunAsync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=benchmark", "-days", "2", "-keyout", key, "-out", certificate]);
        foreach (var file in Directory.EnumerateFiles(input).Order(StringComparer.Ordinal))
        {
            // One by one, so that an object that it refuses holds up no other.
            var target = Path.Combine(output, Path.GetFileName(file));
            if (await RunAsync("gdcmanon", ["-e", "-c", certificate, "-i", file, "-o", target]) != 0)
            {
                File.Delete(target);
            }
        }
    }

    /// <summary><c>dcmodify</c> with the list of the standard's basic profile: what the table removes is erased at every level, what it empties or fills is set so.</summary>
    public static async Task DcmodifyAsync(string input, string output)
    {
        Directory.CreateDirectory(output);
        var list = new List<string> { "-nb", "-imt", "-ie", "-ep", "-gst", "-gse", "-gin" };
        foreach (var rule in ProfileScript.Make(new ProfileChoices()).Rules.Where(r => !r.Tag.Contains('x', StringComparison.Ordinal) && r.Tag[0] != 'g' && !r.Tag.StartsWith("0002", StringComparison.Ordinal)))
        {
            var tag = $"({rule.Tag[..4]},{rule.Tag[4..]})";
            switch (rule.Action)
            {
                case ProfileAction.Remove:
                    list.AddRange(["-ea", tag]);
                    break;
                case ProfileAction.Empty:
                    list.AddRange(["-ma", $"{tag}="]);
                    break;
                case ProfileAction.Dummy:
                    list.AddRange(["-ma", $"{tag}={rule.Dummy}"]);
                    break;
                default:
                    // It makes new UIDs of study, series and instance, and maps none.
                    break;
            }
        }

        foreach (var file in Directory.EnumerateFiles(input).Order(StringComparer.Ordinal))
        {
            var target = Path.Combine(output, Path.GetFileName(file));
            File.Copy(file, target, overwrite: true);
            // It ends with an error where a dummy does not fit an attribute, but has done the rest.
            await RunAsync("dcmodify", [.. list, target]);
        }
    }

    private static async Task<int> RunAsync(string program, IReadOnlyList<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        await output;
        await error;
        return process.ExitCode;
    }
}
