using System.Security.Cryptography;
using System.Text;
using Vesalius.Anonymisation.Residual;
using Vesalius.Database;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>What identified the subject in one object as it came, sealed.</summary>
/// <param name="Fingerprint">Keyed hash: equal for objects that say the same.</param>
/// <param name="StudyKey">Keyed hash of the Study Instance UID.</param>
/// <param name="Sealed">The identifiers, encrypted.</param>
public sealed record ArrivedIdentity(string Fingerprint, byte[] StudyKey, byte[] Sealed);

/// <summary>Keeps what identified a session's subject before any script ran, encrypted, until the session is archived or deleted (R14, decision 0022).
/// Safe for use by several threads.</summary>
/// <param name="database">Database; it never sees an identifier in the clear.</param>
/// <param name="key">32 bytes, kept outside the database.</param>
public sealed class ArrivedIdentifiers(VesaliusDatabase database, ReadOnlyMemory<byte> key)
{
    private readonly byte[] _sealKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, key.ToArray(), 32, info: "identifiers"u8.ToArray());
    private readonly byte[] _hashKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, key.ToArray(), 32, info: "fingerprint"u8.ToArray());

    /// <summary>Gathers what identifies the subject. To be called before anything edits the object.</summary>
    public ArrivedIdentity Gather(DataSet dataSet)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        var plain = KnownIdentifiers.Of(dataSet).Serialize();
        var study = StudyKey(dataSet.GetString(Tag.StudyInstanceUID) ?? "");
        return new ArrivedIdentity(Convert.ToBase64String(HMACSHA256.HashData(_hashKey, study.Concat(plain).ToArray())), study, SealedBytes.Seal(_sealKey, plain));
    }

    /// <summary>Keyed hash of a Study Instance UID: tells studies apart and leads to no patient.</summary>
    public byte[] StudyKey(string studyInstanceUid) => HMACSHA256.HashData(_hashKey, Encoding.UTF8.GetBytes(studyInstanceUid))[..16];

    /// <summary>Keeps an identity with its session. When this returns, it is committed.</summary>
    /// <returns>False if the session is no longer there.</returns>
    public async Task<bool> KeepAsync(long sessionId, ArrivedIdentity identity, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return await database.ExecuteAsync(
            """
            insert into prearchive_identifier (session_id, fingerprint, study_key, sealed) select id, @fingerprint, @StudyKey, @Sealed from prearchive_session where id = @sessionId
            on conflict (session_id, fingerprint) do update set fingerprint = excluded.fingerprint
            """,
            new { sessionId, fingerprint = Convert.FromBase64String(identity.Fingerprint), identity.StudyKey, identity.Sealed }, cancellationToken).ConfigureAwait(false) == 1;
    }

    /// <summary>The identities of a session, still sealed.</summary>
    public async Task<IReadOnlyList<ArrivedIdentity>> SealedAsync(long sessionId, CancellationToken cancellationToken) =>
        [.. (await database.QueryAsync<(byte[] Fingerprint, byte[] StudyKey, byte[] Sealed)>(
            "select fingerprint, study_key, sealed from prearchive_identifier where session_id = @sessionId", new { sessionId }, cancellationToken).ConfigureAwait(false))
            .Select(r => new ArrivedIdentity(Convert.ToBase64String(r.Fingerprint), r.StudyKey, r.Sealed))];

    /// <summary>All that identified a session's subject, in the clear, for memory only.</summary>
    /// <exception cref="CryptographicException">It was sealed with another key.</exception>
    public async Task<KnownIdentifiers> OpenAsync(long sessionId, CancellationToken cancellationToken) =>
        Open(await SealedAsync(sessionId, cancellationToken).ConfigureAwait(false));

    /// <summary>What sealed identities hold, in the clear, for memory only.</summary>
    /// <exception cref="CryptographicException">They were sealed with another key.</exception>
    public KnownIdentifiers Open(IEnumerable<ArrivedIdentity> identities)
    {
        ArgumentNullException.ThrowIfNull(identities);
        var known = new KnownIdentifiers();
        foreach (var identity in identities)
        {
            known.Add(KnownIdentifiers.Deserialize(SealedBytes.Unseal(_sealKey, identity.Sealed)));
        }

        return known;
    }
}
