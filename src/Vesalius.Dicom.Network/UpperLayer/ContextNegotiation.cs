namespace Vesalius.Dicom.Network;

/// <summary>Chooses what to accept of the presentation contexts proposed.</summary>
public static class ContextNegotiation
{
    private const string Verification = "1.2.840.10008.1.1";

    /// <summary>Answers each context: every storage class and every class that is not known to be something else is accepted, with the
    /// transfer syntax that the sender named first, so that nothing has to be transcoded.</summary>
    public static IReadOnlyList<PresentationContext> Answer(IReadOnlyList<PresentationContext> proposed)
    {
        ArgumentNullException.ThrowIfNull(proposed);
        var answers = new PresentationContext[proposed.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            answers[i] = Answer(proposed[i]);
        }

        return answers;
    }

    private static PresentationContext Answer(PresentationContext context)
    {
        if (!IsAccepted(context.AbstractSyntax))
        {
            return new PresentationContext(context.Id, "", [Uids.ImplicitVRLittleEndian], 3);
        }

        if (context.TransferSyntaxes.Count == 0)
        {
            return new PresentationContext(context.Id, "", [Uids.ImplicitVRLittleEndian], 4);
        }

        return new PresentationContext(context.Id, "", [context.TransferSyntaxes[0]]);
    }

    /// <summary>True for Verification, for storage classes, and for classes that PS3.6 does not list (private and future ones).</summary>
    public static bool IsAccepted(string abstractSyntax)
    {
        ArgumentNullException.ThrowIfNull(abstractSyntax);
        if (abstractSyntax == Verification)
        {
            return true;
        }

        if (abstractSyntax.Length == 0)
        {
            return false;
        }

        var entry = UidDictionary.Find(abstractSyntax);
        return entry is null || entry.Name.Contains("Storage", StringComparison.Ordinal) && !entry.Name.Contains("Commitment", StringComparison.Ordinal)
            || abstractSyntax.StartsWith("1.2.840.10008.5.1.4.1.1.", StringComparison.Ordinal);
    }
}
