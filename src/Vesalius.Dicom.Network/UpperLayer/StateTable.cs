namespace Vesalius.Dicom.Network;

/// <summary>States of the upper layer (PS3.8 §9.2.1), named as there.</summary>
public enum UpperLayerState
{
    /// <summary>Idle.</summary>
    Sta1 = 1,
    /// <summary>Connection open, awaiting A-ASSOCIATE-RQ.</summary>
    Sta2,
    /// <summary>Awaiting the local answer to an association request.</summary>
    Sta3,
    /// <summary>Awaiting the transport connection.</summary>
    Sta4,
    /// <summary>Awaiting A-ASSOCIATE-AC or -RJ.</summary>
    Sta5,
    /// <summary>Association established, ready for data.</summary>
    Sta6,
    /// <summary>Awaiting A-RELEASE-RP.</summary>
    Sta7,
    /// <summary>Awaiting the local answer to a release request.</summary>
    Sta8,
    /// <summary>Release collision, requestor side, awaiting the local answer.</summary>
    Sta9,
    /// <summary>Release collision, acceptor side, awaiting A-RELEASE-RP.</summary>
    Sta10,
    /// <summary>Release collision, requestor side, awaiting A-RELEASE-RP.</summary>
    Sta11,
    /// <summary>Release collision, acceptor side, awaiting the local answer.</summary>
    Sta12,
    /// <summary>Awaiting the close of the transport connection.</summary>
    Sta13,
}

/// <summary>Events of the upper layer: the rows of PS3.8 Table 9-10 in their order.</summary>
public enum UpperLayerEvent
{
    /// <summary>The local user asks for an association.</summary>
    AssociateRequest = 1,
    /// <summary>The transport connection is open.</summary>
    TransportConnected,
    /// <summary>A-ASSOCIATE-AC arrived.</summary>
    AssociateAcPdu,
    /// <summary>A-ASSOCIATE-RJ arrived.</summary>
    AssociateRjPdu,
    /// <summary>A transport connection came in.</summary>
    TransportIndication,
    /// <summary>A-ASSOCIATE-RQ arrived.</summary>
    AssociateRqPdu,
    /// <summary>The local user accepts.</summary>
    AssociateAccept,
    /// <summary>The local user rejects.</summary>
    AssociateReject,
    /// <summary>The local user sends data.</summary>
    DataRequest,
    /// <summary>P-DATA-TF arrived.</summary>
    DataPdu,
    /// <summary>The local user asks for release.</summary>
    ReleaseRequest,
    /// <summary>A-RELEASE-RQ arrived.</summary>
    ReleaseRqPdu,
    /// <summary>A-RELEASE-RP arrived.</summary>
    ReleaseRpPdu,
    /// <summary>The local user agrees to release.</summary>
    ReleaseResponse,
    /// <summary>The local user aborts.</summary>
    AbortRequest,
    /// <summary>A-ABORT arrived.</summary>
    AbortPdu,
    /// <summary>The transport connection is closed.</summary>
    TransportClosed,
    /// <summary>The ARTIM timer ran out.</summary>
    ArtimExpired,
    /// <summary>A PDU arrived that is unknown or invalid.</summary>
    InvalidPdu,
}

/// <summary>Actions of PS3.8 Tables 9-6 to 9-9, named as there.</summary>
public enum UpperLayerAction
{
    /// <summary>Open the transport connection.</summary>
    AE_1,
    /// <summary>Send A-ASSOCIATE-RQ.</summary>
    AE_2,
    /// <summary>Confirm the association to the user.</summary>
    AE_3,
    /// <summary>Tell the user of the rejection, close.</summary>
    AE_4,
    /// <summary>Accept the transport connection, start ARTIM.</summary>
    AE_5,
    /// <summary>Stop ARTIM, check the request.</summary>
    AE_6,
    /// <summary>Send A-ASSOCIATE-AC.</summary>
    AE_7,
    /// <summary>Send A-ASSOCIATE-RJ, start ARTIM.</summary>
    AE_8,
    /// <summary>Send P-DATA-TF.</summary>
    DT_1,
    /// <summary>Hand data to the user.</summary>
    DT_2,
    /// <summary>Send A-RELEASE-RQ.</summary>
    AR_1,
    /// <summary>Tell the user of the release request.</summary>
    AR_2,
    /// <summary>Confirm the release, close.</summary>
    AR_3,
    /// <summary>Send A-RELEASE-RP, start ARTIM.</summary>
    AR_4,
    /// <summary>Stop ARTIM.</summary>
    AR_5,
    /// <summary>Hand data to the user while a release is asked for.</summary>
    AR_6,
    /// <summary>Send P-DATA-TF while a release was asked for.</summary>
    AR_7,
    /// <summary>Tell the user of a release collision.</summary>
    AR_8,
    /// <summary>Send A-RELEASE-RP in a collision.</summary>
    AR_9,
    /// <summary>Confirm the release in a collision.</summary>
    AR_10,
    /// <summary>Send A-ABORT, start ARTIM.</summary>
    AA_1,
    /// <summary>Stop ARTIM, close.</summary>
    AA_2,
    /// <summary>Tell the user of the abort, close.</summary>
    AA_3,
    /// <summary>Tell the user of a provider abort.</summary>
    AA_4,
    /// <summary>Stop ARTIM.</summary>
    AA_5,
    /// <summary>Ignore the PDU.</summary>
    AA_6,
    /// <summary>Send A-ABORT.</summary>
    AA_7,
    /// <summary>Send A-ABORT as provider, tell the user, start ARTIM.</summary>
    AA_8,
}

/// <summary>What happens next: an action and the state after it.</summary>
/// <param name="Action">What to do.</param>
/// <param name="Next">The state afterwards, as far as the table alone decides it.</param>
public readonly record struct UpperLayerTransition(UpperLayerAction Action, UpperLayerState Next);

/// <summary>PS3.8 Table 9-10.</summary>
public static class StateTable
{
    private static readonly Dictionary<(UpperLayerEvent, UpperLayerState), UpperLayerTransition> Cells = Make();

    /// <summary>Looks up a cell; null where the table is empty: such an event cannot occur there.</summary>
    public static UpperLayerTransition? Find(UpperLayerEvent upperLayerEvent, UpperLayerState state) =>
        Cells.TryGetValue((upperLayerEvent, state), out var transition) ? transition : null;

    private static Dictionary<(UpperLayerEvent, UpperLayerState), UpperLayerTransition> Make()
    {
        var cells = new Dictionary<(UpperLayerEvent, UpperLayerState), UpperLayerTransition>();

        void Cell(UpperLayerEvent e, int state, UpperLayerAction action, int next) =>
            cells[(e, (UpperLayerState)state)] = new UpperLayerTransition(action, (UpperLayerState)next);

        void Cells(UpperLayerEvent e, int from, int to, UpperLayerAction action, int next)
        {
            for (var state = from; state <= to; state++)
            {
                Cell(e, state, action, next);
            }
        }

        // A PDU that is out of place: abort before an association is asked for, provider abort while there is one, ignored at the end.
        void OutOfPlace(UpperLayerEvent e, UpperLayerAction atTheEnd)
        {
            Cell(e, 2, UpperLayerAction.AA_1, 13);
            Cell(e, 3, UpperLayerAction.AA_8, 13);
            Cells(e, 5, 12, UpperLayerAction.AA_8, 13);
            Cell(e, 13, atTheEnd, 13);
        }

        Cell(UpperLayerEvent.AssociateRequest, 1, UpperLayerAction.AE_1, 4);
        Cell(UpperLayerEvent.TransportConnected, 4, UpperLayerAction.AE_2, 5);
        OutOfPlace(UpperLayerEvent.AssociateAcPdu, UpperLayerAction.AA_6);
        Cell(UpperLayerEvent.AssociateAcPdu, 5, UpperLayerAction.AE_3, 6);
        OutOfPlace(UpperLayerEvent.AssociateRjPdu, UpperLayerAction.AA_6);
        Cell(UpperLayerEvent.AssociateRjPdu, 5, UpperLayerAction.AE_4, 1);
        Cell(UpperLayerEvent.TransportIndication, 1, UpperLayerAction.AE_5, 2);
        OutOfPlace(UpperLayerEvent.AssociateRqPdu, UpperLayerAction.AA_7);
        Cell(UpperLayerEvent.AssociateRqPdu, 2, UpperLayerAction.AE_6, 3);
        Cell(UpperLayerEvent.AssociateAccept, 3, UpperLayerAction.AE_7, 6);
        Cell(UpperLayerEvent.AssociateReject, 3, UpperLayerAction.AE_8, 13);
        Cell(UpperLayerEvent.DataRequest, 6, UpperLayerAction.DT_1, 6);
        Cell(UpperLayerEvent.DataRequest, 8, UpperLayerAction.AR_7, 8);
        OutOfPlace(UpperLayerEvent.DataPdu, UpperLayerAction.AA_6);
        Cell(UpperLayerEvent.DataPdu, 6, UpperLayerAction.DT_2, 6);
        Cell(UpperLayerEvent.DataPdu, 7, UpperLayerAction.AR_6, 7);
        Cell(UpperLayerEvent.ReleaseRequest, 6, UpperLayerAction.AR_1, 7);
        OutOfPlace(UpperLayerEvent.ReleaseRqPdu, UpperLayerAction.AA_6);
        Cell(UpperLayerEvent.ReleaseRqPdu, 6, UpperLayerAction.AR_2, 8);
        Cell(UpperLayerEvent.ReleaseRqPdu, 7, UpperLayerAction.AR_8, 9);
        OutOfPlace(UpperLayerEvent.ReleaseRpPdu, UpperLayerAction.AA_6);
        Cell(UpperLayerEvent.ReleaseRpPdu, 7, UpperLayerAction.AR_3, 1);
        Cell(UpperLayerEvent.ReleaseRpPdu, 10, UpperLayerAction.AR_10, 12);
        Cell(UpperLayerEvent.ReleaseRpPdu, 11, UpperLayerAction.AR_3, 1);
        Cell(UpperLayerEvent.ReleaseResponse, 8, UpperLayerAction.AR_4, 13);
        Cell(UpperLayerEvent.ReleaseResponse, 9, UpperLayerAction.AR_9, 11);
        Cell(UpperLayerEvent.ReleaseResponse, 12, UpperLayerAction.AR_4, 13);
        Cell(UpperLayerEvent.AbortRequest, 3, UpperLayerAction.AA_1, 13);
        Cell(UpperLayerEvent.AbortRequest, 4, UpperLayerAction.AA_2, 1);
        Cells(UpperLayerEvent.AbortRequest, 5, 12, UpperLayerAction.AA_1, 13);
        Cell(UpperLayerEvent.AbortPdu, 2, UpperLayerAction.AA_2, 1);
        Cell(UpperLayerEvent.AbortPdu, 3, UpperLayerAction.AA_3, 1);
        Cells(UpperLayerEvent.AbortPdu, 5, 12, UpperLayerAction.AA_3, 1);
        Cell(UpperLayerEvent.AbortPdu, 13, UpperLayerAction.AA_2, 1);
        Cell(UpperLayerEvent.TransportClosed, 2, UpperLayerAction.AA_5, 1);
        Cells(UpperLayerEvent.TransportClosed, 3, 12, UpperLayerAction.AA_4, 1);
        Cell(UpperLayerEvent.TransportClosed, 13, UpperLayerAction.AR_5, 1);
        Cell(UpperLayerEvent.ArtimExpired, 2, UpperLayerAction.AA_2, 1);
        Cell(UpperLayerEvent.ArtimExpired, 13, UpperLayerAction.AA_2, 1);
        OutOfPlace(UpperLayerEvent.InvalidPdu, UpperLayerAction.AA_7);
        return cells;
    }
}
