using Xunit;

namespace Vesalius.Acceptance.Faults;

/// <summary>Sends until all is acknowledged, as a modality's queue does: what got no success is sent again.</summary>
internal static class Resending
{
    private const int Lanes = 4;

    /// <summary>One pass over what is not acknowledged yet, on four associations.</summary>
    /// <param name="port">Port.</param>
    /// <param name="objects">All objects.</param>
    /// <param name="acknowledged">Instances with success; added to.</param>
    /// <param name="onAcknowledged">Told how many are acknowledged.</param>
    /// <param name="refusal">The status that is allowed besides success; null for none.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>True if every association lasted to its end.</returns>
    public static async Task<bool> PassAsync(
        int port, IReadOnlyList<SmallObject> objects, HashSet<string> acknowledged, Action<int> onAcknowledged, ushort? refusal, CancellationToken cancellationToken)
    {
        var left = objects.Where(o => !acknowledged.Contains(o.SopInstanceUid)).ToList();
        var ended = await Task.WhenAll(Enumerable.Range(0, Lanes).Select(async lane =>
        {
            try
            {
                var sender = await AcknowledgedSender.OpenAsync(port, cancellationToken).ConfigureAwait(false);
                await using (sender.ConfigureAwait(false))
                {
                    foreach (var item in left.Where((_, index) => index % Lanes == lane))
                    {
                        var status = await sender.StoreAsync(item, cancellationToken).ConfigureAwait(false);
                        Assert.True(status == 0 || status == refusal, $"Status {status:X4}.");
                        if (status == 0)
                        {
                            lock (acknowledged)
                            {
                                acknowledged.Add(item.SopInstanceUid);
                                onAcknowledged(acknowledged.Count);
                            }
                        }
                    }
                }

                return true;
            }
            catch (IOException)
            {
                return false;
            }
        })).ConfigureAwait(false);
        return Array.TrueForAll(ended, e => e);
    }

    /// <summary>Passes until all is acknowledged; fails after a minute.</summary>
    public static async Task FinishAsync(int port, IReadOnlyList<SmallObject> objects, HashSet<string> acknowledged, ushort? refusal, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromMinutes(1));
        while (acknowledged.Count < objects.Count)
        {
            await PassAsync(port, objects, acknowledged, _ => { }, refusal, deadline.Token).ConfigureAwait(false);
        }
    }
}
