using System.Collections.Concurrent;
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
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            await Console.Error.WriteLineAsync(e is JsonException ? "The lookup table is no JSON." : "A file or folder named is not there, or cannot be read or written.");
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

    private sealed record Entry(string File, string Outcome, string? Reason);

    private static async Task<int> FolderAsync(DicomEditScript script, AnonymiseOptions options)
    {
        var (input, output) = (Path.GetFullPath(options.Paths[0]), Path.GetFullPath(options.Paths[1]));
        var files = Directory.EnumerateFiles(input, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        var report = new ConcurrentBag<Entry>();
        var done = 0;
        await Parallel.ForEachAsync(files, new ParallelOptions { MaxDegreeOfParallelism = options.Jobs }, async (file, cancellationToken) =>
        {
            var relative = Path.GetRelativePath(input, file);
            report.Add(await FileAsync(script, options, file, Path.Combine(output, relative), relative, cancellationToken));
            var count = Interlocked.Increment(ref done);
            if (count == files.Count || count % 50 == 0)
            {
                Console.Error.Write($"\r{count}/{files.Count}");
            }
        });
        await Console.Error.WriteLineAsync();
        var entries = report.OrderBy(e => e.File, StringComparer.Ordinal).ToList();
        if (options.Report is not null)
        {
            await File.WriteAllTextAsync(options.Report, JsonSerializer.Serialize(
                new { script = options.Script, files = entries.Count, outcomes = entries.GroupBy(e => e.Outcome).ToDictionary(g => g.Key, g => g.Count()), entries },
                new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true }));
        }

        return entries.Exists(e => e.Outcome == "failed") ? Failed : 0;
    }

    private static async Task<Entry> FileAsync(
        DicomEditScript script, AnonymiseOptions options, string source, string target, string relative, CancellationToken cancellationToken)
    {
        if (File.Exists(target))
        {
            return new Entry(relative, "present", null);
        }

        try
        {
            var file = await Part10File.OpenAsync(source, cancellationToken: cancellationToken);
            var context = options.Context() with { FileMeta = file.FileMeta, TransferSyntaxUid = file.TransferSyntax.Uid };
            var result = script.Apply(file.DataSet, context, cancellationToken);
            if (result.Outcome == ScriptOutcome.Rejected)
            {
                return new Entry(relative, "rejected", null);
            }

            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            var partial = target + ".partial";
            await using (var stream = new FileStream(partial, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0 }))
            {
                var encoded = result.PixelsAltered && file.FileMeta is { } meta
                    ? Part10Writer.Encode(meta, file.DataSet, TransferSyntax.ExplicitVRLittleEndian) : file.Encode();
                await encoded.CopyToAsync(stream, cancellationToken);
            }

            // Only a whole file gets its name, so that an interrupted run can be resumed.
            File.Move(partial, target, overwrite: true);
            return new Entry(relative, "written", null);
        }
        catch (Exception e) when (e is ScriptRunException or MalformedDicomException or IOException)
        {
            return new Entry(relative, "failed", e is IOException ? "cannot be read or written" : e.Message);
        }
    }
}
