using System.Net;
using System.Text.RegularExpressions;
using Vesalius.Access;
using Vesalius.Archive.Types;
using Vesalius.Prearchive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Small services below <c>/data/services</c> (rest-api §16, T4, T5, T7).</summary>
internal static partial class SiteServices
{
    private const int MostRecipients = 100;

    public static void MapSiteServices(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/data/services/mail/send", SendAsync);
        endpoints.MapGet("/data/services/audit/{type}/{**key}", async (HttpContext context, string type, string key, TypeModel model) =>
        {
            context.Administrator();
            var family = model.Find(type)?.Family ?? throw RequestRefusedException.BadRequest("There is no such data type.");
            return await ObjectStatus.HistoryAsync(context, family.ToString().ToLowerInvariant(), key);
        });
        endpoints.MapGet("/data/services/scan-quality-labels/{project?}", async (HttpContext context, string? project, ConfigurationStore configurations) =>
        {
            context.SignedIn();
            var id = project is null ? null : (await Scope.ProjectAsync(context, project, ProjectRights.Read)).Id;
            var stored = id is null ? null : await configurations.FindAsync("scan-quality", "labels", id, context.RequestAborted);
            stored = stored is { Enabled: true } ? stored : await configurations.FindAsync("scan-quality", "labels", null, context.RequestAborted);
            return Results.Text(stored is { Enabled: true } ? string.Join(',', stored.Contents.Split([',', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)) : "usable,questionable,unusable");
        });
    }

    // For administrators: anybody else could write to the world in the site's name.
    private static async Task<IResult> SendAsync(HttpContext context, MailOutbox outbox)
    {
        context.Administrator();
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(context.RequestAborted) : FormCollection.Empty;
        string Value(string name) => form[name].FirstOrDefault() ?? context.Request.Query[name].FirstOrDefault() ?? "";
        List<string> recipients = [.. ((string[])["to", "cc", "bcc"]).SelectMany(n => Value(n).Split([',', ';'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Distinct(StringComparer.OrdinalIgnoreCase)];
        var (subject, message) = (Value("subject"), Value("message") is { Length: > 0 } text ? text : WebUtility.HtmlDecode(Mark().Replace(Value("html"), " ")));
        if (recipients.Count is 0 or > MostRecipients || !recipients.TrueForAll(EmailAddress.IsValid))
        {
            throw RequestRefusedException.BadRequest($"Name 1 to {MostRecipients} e-mail addresses in to, cc and bcc.");
        }

        if (subject.Length is 0 or > 255 || subject.Any(char.IsControl) || message.Length is 0 or > 100_000 || !FieldValue.IsText(message) || !FieldValue.IsText(subject))
        {
            throw RequestRefusedException.BadRequest("A letter needs a subject of one line and a message (message or html).");
        }

        if (!await outbox.CanSendAsync(context.RequestAborted))
        {
            throw new RequestRefusedException(424, "No mail server is set (/xapi/notifications).");
        }

        foreach (var recipient in recipients)
        {
            await outbox.PostAsync(recipient, subject, message, context.RequestAborted);
        }

        await Scope.AuditAsync(context, "mail.send", recipients.Count.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return Results.Text("OK");
    }

    [GeneratedRegex("<[^>]*>", RegexOptions.NonBacktracking)]
    private static partial Regex Mark();
}
