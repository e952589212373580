using System.Text.Json;

namespace Vesalius.Prearchive;

/// <summary>Where an object belongs that left its prearchive session for the quarantine. Goes with it, sealed.</summary>
/// <param name="Object">Its row.</param>
/// <param name="Target">As what its session was being archived.</param>
/// <param name="StudyInstanceUid">Study of the session.</param>
/// <param name="Arrived">What identified the subject, sealed once more.</param>
/// <param name="Source">Kept with the session.</param>
/// <param name="Visit">Kept with the session.</param>
/// <param name="Protocol">Kept with the session.</param>
/// <param name="Timezone">Kept with the session.</param>
public sealed record SessionOrigin(
    PrearchiveObject Object, ArchiveRequest Target, string StudyInstanceUid, IReadOnlyList<ArrivedIdentity> Arrived, string Source, string Visit, string Protocol, string Timezone)
{
    /// <summary>As bytes.</summary>
    public byte[] Serialize() => JsonSerializer.SerializeToUtf8Bytes(this);

    /// <summary>From bytes.</summary>
    public static SessionOrigin Deserialize(ReadOnlySpan<byte> bytes) => JsonSerializer.Deserialize<SessionOrigin>(bytes)!;
}
