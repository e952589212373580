using System.Security.Cryptography;
using Vesalius.Dicom;
using Vesalius.Prearchive;

namespace Vesalius.Import;

/// <summary>The attributes of an object in quarantine.</summary>
/// <param name="TransferSyntax">Name of its transfer syntax.</param>
/// <param name="Attributes">Attributes in order, nested ones behind their sequence.</param>
/// <param name="IsTruncated">True if there are more.</param>
public sealed record MaskedObject(string TransferSyntax, IReadOnlyList<MaskedAttribute> Attributes, bool IsTruncated);

/// <summary>Shows what objects in quarantine are made of, and none of their values (R10).</summary>
public sealed class QuarantineInspection(QuarantineStore quarantine, IntakeLimits limits, MemoryBudget budget, string spoolFolder)
{
    private const int MostAttributes = 5000;
    private readonly ObjectReader _reader = new(limits, budget);

    /// <summary>Looks into an object.</summary>
    /// <exception cref="NotRetriableException">It cannot be read.</exception>
    public async Task<MaskedObject> LookAsync(Guid id, CancellationToken cancellationToken)
    {
        try
        {
            var content = quarantine.OpenRead(id);
            await using (content.ConfigureAwait(false))
            {
                using var read = await _reader.ReadAsync(content, spoolFolder, null, cancellationToken).ConfigureAwait(false);
                var all = (read.File?.FileMeta is { } meta ? DataSetSnapshot.Of(meta).Elements() : []).Concat(DataSetSnapshot.Of(read.DataSet).Elements());
                var shown = all.Take(MostAttributes + 1).Select(e => MaskedAttribute.Of(e.Path, e.Element, bytes => quarantine.Mask(bytes.Span))).ToList();
                return new MaskedObject(
                    UidDictionary.Find(read.TransferSyntax.Uid)?.Name ?? "", shown.Count > MostAttributes ? shown[..MostAttributes] : shown, shown.Count > MostAttributes);
            }
        }
        catch (MalformedDicomException e)
        {
            throw new NotRetriableException($"The object cannot be read: {e.Message}");
        }
        catch (Exception e) when (e is CryptographicException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new NotRetriableException("The object cannot be read: its file is gone or changed, or quarantine-key is not the key it was sealed with.");
        }
    }
}
