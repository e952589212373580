using System.IO.Compression;
using System.Runtime.CompilerServices;
using Vesalius.Database;

namespace Vesalius.Archive.DicomQueries;

/// <summary>Bounds of what is remembered about series.</summary>
public sealed record DigestLimits
{
    /// <summary>Largest resource that is remembered, in files. Default 5,000; larger ones are read anew for each request, part by part.</summary>
    public int Files { get; init; } = 5000;

    /// <summary>Digests held in memory, in bytes. Default 96 MiB: some 40 series of 500 slices.</summary>
    public long Memory { get; init; } = 96L << 20;

    /// <summary>Files whose headers are read at the same time. Default 4.</summary>
    public int Readers { get; init; } = 4;
}

/// <summary>Remembers what DICOMweb says about the instances of a resource: made when it is first asked for, kept in the database beside the rows that it describes, so that
/// it goes with them, and never used when the fingerprint of the files is another. Safe for use by several threads.</summary>
public sealed class DigestStore(VesaliusDatabase database, DicomFileDirectory directory, ResourceDirectory resources, DigestLimits limits)
{
    // Changes with the form of what is kept.
    private const int Form = 1;
    private readonly RecentlyUsed<(long Resource, string Fingerprint), IReadOnlyList<InstanceDigest>> _recent = new(limits.Memory, d => d.Sum(i => i.Json.Length + 400L));
    private readonly AloneByKey<long> _alone = new();

    /// <summary>Digests of the instances in some resources, in order, in parts that fit in memory.</summary>
    /// <param name="study">Study by which they are found.</param>
    /// <param name="places">Resources with their fingerprints.</param>
    /// <param name="threshold">Values longer than this many bytes are addresses.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async IAsyncEnumerable<IReadOnlyList<InstanceDigest>> ReadAsync(
        string study, IReadOnlyList<DicomPlace> places, int threshold, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(places);
        foreach (var place in places)
        {
            if (place.Files <= limits.Files)
            {
                yield return await OfAsync(study, place, threshold, cancellationToken).ConfigureAwait(false);
                continue;
            }

            foreach (var part in (await directory.FilesAsync(place, resources, cancellationToken).ConfigureAwait(false)).Chunk(500))
            {
                yield return await MakeAsync(study, part, threshold, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Throws away what is remembered of a session or, without one, of all sessions of a project or subject in it, without any of them of all; it is made anew when it is next asked for.</summary>
    /// <returns>How many resources were forgotten.</returns>
    public Task<int> ForgetAsync(string? projectId, string? subjectId, string? sessionId, CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        delete from archive_resource_digest g using archive_resource r left join archive_scan c on c.key = r.scan_key left join archive_experiment a on a.id = r.experiment_id,
            archive_experiment e
        where g.resource_id = r.id and e.id = coalesce(c.experiment_id, a.session_id) and (@sessionId::text is not null or @projectId::text is null or e.project_id = @projectId)
            and (@sessionId::text is null or e.id = @sessionId) and (@subjectId::text is null or e.subject_id = @subjectId)
        """,
        new { projectId, subjectId, sessionId }, cancellationToken);

    private async Task<IReadOnlyList<InstanceDigest>> OfAsync(string study, DicomPlace place, int threshold, CancellationToken cancellationToken)
    {
        var key = (place.ResourceId, $"{Form} {threshold} {study} {place.Fingerprint}");
        if (_recent.Find(key) is { } known)
        {
            return known;
        }

        // Those who ask at the same time wait for the first.
        using var alone = await _alone.EnterAsync(place.ResourceId, cancellationToken).ConfigureAwait(false);
        if (_recent.Find(key) is { } made)
        {
            return made;
        }

        var stored = await database.FindAsync<byte[]>(
            "select content from archive_resource_digest where resource_id = @ResourceId and fingerprint = @fingerprint", new { place.ResourceId, fingerprint = key.Item2 }, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<InstanceDigest>? digests = stored is null ? null : Unpack(stored);
        if (digests is null)
        {
            digests = await MakeAsync(study, await directory.FilesAsync(place, resources, cancellationToken).ConfigureAwait(false), threshold, cancellationToken).ConfigureAwait(false);
            // A resource that was deleted meanwhile has no place for it.
            await database.ExecuteAsync(
                """
                insert into archive_resource_digest (resource_id, fingerprint, content) select id, @fingerprint, @content from archive_resource where id = @ResourceId
                on conflict (resource_id) do update set fingerprint = excluded.fingerprint, content = excluded.content, made = now()
                """,
                new { place.ResourceId, fingerprint = key.Item2, content = Pack(digests) }, cancellationToken).ConfigureAwait(false);
        }

        _recent.Add(key, digests);
        return digests;
    }

    private async Task<IReadOnlyList<InstanceDigest>> MakeAsync(string study, IReadOnlyList<DicomFile> files, int threshold, CancellationToken cancellationToken)
    {
        var digests = new InstanceDigest?[files.Count];
        await Parallel.ForAsync(0, files.Count, new ParallelOptions { MaxDegreeOfParallelism = limits.Readers, CancellationToken = cancellationToken }, async (i, cancelled) =>
            digests[i] = await InstanceDigest.ReadAsync(files[i], study, threshold, cancelled).ConfigureAwait(false)).ConfigureAwait(false);
        return [.. digests.OfType<InstanceDigest>()];
    }

    private static byte[] Pack(IReadOnlyList<InstanceDigest> digests)
    {
        using var packed = new MemoryStream();
        using (var writer = new BinaryWriter(new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true)))
        {
            writer.Write(digests.Count);
            foreach (var digest in digests)
            {
                digest.Write(writer);
            }
        }

        return packed.ToArray();
    }

    private static List<InstanceDigest>? Unpack(byte[] packed)
    {
        try
        {
            using var reader = new BinaryReader(new BrotliStream(new MemoryStream(packed, writable: false), CompressionMode.Decompress));
            var digests = new List<InstanceDigest>(reader.ReadInt32());
            for (var i = digests.Capacity; i > 0; i--)
            {
                digests.Add(InstanceDigest.Read(reader));
            }

            return digests;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or InvalidOperationException or ArgumentException)
        {
            // Made anew.
            return null;
        }
    }
}
