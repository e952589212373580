using System.Collections.Concurrent;
using Vesalius.Anonymisation;
using Vesalius.Dicom;

namespace Vesalius.Cli;

/// <summary>What became of a file.</summary>
internal enum Outcome
{
    /// <summary>It was written.</summary>
    Written,

    /// <summary>A run before wrote it.</summary>
    Present,

    /// <summary>The script rejected it.</summary>
    Rejected,

    /// <summary>It cannot be read, the script failed on it, or it cannot be written: nothing of it came out.</summary>
    Failed,
}

/// <summary>A file of a run.</summary>
/// <param name="File">Its name within the input.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Reason">Why it failed; without values of the object.</param>
internal sealed record RunEntry(string File, Outcome Outcome, string? Reason);

/// <summary>A script over many files, from folder or archive to folder or archive.</summary>
internal sealed class AnonymiseRun(DicomEditScript script, ScriptContext context)
{
    private readonly ConcurrentDictionary<string, DirectoryInfo> _folders = new(StringComparer.Ordinal);

    /// <summary>Applies the script to every file.</summary>
    /// <param name="input">Folder, file or archive.</param>
    /// <param name="output">Folder or archive.</param>
    /// <param name="jobs">Files at once.</param>
    /// <param name="progress">Is told how many files are done, and of how many.</param>
    public async Task<IReadOnlyList<RunEntry>> RunAsync(string input, string output, int jobs, IProgress<(int Done, int All)> progress)
    {
        // What an archive is made of is gathered beside it, so that a run that was stopped goes on where it was.
        var isArchive = Archives.IsArchive(output);
        var folder = Path.GetFullPath(isArchive ? output + ".parts" : output);
        if (isArchive && File.Exists(output))
        {
            throw new IOException("The archive is there already.");
        }

        var source = InputFiles.Open(Path.GetFullPath(input));
        var entries = new ConcurrentBag<RunEntry>();
        var done = 0;
        // Each worker fetches its next file itself: handing files over costs more than de-identifying one.
        var workers = Enumerable.Range(0, jobs).Select(_ => Task.Run(async () =>
        {
            var buffer = new ReadBuffer();
            while (await source.NextAsync() is { } file)
            {
                entries.Add(await FileAsync(file, folder, buffer));
                progress.Report((Interlocked.Increment(ref done), source.Count));
            }
        })).ToList();
        await Task.WhenAll(workers);
        if (isArchive)
        {
            Directory.CreateDirectory(folder);
            await Archives.PackAsync(folder, output);
            Directory.Delete(folder, recursive: true);
        }

        return [.. entries.OrderBy(e => e.File, StringComparer.Ordinal)];
    }

    private async Task<RunEntry> FileAsync(InputFile input, string folder, ReadBuffer buffer)
    {
        if (input.Refusal is { } refusal)
        {
            return new RunEntry(input.Name, Outcome.Failed, refusal);
        }

        var target = Path.Combine(folder, input.Name);
        if (File.Exists(target))
        {
            return new RunEntry(input.Name, Outcome.Present, null);
        }

        try
        {
            var file = input.Bytes is { } bytes ? Part10File.Read(bytes) : buffer.TryRead(input.Path!) is { } whole ? Part10File.Read(whole) : await Part10File.OpenAsync(input.Path!);
            var result = script.Apply(file.DataSet, context with { FileMeta = file.FileMeta, TransferSyntaxUid = file.TransferSyntax.Uid });
            if (result.Outcome == ScriptOutcome.Rejected)
            {
                return new RunEntry(input.Name, Outcome.Rejected, null);
            }

            var parent = Path.GetDirectoryName(target)!;
            _folders.GetOrAdd(parent, static p => Directory.CreateDirectory(p));

            var encoded = result.PixelsAltered && file.FileMeta is { } meta ? Part10Writer.Encode(meta, file.DataSet, TransferSyntax.ExplicitVRLittleEndian) : file.Encode();
            ResultFile.Write(encoded, target);
            return new RunEntry(input.Name, Outcome.Written, null);
        }
        catch (Exception e) when (e is ScriptRunException or MalformedDicomException)
        {
            return new RunEntry(input.Name, Outcome.Failed, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new RunEntry(input.Name, Outcome.Failed, "cannot be read or written");
        }
    }
}
