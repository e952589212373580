using System.IO.Compression;

namespace Vesalius.Dicom;

/// <summary>A DICOM file (PS3.10 §7): preamble, file meta information, data set. Read leniently: each of the first two may be missing.</summary>
public sealed class Part10File
{
    private Part10File(ReadOnlyMemory<byte> prefix, DataSet? fileMeta, TransferSyntax transferSyntax, DataSet dataSet, IReadOnlyList<ReadWarning> warnings)
    {
        Prefix = prefix;
        FileMeta = fileMeta;
        TransferSyntax = transferSyntax;
        DataSet = dataSet;
        Warnings = warnings;
    }

    /// <summary>Everything before the data set as it was read: preamble, <c>DICM</c>, file meta information.</summary>
    public ReadOnlyMemory<byte> Prefix { get; }

    /// <summary>File meta information (group 0002), or null if there was none.</summary>
    public DataSet? FileMeta { get; }

    /// <summary>The transfer syntax named, or the one found by looking where none is or another is used.</summary>
    public TransferSyntax TransferSyntax { get; }

    /// <summary>The data set.</summary>
    public DataSet DataSet { get; }

    /// <summary>Violations that were read leniently.</summary>
    public IReadOnlyList<ReadWarning> Warnings { get; }

    /// <summary>For a deflated file that was not edited: the deflated bytes, so that it can be written back unchanged.</summary>
    internal ReadOnlyMemory<byte> Deflated { get; private init; }

    /// <summary>Reads a file that lies in memory. Elements refer to the bytes given.</summary>
    /// <exception cref="MalformedDicomException">The bytes are no DICOM file even leniently.</exception>
    public static Part10File Read(ReadOnlyMemory<byte> bytes, ReadOptions? options = null)
    {
        options ??= ReadOptions.Default;
        var warnings = new List<ReadWarning>();
        var prefix = Part10Prefix.Read(bytes, warnings, isComplete: true)
            ?? throw new MalformedDicomException(MalformedReason.Truncated, bytes.Length, null, "PS3.10 §7.1");
        var body = bytes[prefix.Length..];
        var deflated = default(ReadOnlyMemory<byte>);
        if (prefix.TransferSyntax is { IsDeflated: true })
        {
            deflated = body;
            body = Inflate(body, options.Limits);
        }

        var syntax = EncodingGuess.Resolve(body.Span, prefix, warnings);
        DataSet dataSet;
        try
        {
            dataSet = options.StopBeforePixelData
                ? DataSetReader.ReadHeader(body, isComplete: true, syntax.Encoding, options, warnings).DataSet!
                : DataSetReader.Read(body, syntax.Encoding, options, warnings);
        }
        catch (MalformedDicomException e)
        {
            throw new MalformedDicomException(e.Reason, e.Offset + prefix.Length, e.Tag, e.Section);
        }

        return new Part10File(bytes[..prefix.Length], prefix.FileMeta, syntax, dataSet, warnings) { Deflated = deflated };
    }

    /// <summary>Looks at the start of a file: where its data set begins and how it is encoded.</summary>
    /// <param name="start">The first bytes of the file.</param>
    /// <returns>Null if more bytes are needed.</returns>
    /// <exception cref="MalformedDicomException">The bytes are no DICOM file even leniently.</exception>
    public static (int DataSetStart, TransferSyntax TransferSyntax)? FindDataSet(ReadOnlyMemory<byte> start)
    {
        var warnings = new List<ReadWarning>();
        if (Part10Prefix.Read(start, warnings, isComplete: false) is not { } prefix || start.Length < prefix.Length + 8)
        {
            return null;
        }

        return (prefix.Length, prefix.TransferSyntax is { IsDeflated: true } deflated ? deflated : EncodingGuess.Resolve(start.Span[prefix.Length..], prefix, warnings));
    }

    private static byte[] Inflate(ReadOnlyMemory<byte> body, ReadLimits limits)
    {
        using var source = new MemoryStream(body.ToArray(), writable: false);
        using var inflater = new DeflateStream(source, CompressionMode.Decompress);
        using var result = new MemoryStream();
        var buffer = new byte[64 * 1024];
        try
        {
            int read;
            while ((read = inflater.Read(buffer)) > 0)
            {
                if (result.Length + read > limits.InflatedLength)
                {
                    throw new MalformedDicomException(MalformedReason.LimitExceeded, source.Position, null, "ReadLimits.InflatedLength");
                }

                result.Write(buffer, 0, read);
            }
        }
        catch (InvalidDataException)
        {
            throw new MalformedDicomException(MalformedReason.DeflateFailed, source.Position, null, "PS3.5 §A.5");
        }

        return result.ToArray();
    }

    /// <summary>Reads a file from disk. Pixel data of large files stays on disk and is opened when someone reads it.</summary>
    /// <exception cref="MalformedDicomException">The file is no DICOM file even leniently.</exception>
    public static Task<Part10File> OpenAsync(string path, ReadOptions? options = null, CancellationToken cancellationToken = default) =>
        FromFileAsync(path, options ?? ReadOptions.Default, headerOnly: false, cancellationToken);

    /// <summary>Reads a file from disk up to its pixel data, and as few bytes as that takes.</summary>
    /// <exception cref="MalformedDicomException">The file is no DICOM file even leniently.</exception>
    public static Task<Part10File> ReadHeaderAsync(string path, ReadOptions? options = null, CancellationToken cancellationToken = default) =>
        FromFileAsync(path, (options ?? ReadOptions.Default) with { StopBeforePixelData = true }, headerOnly: true, cancellationToken);

    private const int SmallFile = 16 * 1024 * 1024;

    private static async Task<Part10File> FromFileAsync(string path, ReadOptions options, bool headerOnly, CancellationToken cancellationToken)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.Asynchronous);
        var length = RandomAccess.GetLength(handle);
        // Only as much as the header is likely to be; where large values are wanted in memory, the whole of what is not huge.
        var size = (int)Math.Min(length, headerOnly ? 32 * 1024 : options.LargeValueLength == int.MaxValue ? SmallFile : 64 * 1024);
        while (true)
        {
            var bytes = new byte[size];
            var read = await ReadFullyAsync(handle, bytes, 0, cancellationToken).ConfigureAwait(false);
            var isComplete = read >= length;
            if (isComplete)
            {
                return Read(bytes.AsMemory(0, read), options);
            }

            if (await TryReadPartAsync(handle, path, bytes, length, options, cancellationToken).ConfigureAwait(false) is { } file)
            {
                return file;
            }

            size = (int)Math.Min(length, Math.Min((long)size * 4, options.Limits.HeaderLength));
            if (size == bytes.Length)
            {
                throw new MalformedDicomException(MalformedReason.LimitExceeded, size, null, "ReadLimits.HeaderLength");
            }
        }
    }

    private static async Task<Part10File?> TryReadPartAsync(
        Microsoft.Win32.SafeHandles.SafeFileHandle handle, string path, ReadOnlyMemory<byte> bytes, long length, ReadOptions options, CancellationToken cancellationToken)
    {
        var warnings = new List<ReadWarning>();
        if (Part10Prefix.Read(bytes, warnings, isComplete: false) is not { } prefix)
        {
            return null;
        }

        if (prefix.TransferSyntax is { IsDeflated: true })
        {
            if (length > options.Limits.InflatedLength)
            {
                throw new MalformedDicomException(MalformedReason.LimitExceeded, length, null, "ReadLimits.InflatedLength");
            }

            var all = new byte[length];
            await ReadFullyAsync(handle, all, 0, cancellationToken).ConfigureAwait(false);
            return Read(all, options);
        }

        var body = bytes[prefix.Length..];
        var syntax = EncodingGuess.Resolve(body.Span, prefix, warnings);
        var header = DataSetReader.ReadHeader(body, isComplete: false, syntax.Encoding, options, warnings);
        if (header.DataSet is null)
        {
            return null;
        }

        var position = (long)prefix.Length + header.Consumed;
        if (header.PixelData is { } pixels && !options.StopBeforePixelData)
        {
            var valueStart = position + pixels.HeaderLength;
            var end = pixels.Length is { } known
                ? valueStart + known
                : await FragmentScan.FindEndAsync(handle, valueStart, length, cancellationToken).ConfigureAwait(false);
            if (end > length)
            {
                throw new MalformedDicomException(MalformedReason.Truncated, length, pixels.Tag, "PS3.5 §7.1");
            }

            header.DataSet.Append(new StreamedElement(pixels.Tag, pixels.Vr, new FileRange(path, valueStart, end - valueStart), pixels.Length is null, syntax.Encoding.BigEndian)
            {
                Raw = body.Slice(header.Consumed, pixels.HeaderLength),
                RawEncoding = syntax.Encoding,
            });
            await AppendTrailingAsync(handle, header.DataSet, end, length, syntax, options, warnings, cancellationToken).ConfigureAwait(false);
        }

        return new Part10File(bytes[..prefix.Length], prefix.FileMeta, syntax, header.DataSet, warnings);
    }

    private static async Task AppendTrailingAsync(
        Microsoft.Win32.SafeHandles.SafeFileHandle handle, DataSet dataSet, long start, long length, TransferSyntax syntax, ReadOptions options, List<ReadWarning> warnings, CancellationToken cancellationToken)
    {
        if (length - start > options.Limits.HeaderLength)
        {
            throw new MalformedDicomException(MalformedReason.LimitExceeded, start, null, "ReadLimits.HeaderLength");
        }

        var trailing = new byte[length - start];
        await ReadFullyAsync(handle, trailing, start, cancellationToken).ConfigureAwait(false);
        foreach (var element in DataSetReader.Read(trailing, syntax.Encoding, options, warnings))
        {
            dataSet.Append(element);
        }
    }

    private static async Task<int> ReadFullyAsync(Microsoft.Win32.SafeHandles.SafeFileHandle handle, Memory<byte> target, long offset, CancellationToken cancellationToken)
    {
        var total = 0;
        while (total < target.Length)
        {
            var read = await RandomAccess.ReadAsync(handle, target[total..], offset + total, cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }

    /// <summary>Encodes the file as it now is. What was not edited keeps its bytes.</summary>
    public EncodedDataSet Encode()
    {
        if (FileMeta is not { IsModified: true } && !DataSet.IsModified)
        {
            return EncodedDataSet.Join(Prefix, Deflated.IsEmpty ? DataSetWriter.Encode(DataSet, TransferSyntax.Encoding) : null, Deflated);
        }

        var meta = FileMeta is { } own ? own : Part10Writer.MakeFileMeta(
            DataSet.GetString(Tag.SOPClassUID) ?? "", DataSet.GetString(Tag.SOPInstanceUID) ?? "", TransferSyntax.Uid);
        return Part10Writer.Encode(meta, DataSet, TransferSyntax);
    }
}
