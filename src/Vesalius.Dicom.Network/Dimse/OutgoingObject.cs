namespace Vesalius.Dicom.Network;

/// <summary>An object in a file, to be sent as it is stored.</summary>
/// <param name="SopClassUid">SOP Class UID.</param>
/// <param name="SopInstanceUid">SOP Instance UID.</param>
/// <param name="TransferSyntaxUid">How its data set is encoded.</param>
/// <param name="DataSet">The bytes of the data set; opened while it is sent.</param>
public sealed record OutgoingObject(string SopClassUid, string SopInstanceUid, string TransferSyntaxUid, IBulkData DataSet)
{
    /// <summary>Looks at a file's header and says what there is to send.</summary>
    /// <exception cref="MalformedDicomException">It is no DICOM file.</exception>
    /// <exception cref="InvalidDataException">It lacks SOP Class UID or SOP Instance UID, which no peer would take (PS3.7 §9.1.1).</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static async Task<OutgoingObject> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var file = await Part10File.ReadHeaderAsync(path, null, cancellationToken).ConfigureAwait(false);
        return FromHeader(path, file);
    }

    /// <summary>The same for a file whose header was read already.</summary>
    /// <param name="path">The file.</param>
    /// <param name="header">Its header.</param>
    /// <exception cref="InvalidDataException">It lacks SOP Class UID or SOP Instance UID.</exception>
    public static OutgoingObject FromHeader(string path, Part10File header)
    {
        ArgumentNullException.ThrowIfNull(header);
        if (header.DataSet.GetString(Tag.SOPClassUID) is not { Length: > 0 } sopClass || header.DataSet.GetString(Tag.SOPInstanceUID) is not { Length: > 0 } sopInstance)
        {
            throw new InvalidDataException("The object lacks SOP Class UID (0008,0016) or SOP Instance UID (0008,0018).");
        }

        var start = header.Prefix.Length;
        return new OutgoingObject(sopClass, sopInstance, header.TransferSyntax.Uid, new FileRange(path, start, new FileInfo(path).Length - start));
    }
}

/// <summary>Makes proposals for sending objects.</summary>
public static class StorageProposal
{
    /// <summary>Makes as many proposals as the objects need, with those that each one covers: a presentation context for each SOP class and transfer
    /// syntax, so that the peer cannot choose a syntax that the object does not have.</summary>
    /// <param name="callingAeTitle">Our AE title.</param>
    /// <param name="objects">What is to be sent.</param>
    public static IEnumerable<(AssociationProposal Proposal, IReadOnlyList<OutgoingObject> Objects)> Make(string callingAeTitle, IEnumerable<OutgoingObject> objects)
    {
        foreach (var chunk in objects.GroupBy(o => (o.SopClassUid, o.TransferSyntaxUid)).Chunk(AssociationProposal.MaximumContexts))
        {
            var proposal = new AssociationProposal
            {
                CallingAeTitle = callingAeTitle,
                Contexts = [.. chunk.Select(g => new ProposedContext(g.Key.SopClassUid, [g.Key.TransferSyntaxUid]))],
            };
            yield return (proposal, [.. chunk.SelectMany(g => g)]);
        }
    }
}

/// <summary>The C-MOVE that a C-STORE is a part of (PS3.7 §9.1.1.1.5).</summary>
/// <param name="AeTitle">Who asked for it.</param>
/// <param name="MessageId">Message ID of the C-MOVE request.</param>
public readonly record struct MoveOriginator(string AeTitle, ushort MessageId);
