using System.Diagnostics;
using Vesalius.Dicom.PixelData.Worker;

namespace Vesalius.Dicom.PixelData;

/// <summary>One worker process. Whatever happens in it ends as an answer or as an exception here.</summary>
internal sealed class CodecProcess : IDisposable
{
    private readonly Process _process;
    private readonly Stream _input;
    private readonly Stream _output;
    private readonly CodecOptions _options;
    private int _killed;

    private CodecProcess(Process process, CodecOptions options)
    {
        _process = process;
        _options = options;
        _input = new BufferedStream(process.StandardInput.BaseStream, 1 << 16);
        _output = new BufferedStream(process.StandardOutput.BaseStream, 1 << 16);
    }

    /// <summary>Frames that it has worked on.</summary>
    public int Frames { get; private set; }

    /// <summary>False once it was killed or ended.</summary>
    public bool IsUsable => Volatile.Read(ref _killed) == 0 && !_process.HasExited;

    public static CodecProcess Start(CodecOptions options)
    {
        var program = options.Program ?? Path.Combine(AppContext.BaseDirectory, "vesalius-codecs.dll");
        if (!File.Exists(program))
        {
            throw new PixelDataException(PixelDataReason.CodecMissing, "The codecs' program is not beside the server's.");
        }

        var start = new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        var host = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        // Resident memory is bounded by the kernel; a limit on addresses would not leave .NET room to start.
        if (File.Exists("/usr/bin/prlimit"))
        {
            start.FileName = "/usr/bin/prlimit";
            start.ArgumentList.Add(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"--data={options.Memory}"));
            start.ArgumentList.Add("--core=0");
            start.ArgumentList.Add("--");
            start.ArgumentList.Add(host);
        }
        else
        {
            start.FileName = host;
        }

        start.ArgumentList.Add(program);
        Quieten(start);
        var process = Process.Start(start) ?? throw new PixelDataException(PixelDataReason.CodecMissing, "The codecs' program cannot be started.");
        // What libraries say on standard error may quote the object: it is read away, so that the pipe never fills.
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        return new CodecProcess(process, options);
    }

    private static void Quieten(ProcessStartInfo start)
    {
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_GCgen0size"] = "0x2000000";
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_TieredCompilation"] = "1";
        start.WorkingDirectory = Path.GetTempPath();
    }

    public CodecResponse Run(CodecRequest request, CancellationToken cancellationToken)
    {
        Frames++;
        using var timer = new Timer(static state => ((CodecProcess)state!).Kill(), this, _options.FrameTime, Timeout.InfiniteTimeSpan);
        using var cancelled = cancellationToken.Register(static state => ((CodecProcess)state!).Kill(), this);
        try
        {
            request.Write(_input);
            return CodecResponse.Read(_output, PixelDataLimits.Default.FrameLength * 2);
        }
        catch (Exception e) when (e is IOException or EndOfStreamException or ObjectDisposedException or FormatException)
        {
            Kill();
            cancellationToken.ThrowIfCancellationRequested();
            throw new PixelDataException(PixelDataReason.CodecGaveUp, "The codec failed on this frame: it crashed, or took more time or memory than it may.");
        }
    }

    private void Kill()
    {
        if (Interlocked.Exchange(ref _killed, 1) == 0)
        {
            try
            {
                _process.Kill(entireProcessTree: true);
            }
            catch (InvalidOperationException)
            {
                // It has ended by itself.
            }
        }
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }
}
