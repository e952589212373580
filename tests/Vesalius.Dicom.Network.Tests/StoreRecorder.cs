using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Vesalius.Dicom.Network.Tests;

/// <summary>Takes objects in, and keeps what was said of each and a digest of its bytes.</summary>
internal sealed class StoreRecorder : IAssociationPolicy, IStoreHandler
{
    public ConcurrentQueue<(StoreRequest Request, string Digest, long Length)> Stored { get; } = new();

    public IEnumerable<string> Instances => Stored.Select(s => s.Request.SopInstanceUid);

    public DimseStatus Answer { get; set; } = DimseStatus.Success;

    public int Abandoned;

    public AssociationDecision Decide(AssociatePdu request, AssociationInfo association) => AssociationDecision.Accept(this);

    public IObjectSink BeginObject(StoreRequest request) => new Sink(this, request);

    private sealed class Sink(StoreRecorder recorder, StoreRequest request) : IObjectSink
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private long _length;
        private bool _completed;

        public ValueTask WriteAsync(ReadOnlySequence<byte> fragment, CancellationToken cancellationToken)
        {
            foreach (var segment in fragment)
            {
                _hash.AppendData(segment.Span);
            }

            _length += fragment.Length;
            return ValueTask.CompletedTask;
        }

        public ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
        {
            _completed = true;
            recorder.Stored.Enqueue((request, Convert.ToHexString(_hash.GetHashAndReset()), _length));
            return ValueTask.FromResult(recorder.Answer);
        }

        public ValueTask DisposeAsync()
        {
            _hash.Dispose();
            if (!_completed)
            {
                Interlocked.Increment(ref recorder.Abandoned);
            }

            return ValueTask.CompletedTask;
        }
    }
}
