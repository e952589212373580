using Vesalius.Dicom;
using Vesalius.Dicom.PixelData;

namespace Vesalius.Archive.DicomQueries;

/// <summary>Opens the frames of instances; where native frames lie in a file is remembered, so that they are read without looking at the header again.</summary>
public sealed class FrameReader
{
    private const int Remembered = 100_000;
    private readonly RecentlyUsed<(string Path, string Sha256), NativeLayout> _layouts = new(Remembered, _ => 1);

    private sealed record NativeLayout(long Start, long FrameLength, int Count);

    /// <summary>Frames of a file.</summary>
    /// <exception cref="PixelDataException">It holds no image, or one that cannot be.</exception>
    /// <exception cref="MalformedDicomException">It is no DICOM file.</exception>
    public async Task<InstanceFrames> OpenAsync(DicomFile file, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(file);
        var key = (file.FullPath, file.Sha256);
        if (_layouts.Find(key) is { } known)
        {
            return new InstanceFrames(file.FullPath, known.Start, known.FrameLength, known.Count);
        }

        var part = await Part10File.OpenAsync(file.FullPath, cancellationToken: cancellationToken).ConfigureAwait(false);
        var frames = ImageFrames.Open(part.DataSet, part.TransferSyntax.Uid);
        var description = frames.Description;
        if (!frames.IsEncapsulated && description.BitsAllocated >= 8 && description.BitsAllocated % 8 == 0 && part.DataSet[description.PixelDataTag] is StreamedElement { IsBigEndian: false, Data: FileRange range }
            && range.Length >= description.TotalLength && part.TransferSyntax.Uid != "1.2.840.113619.5.2")
        {
            var layout = new NativeLayout(range.Start, description.FrameLength, frames.Count);
            _layouts.Add(key, layout);
            frames.Dispose();
            return new InstanceFrames(file.FullPath, layout.Start, layout.FrameLength, layout.Count);
        }

        return new InstanceFrames(file.FullPath, frames);
    }
}

/// <summary>Frames of one instance. Dispose it to close the file.</summary>
public sealed class InstanceFrames : IDisposable
{
    private readonly string _path;
    private readonly ImageFrames? _frames;
    private readonly long _start;
    private readonly long _length;

    internal InstanceFrames(string path, long start, long length, int count)
    {
        (_path, _start, _length, Count) = (path, start, length, count);
        TransferSyntaxUid = Uids.ExplicitVRLittleEndian;
    }

    internal InstanceFrames(string path, ImageFrames frames)
    {
        (_path, _frames, Count) = (path, frames, frames.Count);
        // Native frames come little endian, whatever the file's order is.
        TransferSyntaxUid = frames.IsEncapsulated ? frames.TransferSyntaxUid : Uids.ExplicitVRLittleEndian;
    }

    /// <summary>Number of frames.</summary>
    public int Count { get; }

    /// <summary>Syntax of the frames as <see cref="ReadStored"/> gives them.</summary>
    public string TransferSyntaxUid { get; }

    /// <summary>True if frames are codestreams.</summary>
    public bool IsEncapsulated => _frames?.IsEncapsulated == true;

    /// <summary>Where a frame lies in its file, if it can be sent from there as it is.</summary>
    /// <param name="frame">Its number from 0.</param>
    public (string Path, long Start, long Length)? RangeOf(int frame) => _frames is null ? (_path, _start + (frame * _length), _length) : null;

    /// <summary>A frame as it lies there.</summary>
    /// <param name="frame">Its number from 0.</param>
    /// <exception cref="PixelDataException">It cannot be read.</exception>
    public byte[] ReadStored(int frame)
    {
        if (_frames is not null)
        {
            return _frames.ReadEncoded(frame);
        }

        using var handle = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        var bytes = new byte[_length];
        var done = 0;
        while (done < bytes.Length && RandomAccess.Read(handle, bytes.AsSpan(done), _start + (frame * _length) + done) is > 0 and var read)
        {
            done += read;
        }

        return done == bytes.Length ? bytes : throw new PixelDataException(PixelDataReason.TooShort, "The file is shorter than its description.");
    }

    /// <summary>A frame in native form.</summary>
    /// <param name="frame">Its number from 0.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="PixelDataException">It cannot be decoded.</exception>
    public async Task<byte[]> ReadNativeAsync(int frame, CancellationToken cancellationToken) =>
        _frames is null ? ReadStored(frame) : (await _frames.ReadAsync(frame, cancellationToken).ConfigureAwait(false)).Bytes;

    /// <inheritdoc/>
    public void Dispose() => _frames?.Dispose();
}
