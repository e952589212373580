using System.Text.Json;
using Vesalius.Anonymisation;
using Vesalius.Dicom;

namespace Vesalius.Cli;

/// <summary><c>vesalius anonymise</c>: the server's engine without a server.</summary>
internal static class AnonymiseCommand
{
    private const int WrongCall = 2;
    private const int Rejected = 3;
    private const int Failed = 4;

    /// <summary>Runs the command.</summary>
    /// <returns>Exit code.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (AnonymiseOptions.Read(arguments) is not { } options)
        {
            return Usage.Show();
        }

        try
        {
            var script = DicomEditScript.Compile(await File.ReadAllBytesAsync(options.Script!));
            return options.Json is not null ? await OneAsync(script, options) : await FolderAsync(script, options);
        }
        catch (ScriptException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return Failed;
        }
        catch (ScriptRunException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return Failed;
        }
        catch (MalformedDicomException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return WrongCall;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidDataException)
        {
            await Console.Error.WriteLineAsync(e is JsonException ? "The lookup table is no JSON." : e is InvalidDataException ? "The archive is broken." : "A file or folder named is not there, or cannot be read or written.");
            return WrongCall;
        }
    }

    private static async Task<int> OneAsync(DicomEditScript script, AnonymiseOptions options)
    {
        if (await SingleObject.RunAsync(script, options.Json!, options.Context()))
        {
            return 0;
        }

        await Console.Error.WriteLineAsync("The script rejected the object.");
        return Rejected;
    }

    private static async Task<int> FolderAsync(DicomEditScript script, AnonymiseOptions options)
    {
        var run = new AnonymiseRun(script, options.Context());
        var entries = await RunProgress.ShowAsync(progress => run.RunAsync(options.Paths[0], options.Paths[1], options.Jobs, progress));
        if (options.Report is not null)
        {
            await RunReport.WriteAsync(options.Report, options.Script!, entries);
        }

        await Console.Error.WriteLineAsync(RunReport.Summary(entries));
        return entries.Any(e => e.Outcome == Outcome.Failed) ? Failed : entries.Count > 0 && entries.All(e => e.Outcome == Outcome.Rejected) ? Rejected : 0;
    }
}
