using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Vesalius.Archive.Storage;

/// <summary>Files that are written past the page cache, in whole blocks from aligned memory.</summary>
/// <remarks>Where the file system does not offer that (tmpfs, some network file systems), the same files are written through the cache: slower, not less safe.</remarks>
public static class DirectFile
{
    /// <summary>Positions, lengths and addresses of direct writes are multiples of this many bytes.</summary>
    public const int Block = 4096;

    private const int WriteOnly = 1;
    private const int Create = 0x40;
    private const int Exclusive = 0x80;
    private const int CloseOnExecute = 0x80000;
    private const int SynchroniseData = 0x1000;
    private const int InvalidArgument = 22;
    private const int NotSupported = 95;
    private const int Interrupted = 4;

    // The flag has another value on ARM.
    private static readonly int Direct = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x10000 : 0x4000;

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, int mode);

    [DllImport("libc", EntryPoint = "posix_fallocate")]
    private static extern int Allocate(SafeFileHandle handle, long offset, long length);

    /// <summary>Rounds a length up to whole blocks.</summary>
    public static long Aligned(long length) => (length + Block - 1) / Block * Block;

    /// <summary>Makes a file that must not exist yet and takes its room on the disk.</summary>
    /// <param name="path">Path.</param>
    /// <param name="length">Bytes that will be written; whole blocks are taken.</param>
    /// <exception cref="IOException">It exists, or there is no room; then no file is left.</exception>
    /// <exception cref="DirectoryNotFoundException">Its folder is gone.</exception>
    public static SafeFileHandle Reserve(string path, long length)
    {
        var handle = OpenWith(path, WriteOnly | Create | Exclusive | CloseOnExecute);
        int error;
        do
        {
            error = Allocate(handle, 0, Aligned(length));
        }
        while (error == Interrupted);
        if (error == 0)
        {
            return handle;
        }

        handle.Dispose();
        File.Delete(path);
        throw new IOException("There is no room for the file.", new Win32Exception(error));
    }

    /// <summary>Opens an existing file so that every write is on the disk when it returns.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static SafeFileHandle OpenDurable(string path) => OpenWith(path, WriteOnly | CloseOnExecute | SynchroniseData);

    private static SafeFileHandle OpenWith(string path, int flags)
    {
        const int OwnerAndGroup = 0x1A4;
        var descriptor = Open(path, flags | Direct, OwnerAndGroup);
        if (descriptor < 0 && Marshal.GetLastPInvokeError() is InvalidArgument or NotSupported)
        {
            // Such a refusal comes after the file was made.
            descriptor = Open(path, flags & ~Exclusive, OwnerAndGroup);
        }

        if (descriptor >= 0)
        {
            return new SafeFileHandle(descriptor, ownsHandle: true);
        }

        var error = Marshal.GetLastPInvokeError();
        const int NoEntry = 2;
        throw error == NoEntry ? new DirectoryNotFoundException("The folder is gone.") : new IOException("A file cannot be opened for writing.", new Win32Exception(error));
    }
}
