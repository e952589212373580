namespace Vesalius.Dicom.PixelData;

/// <summary>How codecs run. They are native code fed with what strangers send, so they run in processes of their own.</summary>
public sealed record CodecOptions
{
    /// <summary>Most worker processes at once. Default: half of the processors, at least 1, at most 8; each holds one frame.</summary>
    public int Workers { get; init; } = Math.Clamp(Environment.ProcessorCount / 2, 1, 8);

    /// <summary>Longest time for one frame. Default 60 s: the largest frame allowed takes about 20 s in JPEG 2000.</summary>
    public TimeSpan FrameTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Most memory of a worker in bytes. Default 3 GiB: five copies of the largest frame.</summary>
    public long Memory { get; init; } = 3L << 30;

    /// <summary>Frames after which a worker is replaced, so that what a library leaks does not add up. Default 10,000.</summary>
    public int FramesPerWorker { get; init; } = 10_000;

    /// <summary>The worker's program file; that beside this assembly unless said.</summary>
    public string? Program { get; init; }
}
