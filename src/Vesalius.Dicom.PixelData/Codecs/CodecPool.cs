using System.Collections.Concurrent;
using Vesalius.Dicom.PixelData.Worker;

namespace Vesalius.Dicom.PixelData;

/// <summary>Worker processes that run native codecs: started when first needed, kept for the next frame, replaced when they crash, hang or grow.</summary>
/// <remarks>Safe for any number of threads; those beyond the number of workers wait their turn.</remarks>
public sealed class CodecPool : IDisposable
{
    private static readonly Lazy<CodecPool> SharedPool = new(() => new CodecPool(new CodecOptions()));
    private readonly ConcurrentBag<CodecProcess> _idle = [];
    private readonly SemaphoreSlim _places;
    private readonly CodecOptions _options;
    private volatile bool _disposed;

    /// <summary>Makes a pool; nothing is started yet.</summary>
    public CodecPool(CodecOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _places = new SemaphoreSlim(options.Workers, options.Workers);
    }

    /// <summary>The pool of this process, with default options. Its workers end with the process.</summary>
    public static CodecPool Shared => SharedPool.Value;

    /// <summary>Worker processes that were started so far.</summary>
    public int Started => Volatile.Read(ref _started);

    private int _started;

    internal CodecResponse Run(CodecRequest request, CancellationToken cancellationToken)
    {
        _places.Wait(cancellationToken);
        return RunHere(request, cancellationToken);
    }

    internal async Task<CodecResponse> RunAsync(CodecRequest request, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        return await Task.Run(() => RunHere(request, cancellationToken), CancellationToken.None).ConfigureAwait(false);
    }

    private CodecResponse RunHere(CodecRequest request, CancellationToken cancellationToken)
    {
        CodecProcess? process = null;
        try
        {
            process = Take();
            return process.Run(request, cancellationToken);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new PixelDataException(PixelDataReason.CodecMissing, "The codecs' program cannot be started.");
        }
        finally
        {
            if (process is { IsUsable: true } && process.Frames < _options.FramesPerWorker && !_disposed)
            {
                _idle.Add(process);
            }
            else
            {
                process?.Dispose();
            }

            _places.Release();
        }
    }

    private CodecProcess Take()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        while (_idle.TryTake(out var idle))
        {
            if (idle.IsUsable)
            {
                return idle;
            }

            idle.Dispose();
        }

        Interlocked.Increment(ref _started);
        return CodecProcess.Start(_options);
    }

    /// <summary>Ends the workers that are idle; the others end when their frame is done.</summary>
    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryTake(out var process))
        {
            process.Dispose();
        }
    }
}
