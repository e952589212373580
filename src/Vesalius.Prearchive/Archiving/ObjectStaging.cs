using System.Security.Cryptography;
using Vesalius.Anonymisation;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>An object that is ready for the archive.</summary>
/// <param name="Object">As it is now.</param>
/// <param name="File">What the archive records of it.</param>
/// <param name="Path">Where it lies.</param>
public sealed record StagedObject(PrearchiveObject Object, AdmittedFile File, string Path);

/// <summary>De-identifies objects into files beside the archive; what is in the prearchive stays as it is.</summary>
internal static class ObjectStaging
{
    /// <summary>De-identifies an object into a file.</summary>
    /// <param name="item">Object.</param>
    /// <param name="source">Its file.</param>
    /// <param name="target">The new file.</param>
    /// <param name="rules">What it has to go through.</param>
    /// <param name="template">How files are named.</param>
    /// <param name="context">What the script is given.</param>
    /// <param name="tally">Counts.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Null if it is dropped.</returns>
    /// <exception cref="ScriptRunException">The script fails on it.</exception>
    /// <exception cref="MalformedDicomException">It cannot be read.</exception>
    /// <exception cref="PixelsNotCleanException">Its pixels keep it back.</exception>
    public static async Task<StagedObject?> StageAsync(
        PrearchiveObject item, string source, string target, ArchivingRules rules, string template, Func<Part10File, ScriptContext> context, DeidentificationTally tally, CancellationToken cancellationToken)
    {
        var edited = item;
        var isWritten = false;
        if (!rules.AreEmpty)
        {
            var file = await Part10File.OpenAsync(source, cancellationToken: cancellationToken).ConfigureAwait(false);
            var before = rules.Script is not null || rules.Pixels is not null || rules.ResidualPolicy == ResidualPolicy.Blank ? DataSetSnapshot.Of(file.DataSet) : null;
            var outcome = await ObjectDeidentification.ApplyAsync(file.DataSet, rules, context(file), cancellationToken).ConfigureAwait(false);
            if (outcome.IsRejected)
            {
                tally.Reject(outcome.IsRejectedByRule);
                return null;
            }

            tally.Pass(file.DataSet, outcome.IsEdited ? before : null, outcome);
            if (outcome.IsEdited)
            {
                await WriteAsync(file, outcome.TransferSyntaxUid, target, cancellationToken).ConfigureAwait(false);
                isWritten = true;

                // An original UID that the script replaced must not live on in the file's name.
                edited = item with
                {
                    FileName = FileNaming.Name(file.DataSet, template),
                    SopInstanceUid = file.DataSet.GetString(Tag.SOPInstanceUID) ?? item.SopInstanceUid,
                    SeriesInstanceUid = file.DataSet.GetString(Tag.SeriesInstanceUID) ?? item.SeriesInstanceUid,
                };
            }
        }
        else
        {
            tally.PassUnread();
        }

        if (!isWritten)
        {
            DurableFile.LinkOrCopy(source, target);
        }

        var (size, md5, sha256) = await HashAsync(target, cancellationToken).ConfigureAwait(false);
        return new StagedObject(edited, new AdmittedFile(edited.FileName, size, md5, sha256, edited.SopInstanceUid, item.InstanceNumber), target);
    }

    /// <summary>Writes an object, flushed to the disk.</summary>
    public static async Task WriteAsync(Part10File file, string syntax, string target, CancellationToken cancellationToken)
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

    /// <summary>Size and checksums of a file.</summary>
    public static async Task<(long Size, string Md5, string Sha256)> HashAsync(string path, CancellationToken cancellationToken)
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
