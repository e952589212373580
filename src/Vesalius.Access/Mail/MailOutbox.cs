using System.Globalization;
using System.Net;
using System.Net.Mail;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>Sends mail by the SMTP server of the preferences <c>notifications</c> (<c>hostname</c>, <c>port</c>, <c>username</c>, <c>password</c>, <c>ssl</c>).
/// Mail is a row until the server has taken it; failures are tried again for three days, at growing intervals.</summary>
public sealed partial class MailOutbox(VesaliusDatabase database, Preferences preferences, SiteSettings settings, TimeProvider time, ILogger<MailOutbox> logger) : BackgroundService
{
    /// <summary>Tool under which the preferences are kept.</summary>
    public const string Tool = "notifications";

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan TimeOut = TimeSpan.FromSeconds(30);
    private readonly SemaphoreSlim _wake = new(0, 1);

    private sealed record Letter(long Id, string Recipient, string Subject, string Body, int Attempts);

    /// <summary>True if an SMTP server is set.</summary>
    public async Task<bool> CanSendAsync(CancellationToken cancellationToken) =>
        await preferences.TextAsync(Tool, "smtpEnabled", cancellationToken).ConfigureAwait(false) != "false"
        && !string.IsNullOrEmpty(await preferences.TextAsync(Tool, "hostname", cancellationToken).ConfigureAwait(false));

    /// <summary>Takes a letter; it is sent soon.</summary>
    public async Task PostAsync(string recipient, string subject, string body, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync("insert into access_mail (recipient, subject, body) values (@recipient, @subject, @body)", new { recipient, subject, body }, cancellationToken).ConfigureAwait(false);
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake already.
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await CanSendAsync(stoppingToken).ConfigureAwait(false) && await SendNextAsync(stoppingToken).ConfigureAwait(false))
                {
                }

                await _wake.WaitAsync(Pause, stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Failed(logger, e.GetType().Name);
                await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // Taken by pushing its next attempt away, so that another node leaves it alone and a crash only delays it.
    private async Task<bool> SendNextAsync(CancellationToken cancellationToken)
    {
        var letter = await database.FindAsync<Letter>(
            """
            update access_mail set attempts = attempts + 1, next_attempt = now() + least(interval '1 minute' * power(2, attempts), interval '6 hours')
            where id = (select id from access_mail where next_attempt <= now() order by id limit 1 for update skip locked) returning id, recipient, subject, body, attempts
            """,
            null, cancellationToken).ConfigureAwait(false);
        if (letter is null)
        {
            return false;
        }

        try
        {
            await SendAsync(letter, cancellationToken).ConfigureAwait(false);
            await database.ExecuteAsync("delete from access_mail where id = @Id", new { letter.Id }, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SmtpException or FormatException or InvalidOperationException or System.IO.IOException)
        {
            NotSent(logger, letter.Id, letter.Attempts, e.GetType().Name);
            await database.ExecuteAsync("delete from access_mail where id = @Id and created < now() - interval '3 days'", new { letter.Id }, CancellationToken.None).ConfigureAwait(false);
        }

        return true;
    }

    private async Task SendAsync(Letter letter, CancellationToken cancellationToken)
    {
        async Task<string?> Of(string name) => await preferences.TextAsync(Tool, name, cancellationToken).ConfigureAwait(false);
        var port = int.TryParse(await Of("port").ConfigureAwait(false), CultureInfo.InvariantCulture, out var number) ? number : 25;
        using var client = new SmtpClient(await Of("hostname").ConfigureAwait(false), port)
        {
            EnableSsl = await Of("ssl").ConfigureAwait(false) == "true", DeliveryMethod = SmtpDeliveryMethod.Network,
            Credentials = await Of("username").ConfigureAwait(false) is { Length: > 0 } user ? new NetworkCredential(user, await Of("password").ConfigureAwait(false)) : null,
        };
        var sender = await settings.TextAsync("adminEmail", cancellationToken).ConfigureAwait(false);
        using var message = new MailMessage(new MailAddress(sender), new MailAddress(letter.Recipient)) { Subject = letter.Subject, Body = letter.Body };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeOut);
        try
        {
            await client.SendMailAsync(message, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SmtpException("The mail server does not answer.");
        }
    }

    [LoggerMessage(1001, LogLevel.Warning, "Letter {Id} was not sent at attempt {Attempt}: {Error}")]
    private static partial void NotSent(ILogger logger, long id, int attempt, string error);

    [LoggerMessage(1002, LogLevel.Warning, "Sending mail failed: {Error}")]
    private static partial void Failed(ILogger logger, string error);
}
