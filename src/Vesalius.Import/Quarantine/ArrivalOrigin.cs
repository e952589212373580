using System.Text.Json;
using Vesalius.Prearchive;

namespace Vesalius.Import;

/// <summary>How an object came that the site's script failed on. Goes with it into the quarantine, sealed.</summary>
/// <param name="Source">Where it came from, with the labels that were found for it.</param>
/// <param name="Arrived">What identified the subject, sealed once more.</param>
internal sealed record ArrivalOrigin(IntakeSource Source, IReadOnlyList<ArrivedIdentity> Arrived)
{
    /// <summary>As bytes.</summary>
    // Routing rules have done their work: the labels that they found are given.
    public byte[] Serialize() => JsonSerializer.SerializeToUtf8Bytes(this with { Source = Source with { Rules = null } });

    /// <summary>From bytes.</summary>
    public static ArrivalOrigin Deserialize(ReadOnlySpan<byte> bytes) => JsonSerializer.Deserialize<ArrivalOrigin>(bytes)!;
}
