using Microsoft.Win32.SafeHandles;
using Vesalius.Dicom;

namespace Vesalius.Cli;

/// <summary>Writes results.</summary>
internal static class ResultFile
{
    /// <summary>Ending of a file that is not whole yet.</summary>
    public const string Unfinished = ".partial";

    /// <summary>Writes a file; only a whole one gets its name, so that a run that was stopped can go on.</summary>
    public static void Write(EncodedDataSet encoded, string target)
    {
        var partial = target + Unfinished;
        using (var handle = File.OpenHandle(partial, FileMode.Create, FileAccess.Write))
        {
            // Runs in memory go out in one call, however many they are; letting the system copy from file to file was measured and is slower on ext4.
            var (gathered, at, length) = (new List<ReadOnlyMemory<byte>>(), 0L, 0L);
            foreach (var segment in encoded.Segments)
            {
                if (segment.Bulk is null)
                {
                    gathered.Add(segment.Memory);
                    length += segment.Length;
                    continue;
                }

                RandomAccess.Write(handle, gathered, at);
                at += length;
                (gathered, length) = ([], 0);
                Copy(segment.Bulk, handle, at);
                at += segment.Length;
            }

            RandomAccess.Write(handle, gathered, at);
        }

        File.Move(partial, target, overwrite: true);
    }

    private static void Copy(IBulkData bulk, SafeFileHandle target, long at)
    {
        using var source = bulk.OpenRead();
        var buffer = new byte[1 << 20];
        int read;
        while ((read = source.Read(buffer)) > 0)
        {
            RandomAccess.Write(target, buffer.AsSpan(0, read), at);
            at += read;
        }
    }
}
