using System.Globalization;
using System.Security.Cryptography;
using Vesalius.Anonymisation;
using Vesalius.Anonymisation.Pixels;
using Vesalius.Anonymisation.Profile;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>An object as it enters the archive.</summary>
/// <param name="Object">As it is afterwards: a script may have changed its UIDs and name.</param>
/// <param name="File">Its file.</param>
/// <param name="Path">Where it is staged.</param>
/// <param name="IsFlagged">Text was found in its pixels.</param>
public sealed record StagedObject(PrearchiveObject Object, AdmittedFile File, string Path, bool IsFlagged);

/// <summary>Makes of a prearchive session's objects what enters the archive: project script, pixel rules, checksums. The session itself stays as it is.</summary>
public sealed class SessionStaging(
    PrearchiveStore store, ScriptLibrary scripts, PixelCleaning pixelCleaning, QuarantineStore quarantine, FileNameTemplate naming, string stagingRoot, ReadOnlyMemory<byte> siteKey)
{
    /// <summary>Stages every object of a session.</summary>
    /// <exception cref="ArchivingException">An object cannot be de-identified, or none is left.</exception>
    public async Task<List<StagedObject>> StageAsync(
        PrearchiveSession session, ArchiveRequest request, IReadOnlyList<PrearchiveObject> objects, string staging, CancellationToken cancellationToken)
    {
        var script = session.PreventAnonymisation ? null : await scripts.ActiveProjectAsync(request.ProjectId, cancellationToken).ConfigureAwait(false);
        var pixels = session.PreventAnonymisation ? null : await pixelCleaning.ActiveAsync(request.ProjectId, cancellationToken).ConfigureAwait(false);
        var flagged = 0;
        var folder = store.FolderOf(session);
        if (Directory.Exists(staging))
        {
            Directory.Delete(staging, recursive: true);
        }

        Directory.CreateDirectory(staging);
        var staged = new List<StagedObject>(objects.Count);
        var failures = 0;
        string? firstFailure = null;
        var names = new HashSet<(string ScanId, string Resource, string Name)>();
        foreach (var item in objects)
        {
            var source = Path.Combine(folder, item.Path);
            var target = Path.Combine(staging, item.ScanId, item.Resource, item.FileName);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            try
            {
                if (await StageAsync(item, source, target, script, pixels, session, request, cancellationToken).ConfigureAwait(false) is { } file)
                {
                    staged.Add(Named(file, names));
                    flagged += file.IsFlagged ? 1 : 0;
                }
            }
            catch (Exception e) when (e is ScriptRunException or MalformedDicomException or PixelsNotCleanException)
            {
                failures++;
                firstFailure ??= e is ScriptRunException run ? $"project script, line {run.Position.Line}, column {run.Position.Column}: {run.Reason}" : e.Message;
                await KeepFailedAsync(source, request.ProjectId, script?.Number ?? 0, e, cancellationToken).ConfigureAwait(false);
            }
        }

        if (failures > 0)
        {
            throw new ArchivingException(PrearchiveStatus.Error, $"{failures} of {objects.Count} objects could not be de-identified: {firstFailure}");
        }

        if (flagged > 0)
        {
            await store.LogAsync(session.Id, $"Text was found in the pixels of {flagged} objects.", cancellationToken).ConfigureAwait(false);
        }

        return staged.Count > 0 ? staged : throw new ArchivingException(PrearchiveStatus.Error, "Empty sessions cannot be archived: the project's script or pixel rules rejected every object.");
    }

    // A script may give several objects what their names are made of.
    private static StagedObject Named(StagedObject staged, HashSet<(string ScanId, string Resource, string Name)> names)
    {
        var given = staged.Object.FileName;
        var name = given;
        for (var n = 2; !names.Add((staged.Object.ScanId, staged.Object.Resource, name)); n++)
        {
            name = $"{Path.GetFileNameWithoutExtension(given)}_{n}{Path.GetExtension(given)}";
        }

        return name == given ? staged : staged with { Object = staged.Object with { FileName = name }, File = staged.File with { Path = name } };
    }

    // The object itself stays in the prearchive session; the quarantine holds the reason.
    private async Task KeepFailedAsync(string source, string projectId, long scriptNumber, Exception error, CancellationToken cancellationToken)
    {
        var bytes = await File.ReadAllBytesAsync(source, cancellationToken).ConfigureAwait(false);
        await quarantine.KeepAsync(
            [bytes], projectId, "project", scriptNumber, error as ScriptRunException, (error as ScriptRunException)?.Reason ?? error.Message, "archiving", cancellationToken).ConfigureAwait(false);
    }

    private async Task<StagedObject?> StageAsync(
        PrearchiveObject item, string source, string target, ActiveScript? script, ProjectPixels? pixels, PrearchiveSession session, ArchiveRequest request,
        CancellationToken cancellationToken)
    {
        var edited = item;
        var isFlagged = false;
        if (script is null && pixels is null)
        {
            DurableFile.LinkOrCopy(source, target);
        }
        else
        {
            var file = await Part10File.OpenAsync(source, cancellationToken: cancellationToken).ConfigureAwait(false);
            // Rules look at what a script may take out.
            var decision = pixels?.Decide(file.DataSet);
            var isCandidate = TextCandidates.Is(file.DataSet);
            var isScripted = script is not null && !Deidentification.WasApplied(script, file.DataSet);
            var syntax = file.TransferSyntax.Uid;
            if (isScripted)
            {
                var result = Deidentification.Apply(script!, file.DataSet, Context(file, session, request), cancellationToken);
                if (result.Outcome == ScriptOutcome.Rejected)
                {
                    return null;
                }

                syntax = result.PixelsAltered ? Uids.ExplicitVRLittleEndian : syntax;
            }

            var cleaning = pixels is null
                ? new CleaningOutcome(syntax, false, false, false)
                : await pixels.ApplyAsync(file.DataSet, syntax, decision!, isCandidate, stagingRoot, cancellationToken).ConfigureAwait(false);
            if (cleaning.IsRejected)
            {
                return null;
            }

            isFlagged = cleaning.IsFlagged;
            if (isScripted || cleaning.IsEdited)
            {
                await WriteAsync(file, cleaning.TransferSyntaxUid, target, cancellationToken).ConfigureAwait(false);

                // An original UID that the script replaced must not live on in the file's name.
                edited = item with
                {
                    FileName = FileNaming.Name(file.DataSet, await naming.GetAsync(cancellationToken).ConfigureAwait(false)),
                    SopInstanceUid = file.DataSet.GetString(Tag.SOPInstanceUID) ?? item.SopInstanceUid,
                    SeriesInstanceUid = file.DataSet.GetString(Tag.SeriesInstanceUID) ?? item.SeriesInstanceUid,
                };
            }
            else
            {
                DurableFile.LinkOrCopy(source, target);
            }
        }

        var (size, md5, sha256) = await HashAsync(target, cancellationToken).ConfigureAwait(false);
        return new StagedObject(edited, new AdmittedFile(edited.FileName, size, md5, sha256, edited.SopInstanceUid, item.InstanceNumber), target, isFlagged);
    }

    private static async Task WriteAsync(Part10File file, string syntax, string target, CancellationToken cancellationToken)
    {
        var meta = file.FileMeta;
        if (syntax != file.TransferSyntax.Uid)
        {
            meta ??= Meta(file);
            meta.SetString(Tag.TransferSyntaxUID, syntax, Vr.UI);
        }

        var encoded = syntax == file.TransferSyntax.Uid ? file.Encode() : Part10Writer.Encode(meta!, file.DataSet, TransferSyntax.Find(syntax));
        var stream = new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16, FileOptions.Asynchronous);
        await using (stream.ConfigureAwait(false))
        {
            await encoded.CopyToAsync(stream, cancellationToken).ConfigureAwait(false);
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
            DurableFile.Flush(stream.SafeFileHandle);
        }
    }

    private static DataSet Meta(Part10File file) => Part10Writer.MakeFileMeta(
        file.DataSet.GetString(Tag.SOPClassUID) ?? "", file.DataSet.GetString(Tag.SOPInstanceUID) ?? "", Uids.ExplicitVRLittleEndian);

    private ScriptContext Context(Part10File file, PrearchiveSession session, ArchiveRequest request) => new()
    {
        Variables = new Dictionary<string, string>
        {
            ["project"] = request.ProjectId, ["subject"] = request.SubjectLabel, ["session"] = request.SessionLabel, ["user"] = request.User, ["study"] = session.StudyInstanceUid,
            ["dateShift"] = DateShift.Days(siteKey.Span, request.ProjectId, request.SubjectLabel).ToString(CultureInfo.InvariantCulture),
        },
        FileMeta = file.FileMeta,
        TransferSyntaxUid = file.TransferSyntax.Uid,
        SiteKey = siteKey,
        ScratchFolder = stagingRoot,
    };

    private static async Task<(long Size, string Md5, string Sha256)> HashAsync(string path, CancellationToken cancellationToken)
    {
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 18];
        long size = 0;
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
        await using (stream.ConfigureAwait(false))
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                md5.AppendData(buffer, 0, read);
                sha256.AppendData(buffer, 0, read);
                size += read;
            }
        }

        return (size, Convert.ToHexStringLower(md5.GetHashAndReset()), Convert.ToHexStringLower(sha256.GetHashAndReset()));
    }
}
