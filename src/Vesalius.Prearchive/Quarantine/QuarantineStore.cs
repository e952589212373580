using System.Security.Cryptography;
using Dapper;
using Npgsql;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Database;

namespace Vesalius.Prearchive;

/// <summary>An object that goes into quarantine.</summary>
/// <param name="ProjectId">Project it is meant for; null if unassigned.</param>
/// <param name="Reason">Why.</param>
/// <param name="Receiver">Where it came in.</param>
/// <param name="StudyKey">Keyed hash of its Study Instance UID as it came; null if not known.</param>
/// <param name="Origin">What is needed to take it in again; is sealed.</param>
public sealed record QuarantineEntry(string? ProjectId, QuarantineReason Reason, string Receiver, byte[]? StudyKey, byte[] Origin);

/// <summary>Keeps objects that could not be de-identified, encrypted with a key of the data folder, until someone decides about them (R10). An object is in one place:
/// here, or in its session.</summary>
/// <param name="folder">Quarantine folder.</param>
/// <param name="key">32 bytes.</param>
/// <param name="database">Database.</param>
public sealed class QuarantineStore(string folder, byte[] key, VesaliusDatabase database)
{
    private const string Columns =
        """
        q.id, q.received, q.project_id, q.scope, q.kind, q.script_number, q.line, q.position, q.statement, q.reason, q.size, q.receiver, q.session_id, q.experiment_id,
        encode(q.study_key, 'hex') as study, q.attempts, q.last_attempt
        """;

    private static readonly string OfSession = Belongs("@session", "(select project_id from prearchive_session where id = @session)");

    /// <summary>SQL: true for rows <c>q</c> of the quarantine that belong to a prearchive session: those that left it, and those of its study that never reached it.</summary>
    /// <param name="session">SQL of the session's key.</param>
    /// <param name="project">SQL of its project.</param>
    internal static string Belongs(string session, string project) =>
        $"""
        (q.session_id = {session} or (q.session_id is null and q.experiment_id is null and q.project_id is not distinct from {project}
            and q.study_key in (select i.study_key from prearchive_identifier i where i.session_id = {session})))
        """;

    private readonly byte[] _originKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: "origin"u8.ToArray());
    private readonly byte[] _maskKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: "mask"u8.ToArray());

    private string PathOf(Guid id) => Path.Combine(folder, id.ToString("N") + ".enc");

    /// <summary>Keeps an object that arrives: encrypted, flushed, recorded.</summary>
    /// <param name="entry">What is known of it.</param>
    /// <param name="content">Writes its bytes.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Its name.</returns>
    public async Task<Guid> KeepAsync(QuarantineEntry entry, Func<Stream, Task> content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var (id, size) = await WriteAsync(content).ConfigureAwait(false);
        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            await InsertAsync(id, size, null, entry, connection, null).ConfigureAwait(false);
        }

        return id;
    }

    /// <summary>Takes an object out of its prearchive session. Its file there is the caller's to remove when this returns.</summary>
    /// <param name="item">Object.</param>
    /// <param name="path">Its file.</param>
    /// <param name="entry">What is known of it.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Its name.</returns>
    public async Task<Guid> TakeAsync(PrearchiveObject item, string path, QuarantineEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(item);
        ArgumentNullException.ThrowIfNull(entry);
        var (id, size) = await WriteAsync(async target =>
        {
            var source = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
            await using (source.ConfigureAwait(false))
            {
                await source.CopyToAsync(target, 1 << 18, cancellationToken).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
        // In one transaction: it is in the session or here, never in both and never in neither.
        return await database.InTransactionAsync(async (connection, transaction) =>
        {
            await InsertAsync(id, size, item.SessionId, entry, connection, transaction).ConfigureAwait(false);
            await connection.ExecuteAsync("delete from prearchive_object where session_id = @SessionId and sop_instance_uid = @SopInstanceUid", item, transaction).ConfigureAwait(false);
            return id;
        }, CancellationToken.None).ConfigureAwait(false);
    }

    private async Task<(Guid Id, long Size)> WriteAsync(Func<Stream, Task> content)
    {
        var id = Guid.NewGuid();
        DurableFile.CreateFolder(folder);
        return (id, await SealedFile.WriteAsync(PathOf(id), key, content).ConfigureAwait(false));
    }

    private Task InsertAsync(Guid id, long size, long? sessionId, QuarantineEntry entry, NpgsqlConnection connection, NpgsqlTransaction? transaction) => connection.ExecuteAsync(
        """
        insert into prearchive_quarantine (id, project_id, scope, kind, script_number, line, position, statement, reason, size, receiver, session_id, study_key, origin)
        values (@id, @ProjectId, @Scope, @Kind, @ScriptNumber, @Line, @Column, @Statement, @Reason, @size, @Receiver, @sessionId, @StudyKey, @origin)
        """,
        new
        {
            id, size, sessionId, entry.ProjectId, entry.Receiver, entry.StudyKey, entry.Reason.Scope, entry.Reason.Kind, entry.Reason.ScriptNumber, entry.Reason.Line, entry.Reason.Column,
            entry.Reason.Statement, entry.Reason.Reason, origin = SealedBytes.Seal(_originKey, entry.Origin),
        },
        transaction);

    /// <summary>An object was tried again and failed again: it stays, with the new reason.</summary>
    public Task FailedAgainAsync(Guid id, QuarantineReason reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reason);
        return database.ExecuteAsync(
            """
            update prearchive_quarantine set kind = @Kind, script_number = @ScriptNumber, line = @Line, position = @Column, statement = @Statement, reason = @Reason,
                attempts = attempts + 1, last_attempt = now() where id = @id
            """,
            new { id, reason.Kind, reason.ScriptNumber, reason.Line, reason.Column, reason.Statement, reason.Reason }, cancellationToken);
    }

    /// <summary>Reads an object back in the clear, as a stream from its beginning.</summary>
    /// <exception cref="FileNotFoundException">Its file is gone.</exception>
    /// <exception cref="CryptographicException">While reading: the file was changed, or the key is another.</exception>
    public Stream OpenRead(Guid id) => SealedFile.OpenRead(PathOf(id), key);

    /// <summary>What is needed to take an object in again; null if it was kept before that was written down.</summary>
    /// <exception cref="CryptographicException">The key is another.</exception>
    public async Task<byte[]?> OriginAsync(Guid id, CancellationToken cancellationToken) =>
        await database.FindAsync<byte[]>("select origin from prearchive_quarantine where id = @id", new { id }, cancellationToken).ConfigureAwait(false) is { } origin ? SealedBytes.Unseal(_originKey, origin) : null;

    /// <summary>An object; null if there is none of this name.</summary>
    public Task<QuarantinedObject?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        database.FindAsync<QuarantinedObject>($"select {Columns} from prearchive_quarantine q where q.id = @id", new { id }, cancellationToken);

    /// <summary>Objects that are chosen, newest first.</summary>
    /// <param name="selection">Which.</param>
    /// <param name="offset">Passes over so many.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<IReadOnlyList<QuarantinedObject>> ListAsync(QuarantineSelection selection, int offset, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(selection);
        return database.QueryAsync<QuarantinedObject>(
            $"""
            select {Columns} from prearchive_quarantine q
            where (@projects::text[] is null or q.project_id = any (@projects)) and (@ids::uuid[] is null or q.id = any (@ids)) and (@session::bigint is null or {OfSession})
                and (@ExperimentId::text is null or q.experiment_id = @ExperimentId) and (@study::bytea is null or q.study_key = @study) and (@Scope::text is null or q.scope = @Scope)
            order by q.received desc, q.id offset @offset limit @limit
            """,
            new
            {
                projects = selection.Projects?.ToArray(), ids = selection.Ids?.ToArray(), session = selection.SessionId, selection.ExperimentId, selection.Scope, offset, limit,
                study = selection.Study is { } study ? Convert.FromHexString(study) : null,
            },
            cancellationToken);
    }

    /// <summary>How many objects there are, and their bytes.</summary>
    public Task<(long Objects, long Size)> TotalAsync(CancellationToken cancellationToken) =>
        database.FindAsync<(long Objects, long Size)>("select count(*), coalesce(sum(size), 0)::bigint from prearchive_quarantine", null, cancellationToken);

    /// <summary>Objects that are missing from a prearchive session.</summary>
    public async Task<int> CountAsync(long sessionId, CancellationToken cancellationToken) =>
        (int)await database.FindAsync<long>($"select count(*) from prearchive_quarantine q where {OfSession}", new { session = sessionId }, cancellationToken).ConfigureAwait(false);

    /// <summary>Says, within the transaction that archives a session, that its objects here are missing from the archived one.</summary>
    public static async Task ArchivedAsync(long sessionId, string experimentId, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        await connection.ExecuteAsync(
            $"update prearchive_quarantine q set experiment_id = @experimentId, session_id = null where {OfSession}", new { session = sessionId, experimentId }, transaction).ConfigureAwait(false);
        await SayIncompleteAsync(experimentId, connection, transaction).ConfigureAwait(false);
    }

    private static async Task SayIncompleteAsync(string experimentId, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        var missing = await connection.ExecuteScalarAsync<int>("select count(*) from prearchive_quarantine where experiment_id = @experimentId", new { experimentId }, transaction).ConfigureAwait(false);
        await ArchiveSessions.SayIncompleteAsync(experimentId, missing, connection, transaction).ConfigureAwait(false);
    }

    /// <summary>Removes an object for good; the session that it is missing from says so no longer.</summary>
    /// <returns>False if there is none of this name.</returns>
    public async Task<bool> RemoveAsync(Guid id, CancellationToken cancellationToken)
    {
        var removed = await database.InTransactionAsync(async (connection, transaction) =>
        {
            var rows = (await connection.QueryAsync<string?>("delete from prearchive_quarantine where id = @id returning coalesce(experiment_id, '')", new { id }, transaction).ConfigureAwait(false)).AsList();
            if (rows is [{ Length: > 0 } experimentId])
            {
                await SayIncompleteAsync(experimentId, connection, transaction).ConfigureAwait(false);
            }

            return rows.Count > 0;
        }, cancellationToken).ConfigureAwait(false);
        File.Delete(PathOf(id));
        return removed;
    }

    /// <summary>After an abrupt end: takes files without a row out of the quarantine. They are encrypted still, and their objects are in their sessions or were never acknowledged.</summary>
    /// <param name="unrecorded">Where they go; on the same volume.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task RecoverAsync(string unrecorded, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        var known = (await database.QueryAsync<Guid>("select id from prearchive_quarantine", null, cancellationToken).ConfigureAwait(false)).Select(PathOf).ToHashSet(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(folder, "*.enc").Where(f => !known.Contains(f)).ToList())
        {
            DurableFile.CreateFolder(unrecorded);
            File.Move(file, Path.Combine(unrecorded, Path.GetFileName(file)), overwrite: true);
        }
    }

    /// <summary>Keyed hash of a value: the same for equal values, and leads to none.</summary>
    public string Mask(ReadOnlySpan<byte> value) => Convert.ToHexStringLower(HMACSHA256.HashData(_maskKey, value).AsSpan(0, 6));
}
