using System.Collections.Concurrent;
using System.Globalization;
using Vesalius.Archive.Storage;
using Vesalius.Database;
using Vesalius.Prearchive;

namespace Vesalius.Import;

/// <summary>A prearchive session that objects are joining, with what it holds.</summary>
/// <param name="session">Session.</param>
/// <param name="folder">Its folder.</param>
/// <param name="turns">What <see cref="SessionGates.TurnsOf"/> said before the session was read: true of it as long as that says the same.</param>
internal sealed class OpenSession(PrearchiveSession session, string folder, long turns)
{
    private const int MostIdentities = 10_000;
    private readonly Dictionary<string, string> _scanOfSeries = [];
    private readonly HashSet<string> _folders = [];
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<bool>>> _identities = new(StringComparer.Ordinal);

    public PrearchiveSession Session => session;

    public string Folder => folder;

    public long Turns => turns;

    /// <summary>Instances, each with the hash of its bytes once it is stored.</summary>
    public ConcurrentDictionary<string, Task<string>> Instances { get; } = new(StringComparer.Ordinal);

    public void Know(PrearchiveObject item)
    {
        _scanOfSeries.TryAdd(item.SeriesInstanceUid, item.ScanId);
        Instances.TryAdd(item.SopInstanceUid, Task.FromResult(item.Sha256));
    }

    /// <summary>Sees to it that what identified the subject is kept with the session: one write for each thing said, not for each object.</summary>
    /// <returns>False if the session is no longer there.</returns>
    public async ValueTask<bool> KnowAsync(ArrivedIdentity identity, ArrivedIdentifiers identifiers)
    {
        if (_identities.Count > MostIdentities)
        {
            _identities.Clear();
        }

        var keeping = _identities.GetOrAdd(identity.Fingerprint, _ => new Lazy<Task<bool>>(() => identifiers.KeepAsync(session.Id, identity, CancellationToken.None)));
        try
        {
            return await keeping.Value.ConfigureAwait(false);
        }
        catch
        {
            _identities.TryRemove(new KeyValuePair<string, Lazy<Task<bool>>>(identity.Fingerprint, keeping));
            throw;
        }
    }

    /// <summary>The scan of a series: its number, or number-MODALITYk if another series has it.</summary>
    public string ScanOf(string seriesInstanceUid, string? seriesNumber, string modality)
    {
        lock (_lock)
        {
            if (_scanOfSeries.TryGetValue(seriesInstanceUid, out var known))
            {
                return known;
            }

            var number = string.IsNullOrWhiteSpace(seriesNumber) ? seriesInstanceUid.Replace('.', '_') : seriesNumber.Trim();
            var scan = ArchiveLayout.ScanFolder(number.Length == 0 ? "0" : number);
            var stem = scan;
            for (var k = 1; _scanOfSeries.ContainsValue(scan); k++)
            {
                scan = ArchiveLayout.ScanFolder($"{stem}-{(modality.Length > 0 ? modality : "OT")}{k}");
            }

            return _scanOfSeries[seriesInstanceUid] = scan;
        }
    }

    public void EnsureFolder(string path)
    {
        lock (_lock)
        {
            if (_folders.Add(path))
            {
                DurableFile.CreateFolder(path);
            }
        }
    }
}

/// <summary>Finds or makes the prearchive session that an object joins.</summary>
internal sealed class OpenSessions(VesaliusDatabase database, PrearchiveStore store, SessionGates gates, TimeProvider time)
{
    private const int MostKept = 2000;
    private readonly ConcurrentDictionary<string, Lazy<Task<OpenSession>>> _open = new(StringComparer.Ordinal);

    private static string KeyOf(Identity identity, string study, IntakeSource source) =>
        string.Join('\n', identity.ProjectId, identity.Subject, identity.Session, study, source.PreventAnonymisation, source.TimestampFolder, source.DirectArchive);

    public async Task<OpenSession> FindAsync(Identity identity, string studyInstanceUid, IntakeSource source)
    {
        var key = KeyOf(identity, studyInstanceUid, source);
        if (_open.Count > MostKept)
        {
            _open.Clear();
        }

        var opening = _open.GetOrAdd(key, _ => new Lazy<Task<OpenSession>>(() => OpenAsync(identity, studyInstanceUid, source)));
        try
        {
            return await opening.Value.ConfigureAwait(false);
        }
        catch
        {
            _open.TryRemove(new KeyValuePair<string, Lazy<Task<OpenSession>>>(key, opening));
            throw;
        }
    }

    public void Forget(Identity identity, string studyInstanceUid, IntakeSource source) => _open.TryRemove(KeyOf(identity, studyInstanceUid, source), out _);

    private async Task<OpenSession> OpenAsync(Identity identity, string study, IntakeSource source)
    {
        var existing = await database.FindAsync<long?>(
            """
            select id from prearchive_session where project_id is not distinct from @ProjectId and study_instance_uid = @study and label = @Session and subject = @Subject
                and prevent_anonymisation = @PreventAnonymisation and status in ('RECEIVING', 'BUILDING', 'READY', 'CONFLICT', 'ERROR')
                and (@TimestampFolder::text is null or timestamp_folder = @TimestampFolder)
                and direct_archive = (@DirectArchive and project_id is not null) order by id desc limit 1
            """,
            new { identity.ProjectId, study, identity.Session, identity.Subject, source.PreventAnonymisation, source.TimestampFolder, source.DirectArchive }, CancellationToken.None).ConfigureAwait(false);
        var id = existing ?? await CreateAsync(identity, study, source).ConfigureAwait(false);
        // What the journal holds for it has to be counted too.
        await gates.SettleAsync(id, CancellationToken.None).ConfigureAwait(false);
        var turns = gates.TurnsOf(id);
        if (await store.FindAsync(id, CancellationToken.None).ConfigureAwait(false) is not { } session)
        {
            // Archived or removed since it was found.
            return await OpenAsync(identity, study, source).ConfigureAwait(false);
        }

        var open = new OpenSession(session, store.FolderOf(session), turns);
        foreach (var item in await store.ObjectsAsync(id, CancellationToken.None).ConfigureAwait(false))
        {
            open.Know(item);
        }

        return open;
    }

    private async Task<long> CreateAsync(Identity identity, string study, IntakeSource source)
    {
        var now = time.GetUtcNow();
        for (var attempt = 0; ; attempt++)
        {
            var timestamp = source.TimestampFolder ?? now.AddMilliseconds(attempt).ToString("yyyyMMdd_HHmmssfff", CultureInfo.InvariantCulture);
            var folder = attempt > 0 && source.TimestampFolder is not null ? $"{identity.Session}_{attempt}" : identity.Session;
            var id = await database.FindAsync<long?>(
                """
                insert into prearchive_session (project_id, timestamp_folder, folder, subject, label, study_instance_uid, auto_archive, prevent_anonymisation, prevent_auto_commit, source, visit, protocol, timezone,
                    direct_archive, quarantine, fields)
                select p.id, @timestamp, @folder, @Subject, @Session, @study, @autoArchive, @PreventAnonymisation, @PreventAutoCommit, @Source, @Visit, @Protocol, @Timezone,
                    @DirectArchive and p.id is not null, @Quarantine, @fields::jsonb
                from (select 1) one left join (select id from archive_project where id = @ProjectId for key share) p on true
                on conflict do nothing returning id
                """,
                new
                {
                    identity.ProjectId, timestamp, folder, identity.Subject, identity.Session, study, autoArchive = source.AutoArchive ?? identity.AutoArchive,
                    source.PreventAnonymisation, source.PreventAutoCommit, source.Source, source.Visit, source.Protocol, source.Timezone,
                    DirectArchive = source.DirectArchive && identity.ProjectId is not null, source.Quarantine, fields = System.Text.Json.JsonSerializer.Serialize(source.Fields),
                },
                CancellationToken.None).ConfigureAwait(false);
            if (id is { } made)
            {
                return made;
            }
        }
    }
}
