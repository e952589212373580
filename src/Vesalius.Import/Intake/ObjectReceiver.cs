using System.Buffers;
using Microsoft.Extensions.Logging;
using Vesalius.Dicom;
using Vesalius.Dicom.Network;

namespace Vesalius.Import;

/// <summary>Takes in objects as they come over the network, from whichever protocol: in memory as far as that goes, pixel data of large ones in a file.</summary>
public sealed class ObjectReceiver(ObjectIntake intake, IntakeLimits limits, MemoryBudget budget, string spoolFolder, ILogger<ObjectReceiver> logger)
{
    // More than this before the data set is found is no DICOM file.
    private const int LongestPrefix = 4 << 20;

    /// <summary>A handler of the objects of one association.</summary>
    /// <param name="source">Where they come from; the originator of a C-MOVE is added per object.</param>
    public IStoreHandler HandlerFor(IntakeSource source) => new Handler(this, source);

    /// <summary>Takes in a DICOM file (PS3.10) that comes as a stream.</summary>
    /// <exception cref="MalformedDicomException">It cannot be read, or lacks what identifies an object.</exception>
    public async Task<IntakeResult> TakeFileAsync(Stream file, IntakeSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(file);
        using var start = new MemoryStream();
        var chunk = ArrayPool<byte>.Shared.Rent(1 << 17);
        ObjectBuffer? buffer = null;
        try
        {
            int read;
            while ((read = await file.ReadAsync(chunk, cancellationToken).ConfigureAwait(false)) > 0)
            {
                if (buffer is not null)
                {
                    await buffer.WriteAsync(chunk.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                    continue;
                }

                start.Write(chunk, 0, read);
                if (start.Length > LongestPrefix)
                {
                    buffer = await BeginAsync(start.ToArray(), cancellationToken).ConfigureAwait(false);
                }
            }

            if (buffer is not null)
            {
                return await intake.TakeAsync(buffer.Complete(), buffer.TransferSyntax, source, cancellationToken).ConfigureAwait(false);
            }

            var whole = Part10File.Read(start.ToArray());
            return await intake.TakeAsync(whole.DataSet, whole.TransferSyntax, source, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
            buffer?.Dispose();
        }
    }

    private async Task<ObjectBuffer> BeginAsync(byte[] start, CancellationToken cancellationToken)
    {
        if (Part10File.FindDataSet(start) is not { } found)
        {
            throw new MalformedDicomException(MalformedReason.LimitExceeded, start.Length, null, "PS3.10 §7.1");
        }

        var buffer = new ObjectBuffer(found.TransferSyntax, spoolFolder, limits, budget);
        await buffer.WriteAsync(start.AsMemory(found.DataSetStart), cancellationToken).ConfigureAwait(false);
        return buffer;
    }

    private sealed class Handler(ObjectReceiver receiver, IntakeSource source) : IStoreHandler
    {
        public IObjectSink BeginObject(StoreRequest request) => new Sink(receiver, source with { MoveOriginator = request.MoveOriginatorAeTitle }, request);
    }

    private sealed class Sink(ObjectReceiver receiver, IntakeSource source, StoreRequest request) : IObjectSink
    {
        private readonly TransferSyntax _syntax = TransferSyntax.Find(request.TransferSyntaxUid);
        private readonly ObjectBuffer _buffer = new(TransferSyntax.Find(request.TransferSyntaxUid), receiver.Spool, receiver.Limits, receiver.Budget);

        public async ValueTask WriteAsync(ReadOnlySequence<byte> fragment, CancellationToken cancellationToken)
        {
            foreach (var segment in fragment)
            {
                await _buffer.WriteAsync(segment, cancellationToken).ConfigureAwait(false);
            }
        }

        public async ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
        {
            try
            {
                var dataSet = _buffer.Complete();
                await receiver.Intake.TakeAsync(dataSet, _syntax, source, cancellationToken).ConfigureAwait(false);
                return DimseStatus.Success;
            }
            catch (MalformedDicomException e)
            {
                // Tag and reason, never a value; the comment may have 64 characters.
                ImportLog.Refused(receiver.Log, request.Association.Id, e.Message);
                return DimseStatus.CannotUnderstand(e.Message.Length > 64 ? e.Message[..64] : e.Message);
            }
        }

        public ValueTask DisposeAsync()
        {
            _buffer.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private ObjectIntake Intake => intake;

    private IntakeLimits Limits => limits;

    private MemoryBudget Budget => budget;

    private string Spool => spoolFolder;

    private ILogger Log => logger;
}
