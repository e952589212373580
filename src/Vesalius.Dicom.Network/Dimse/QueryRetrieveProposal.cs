namespace Vesalius.Dicom.Network;

/// <summary>Services of query/retrieve to propose.</summary>
[Flags]
public enum QueryRetrieveServices
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>C-FIND.</summary>
    Find = 1,
    /// <summary>C-MOVE.</summary>
    Move = 2,
    /// <summary>C-ECHO.</summary>
    Echo = 8,
}

/// <summary>Makes proposals for echo, query and retrieval.</summary>
public static class QueryRetrieveProposal
{
    private static readonly string[] Uncompressed = [Uids.ExplicitVRLittleEndian, Uids.ImplicitVRLittleEndian];

    /// <summary>Makes a proposal.</summary>
    /// <param name="callingAeTitle">Our AE title.</param>
    /// <param name="model">Information model.</param>
    /// <param name="services">What to propose.</param>
    /// <param name="negotiation">Extended negotiation; null to propose none, which peers with narrow minds prefer.</param>
    public static AssociationProposal Make(
        string callingAeTitle, QueryModel model, QueryRetrieveServices services, QueryNegotiation? negotiation = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        var contexts = new List<ProposedContext>();
        var extended = new List<ExtendedNegotiation>();
        if (services.HasFlag(QueryRetrieveServices.Echo))
        {
            contexts.Add(new ProposedContext(Uids.Verification, [Uids.ImplicitVRLittleEndian]));
        }

        Add(QueryRetrieveServices.Find, model.FindUid, negotiation?.ToFindInformation());
        Add(QueryRetrieveServices.Move, model.MoveUid, negotiation?.ToRetrieveInformation());
        return new AssociationProposal { CallingAeTitle = callingAeTitle, Contexts = contexts, ExtendedNegotiations = extended };

        void Add(QueryRetrieveServices service, string uid, ReadOnlyMemory<byte>? information)
        {
            if (!services.HasFlag(service))
            {
                return;
            }

            contexts.Add(new ProposedContext(uid, Uncompressed));
            if (information is { } bytes)
            {
                extended.Add(new ExtendedNegotiation(uid, bytes));
            }
        }
    }
}
