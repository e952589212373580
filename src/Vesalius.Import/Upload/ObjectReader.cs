using Vesalius.Dicom;

namespace Vesalius.Import;

/// <summary>An object that was read from a stream. Its pixel data may lie in a spool file that goes with it.</summary>
internal sealed class ReadObject(DataSet dataSet, TransferSyntax transferSyntax, Part10File? file, ObjectBuffer? buffer) : IDisposable
{
    public DataSet DataSet => dataSet;

    public TransferSyntax TransferSyntax => transferSyntax;

    /// <summary>The whole file; null where it was too large for memory.</summary>
    public Part10File? File => file;

    public void Dispose() => buffer?.Dispose();
}

/// <summary>Reads objects from streams: held in memory, pixel data of large ones in a file; a header never is.</summary>
internal sealed class ObjectReader(IntakeLimits limits, MemoryBudget budget)
{
    private const int Whole = 4 << 20;

    /// <summary>Reads an object to the end of the stream.</summary>
    /// <param name="content">A Part 10 file, or a data set alone.</param>
    /// <param name="spoolFolder">For pixel data of large objects.</param>
    /// <param name="counted">Called with the bytes of each read; may throw.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="MalformedDicomException">It is no DICOM object.</exception>
    public async Task<ReadObject> ReadAsync(Stream content, string spoolFolder, Action<int>? counted, CancellationToken cancellationToken)
    {
        ObjectBuffer? buffer = null;
        try
        {
            var start = new MemoryStream();
            var chunk = new byte[1 << 17];
            int read;
            while ((read = await content.ReadAsync(chunk, cancellationToken).ConfigureAwait(false)) > 0)
            {
                counted?.Invoke(read);
                if (buffer is not null)
                {
                    await buffer.WriteAsync(chunk.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                    continue;
                }

                start.Write(chunk, 0, read);
                if (start.Length > Whole)
                {
                    buffer = await BeginAsync(start.ToArray(), spoolFolder, cancellationToken).ConfigureAwait(false);
                }
            }

            if (buffer is not null)
            {
                return new ReadObject(buffer.Complete(), buffer.TransferSyntax, null, buffer);
            }

            var file = Part10File.Read(start.ToArray());
            return new ReadObject(file.DataSet, file.TransferSyntax, file, null);
        }
        catch
        {
            buffer?.Dispose();
            throw;
        }
    }

    private async Task<ObjectBuffer> BeginAsync(byte[] start, string spoolFolder, CancellationToken cancellationToken)
    {
        if (Part10File.FindDataSet(start) is not { } found)
        {
            throw new MalformedDicomException(MalformedReason.LimitExceeded, start.Length, null, "PS3.10 §7.1");
        }

        var buffer = new ObjectBuffer(found.TransferSyntax, spoolFolder, limits, budget);
        try
        {
            await buffer.WriteAsync(start.AsMemory(found.DataSetStart), cancellationToken).ConfigureAwait(false);
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }
}
