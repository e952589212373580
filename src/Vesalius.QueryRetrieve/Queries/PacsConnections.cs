using Microsoft.Extensions.Logging;
using Vesalius.Dicom.Network;
using Vesalius.Import;

namespace Vesalius.QueryRetrieve;

/// <summary>Opens dialogues with PACS, each in the way that is preferred for it.</summary>
public sealed class PacsConnections(DqrSettings settings, PacsDirectory directory, PacsCertificate certificate, ObjectReceiver objects, ILogger<PacsConnections> logger)
{
    /// <summary>Makes a dialogue; nothing is connected yet.</summary>
    /// <exception cref="PacsException">The way to speak with it is switched off or not there.</exception>
    public async Task<IPacsDialogue> OpenAsync(Pacs pacs, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pacs);
        var preferences = await settings.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (pacs.Way != RetrievalWay.DicomWeb)
        {
            return pacs.Host is not null && pacs.QueryRetrievePort is not null
                ? new DimseDialogue(pacs, preferences, certificate, objects, logger) : throw new PacsException("The PACS has no host and port for DIMSE.", isAway: false);
        }

        return Web(pacs, preferences, await directory.DicomWebPasswordAsync(pacs.Id, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Makes a dialogue with a DICOMweb server that is not registered, to try it.</summary>
    /// <exception cref="PacsException">DICOMweb is switched off.</exception>
    public async Task<IPacsDialogue> TryAsync(Pacs pacs, string? password, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pacs);
        return Web(pacs, await settings.ReadAsync(cancellationToken).ConfigureAwait(false), password);
    }

    private DicomWebDialogue Web(Pacs pacs, DqrPreferences preferences, string? password)
    {
        if (!preferences.DicomWeb)
        {
            throw new PacsException("DICOMweb is switched off (dicomWebEnabled).", isAway: false);
        }

        return new DicomWebDialogue(pacs, objects, new DicomWebOptions
        {
            Root = new Uri(pacs.DicomWebRootUrl!), Query = preferences.DicomWebMetadata, Retrieve = preferences.DicomWebRetrieve, Tls = pacs.Rules.Trust(certificate),
            // A password without a user is a token.
            Authorization = password is null ? null : pacs.Rules.DicomWebUser is { Length: > 0 } user ? DicomWebOptions.Basic(user, password) : DicomWebOptions.Bearer(password),
        });
    }

    /// <summary>How the intake sees what a request fetches by C-GET or DICOMweb: marked with the request, so that nothing else in it is taken for what was asked.</summary>
    internal static IntakeSource SourceOf(Pacs pacs, long request) => new()
    {
        Door = $"pacs:{pacs.Id}", Request = request, PreventAnonymisation = !pacs.AnonymizationEnabled,
        Identifier = Receiver.Identifiers.Contains(pacs.DicomObjectIdentifier) ? pacs.DicomObjectIdentifier! : Receiver.Identifiers[1],
    };
}
