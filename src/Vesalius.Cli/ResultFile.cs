using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Vesalius.Dicom;

namespace Vesalius.Cli;

/// <summary>Writes results. What was left in the source file is copied within the system, without passing through this process.</summary>
internal static class ResultFile
{
    /// <summary>Ending of a file that is not whole yet.</summary>
    public const string Unfinished = ".partial";

    /// <summary>Writes a file; only a whole one gets its name, so that a run that was stopped can go on.</summary>
    public static async Task WriteAsync(EncodedDataSet encoded, string target)
    {
        var partial = target + Unfinished;
        using (var handle = File.OpenHandle(partial, FileMode.Create, FileAccess.Write))
        {
            var at = 0L;
            foreach (var segment in encoded.Segments)
            {
                if (segment.Bulk is null)
                {
                    RandomAccess.Write(handle, segment.Memory.Span, at);
                }
                else if (segment.Bulk is not FileRange range || !CopyWithinSystem(range, handle, at))
                {
                    await CopyAsync(segment.Bulk, handle, at);
                }

                at += segment.Length;
            }
        }

        File.Move(partial, target, overwrite: true);
    }

    private static async Task CopyAsync(IBulkData bulk, SafeFileHandle target, long at)
    {
        await using var source = bulk.OpenRead();
        var buffer = new byte[1 << 18];
        int read;
        while ((read = await source.ReadAsync(buffer)) > 0)
        {
            RandomAccess.Write(target, buffer.AsSpan(0, read), at);
            at += read;
        }
    }

    // False where the system or the file systems cannot do it; nothing that was copied until then is wrong.
    private static bool CopyWithinSystem(FileRange range, SafeFileHandle target, long at)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        using var source = File.OpenHandle(range.Path);
        var (from, to, left) = (range.Start, at, range.Length);
        while (left > 0)
        {
            var copied = copy_file_range(source, ref from, target, ref to, (nuint)Math.Min(left, int.MaxValue), 0);
            if (copied <= 0)
            {
                return false;
            }

            left -= copied;
        }

        return true;
    }

    // Linux 4.5, glibc 2.27. File systems with shared blocks share them.
    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
#pragma warning disable SYSLIB1054, IDE1006, SA1300 // The generated form needs unsafe code, and the name is the system's.
    private static extern nint copy_file_range(SafeFileHandle source, ref long sourceOffset, SafeFileHandle target, ref long targetOffset, nuint length, uint flags);
#pragma warning restore SYSLIB1054, IDE1006, SA1300
}
