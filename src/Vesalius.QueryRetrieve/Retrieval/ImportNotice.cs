using System.Globalization;
using Vesalius.Access;

namespace Vesalius.QueryRetrieve;

/// <summary>Writes to the administrator about studies that are complete, where the preferences say so (xapi A.9). Names keys and counts, nobody's patient.</summary>
public sealed class ImportNotice(MailOutbox outbox, SiteSettings settings)
{
    /// <summary>Posts the letter; without an SMTP server there is none.</summary>
    internal async Task PostAsync(ImportRequest request, Pacs pacs, DqrPreferences preferences, int instances, CancellationToken cancellationToken)
    {
        if (!preferences.NotifiesAdministrator || !await outbox.CanSendAsync(cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        var text = string.Create(CultureInfo.InvariantCulture, $"Request {request.Id} of {request.Username} is complete: {instances} instances from the PACS {pacs.Label} for the project {request.ProjectId}.\n");
        await outbox.PostAsync(await settings.TextAsync("adminEmail", cancellationToken).ConfigureAwait(false), "Import from PACS complete", text, cancellationToken).ConfigureAwait(false);
    }
}
