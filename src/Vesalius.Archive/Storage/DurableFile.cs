using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Vesalius.Archive.Storage;

/// <summary>Steps that make files and folder entries survive a loss of power.</summary>
public static class DurableFile
{
    private const int ReadOnlyDirectory = 0x10000;

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int Synchronise(int descriptor);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    private static extern int Close(int descriptor);

    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    private static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);

    /// <summary>Flushes the entries of a folder.</summary>
    /// <exception cref="IOException">The folder cannot be flushed.</exception>
    public static void FlushFolder(string folder)
    {
        var descriptor = Open(folder, ReadOnlyDirectory);
        if (descriptor < 0)
        {
            throw new IOException("A folder cannot be opened for flushing.", new Win32Exception(Marshal.GetLastPInvokeError()));
        }

        try
        {
            if (Synchronise(descriptor) != 0)
            {
                throw new IOException("A folder cannot be flushed.", new Win32Exception(Marshal.GetLastPInvokeError()));
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    /// <summary>Makes a folder and flushes the entries that were made.</summary>
    public static void CreateFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        var parent = Path.GetDirectoryName(folder)!;
        CreateFolder(parent);
        Directory.CreateDirectory(folder);
        FlushFolder(parent);
    }

    /// <summary>Gives a file a second name, by a hard link where the file system can, else by a copy.</summary>
    public static void LinkOrCopy(string source, string target)
    {
        if (Link(source, target) != 0)
        {
            File.Copy(source, target);
        }
    }

    /// <summary>Flushes a file's content.</summary>
    public static void Flush(SafeFileHandle handle) => RandomAccess.FlushToDisk(handle);
}
