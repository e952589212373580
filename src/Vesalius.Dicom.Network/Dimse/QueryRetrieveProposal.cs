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
    /// <summary>C-GET.</summary>
    Get = 4,
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
    /// <param name="storageClasses">SOP classes to receive by C-GET, best those that the query named; null for <see cref="StorageClasses.Usual"/>. At most as
    /// many as contexts are left. Where there is room, each transfer syntax gets a context of its own, so that the peer need not choose one for all objects.</param>
    /// <exception cref="ArgumentException">More SOP classes than contexts are left.</exception>
    public static AssociationProposal Make(
        string callingAeTitle, QueryModel model, QueryRetrieveServices services, QueryNegotiation? negotiation = null, IReadOnlyCollection<string>? storageClasses = null)
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
        Add(QueryRetrieveServices.Get, model.GetUid, negotiation?.ToRetrieveInformation());
        if (!services.HasFlag(QueryRetrieveServices.Get))
        {
            return new AssociationProposal { CallingAeTitle = callingAeTitle, Contexts = contexts, ExtendedNegotiations = extended };
        }

        var room = AssociationProposal.MaximumContexts - contexts.Count;
        var classes = (storageClasses ?? [.. StorageClasses.Usual.Take(room)]).Distinct().ToList();
        if (classes.Count > room)
        {
            throw new ArgumentException($"An association has room for {room} storage classes.", nameof(storageClasses));
        }

        contexts.AddRange(classes.Count * StorageClasses.TransferSyntaxes.Count <= room
            ? classes.SelectMany(c => StorageClasses.TransferSyntaxes.Select(s => new ProposedContext(c, [s])))
            : classes.Select(c => new ProposedContext(c, StorageClasses.TransferSyntaxes)));
        return new AssociationProposal
        {
            CallingAeTitle = callingAeTitle,
            Contexts = contexts,
            ExtendedNegotiations = extended,
            // The requestor of C-GET takes the provider's role of storage (PS3.4 §C.5.3).
            Roles = [.. classes.Select(c => new RoleSelection(c, IsScu: false, IsScp: true))],
        };

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
