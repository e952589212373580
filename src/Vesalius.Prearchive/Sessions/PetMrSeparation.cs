using System.Globalization;
using System.Security.Cryptography;
using Dapper;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Database;

namespace Vesalius.Prearchive;

/// <summary>Makes of a prearchive session with PET and MR series one with PET and one with MR (xapi B.9).</summary>
/// <remarks>Files get a second name first, then the rows change, then the first names go: a crash leaves a whole session or two whole ones.</remarks>
public sealed class PetMrSeparation(PrearchiveStore store, QuarantineStore quarantine, VesaliusDatabase database, TimeProvider time)
{
    /// <summary>The session type that is separated.</summary>
    public const string JointType = "xnat:petmrSessionData";

    private const string PetKind = "PET";
    private const string MrKind = "MR";

    /// <summary>Separates a session; the caller has it alone. One with conflicting copies stays as it is, and its log says so.</summary>
    /// <returns>The sessions that there are now.</returns>
    public async Task<IReadOnlyList<PrearchiveSession>> SeparateAsync(PrearchiveSession session, SessionDescription description, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(description);
        if (await store.ConflictsAsync(session.Id, cancellationToken).ConfigureAwait(false) > 0)
        {
            await store.LogAsync(session.Id, "Not separated into PET and MR: decide about the instances that came twice first.", cancellationToken).ConfigureAwait(false);
            return [session];
        }

        await store.SetStatusAsync(session.Id, PrearchiveStatus.Separating, null, cancellationToken).ConfigureAwait(false);
        var objects = await store.ObjectsAsync(session.Id, cancellationToken).ConfigureAwait(false);
        // The CT of a PET scanner corrects the PET's attenuation; whatever else there is goes with the MR.
        var pet = description.Scans.Where(s => s.Modality.Trim().ToUpperInvariant() is "PT" or "PET" or "CT").Select(s => s.Id).ToHashSet();
        var timestamp = time.GetUtcNow().ToString("yyyyMMdd_HHmmssfff", CultureInfo.InvariantCulture);
        var held = await HeldAsync(session, cancellationToken).ConfigureAwait(false);
        var parts = new List<(string Kind, PrearchiveSession Session, List<PrearchiveObject> Objects)>();
        foreach (var (kind, ofKind) in objects.GroupBy(o => pet.Contains(o.ScanId) ? PetKind : MrKind).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => (g.Key, g.ToList())))
        {
            var label = await FreeLabelAsync(session, LabelOf(session.Label, kind), cancellationToken).ConfigureAwait(false);
            parts.Add((kind, session with { Label = label, Folder = label, TimestampFolder = timestamp }, ofKind));
        }

        foreach (var (_, part, ofPart) in parts)
        {
            Link(session, part, ofPart);
        }

        // From here on the caller's leaving must not stop us halfway.
        var made = await database.InTransactionAsync(async (connection, transaction) =>
        {
            var ids = new List<long>();
            foreach (var (kind, part, ofPart) in parts)
            {
                // RECEIVING: should a crash keep us from building it, quiet time does.
                var id = await connection.ExecuteScalarAsync<long>(
                    """
                    insert into prearchive_session (project_id, timestamp_folder, folder, subject, label, study_instance_uid, uploaded, auto_archive, prevent_anonymisation, prevent_auto_commit,
                        source, visit, protocol, timezone, failed_count, fields, quarantine, direct_archive)
                    select project_id, @TimestampFolder, @Folder, subject, @Label, study_instance_uid, uploaded, auto_archive, prevent_anonymisation, prevent_auto_commit,
                        source, visit, protocol, timezone, 0, fields, quarantine, direct_archive from prearchive_session where id = @Id returning id
                    """,
                    part, transaction).ConfigureAwait(false);
                await connection.ExecuteAsync(
                    """
                    update prearchive_object set session_id = @id where session_id = @from and sop_instance_uid = any (@instances);
                    insert into prearchive_log (session_id, entry) select @id, entry from prearchive_log where session_id = @from order by id;
                    insert into prearchive_log (session_id, entry) values (@id, @entry);
                    -- Both are searched for whatever identified the subject in either.
                    insert into prearchive_identifier (session_id, fingerprint, study_key, sealed) select @id, fingerprint, study_key, sealed from prearchive_identifier where session_id = @from;
                    update prearchive_quarantine set session_id = @id where session_id = @from and id = any (@held)
                    """,
                    new { id, from = session.Id, held = held.Where(h => (pet.Contains(h.ScanId) ? PetKind : MrKind) == kind).Select(h => h.Id).ToArray(), instances = ofPart.Select(o => o.SopInstanceUid).ToArray(), entry = $"Separated from a PET MR session: {ofPart.Count} of {objects.Count} objects." }, transaction).ConfigureAwait(false);
                ids.Add(id);
            }

            await connection.ExecuteAsync("delete from prearchive_session where id = @Id", new { session.Id }, transaction).ConfigureAwait(false);
            return ids;
        }, CancellationToken.None).ConfigureAwait(false);
        store.RemoveFiles(session);
        var result = new List<PrearchiveSession>();
        foreach (var id in made)
        {
            result.Add((await store.FindAsync(id, CancellationToken.None).ConfigureAwait(false))!);
        }

        return result;
    }

    // What left the session for the quarantine comes back to the part that it belongs to. An object that failed at arrival belongs to both: of which it is nobody knows.
    private async Task<List<(Guid Id, string ScanId)>> HeldAsync(PrearchiveSession session, CancellationToken cancellationToken)
    {
        var held = new List<(Guid, string)>();
        foreach (var item in await database.QueryAsync<Guid>("select id from prearchive_quarantine where session_id = @Id and scope = 'project'", new { session.Id }, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                if (await quarantine.OriginAsync(item, cancellationToken).ConfigureAwait(false) is { } origin)
                {
                    held.Add((item, SessionOrigin.Deserialize(origin).Object.ScanId));
                }
            }
            catch (CryptographicException)
            {
                // Sealed with another key: it belongs to both, as what failed at arrival does.
            }
        }

        return held;
    }

    private void Link(PrearchiveSession from, PrearchiveSession to, List<PrearchiveObject> objects)
    {
        foreach (var item in objects)
        {
            var target = Path.Combine(store.FolderOf(to), item.Path);
            DurableFile.CreateFolder(Path.GetDirectoryName(target)!);
            DurableFile.LinkOrCopy(Path.Combine(store.FolderOf(from), item.Path), target);
        }

        foreach (var folder in objects.Select(o => Path.GetDirectoryName(Path.Combine(store.FolderOf(to), o.Path))!).Distinct())
        {
            DurableFile.FlushFolder(folder);
        }
    }

    // STUDY7_PETMR becomes STUDY7_PET and STUDY7_MR; STUDY7 becomes STUDY7_PET and STUDY7_MR.
    private static string LabelOf(string label, string kind) =>
        label.Contains("PETMR", StringComparison.Ordinal) ? label.Replace("PETMR", kind, StringComparison.Ordinal)
        : label.Contains("petmr", StringComparison.Ordinal) ? label.Replace("petmr", kind.ToLowerInvariant(), StringComparison.Ordinal)
        : Label.From($"{label}_{kind}");

    // The same study may be there already: what came later joins it. Another one's label is not taken.
    private async Task<string> FreeLabelAsync(PrearchiveSession session, string label, CancellationToken cancellationToken)
    {
        for (var number = 0; ; number++)
        {
            var wanted = number == 0 ? label : $"{label}{number}";
            if (!await database.FindAsync<bool>(
                """
                select exists (select 1 from archive_experiment where project_id = @ProjectId and label = @wanted and study_instance_uid is distinct from @StudyInstanceUid)
                    or exists (select 1 from archive_experiment_share where project_id = @ProjectId and label = @wanted)
                    or exists (select 1 from prearchive_session where project_id = @ProjectId and label = @wanted and study_instance_uid <> @StudyInstanceUid)
                """,
                new { session.ProjectId, session.StudyInstanceUid, wanted }, cancellationToken).ConfigureAwait(false))
            {
                return wanted;
            }
        }
    }
}
