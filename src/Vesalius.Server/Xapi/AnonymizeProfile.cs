using Vesalius.Anonymisation.Profile;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/anonymize/profile</c>: scripts made from the standard's confidentiality profile (R12).</summary>
internal static class AnonymizeProfile
{
    public static void MapAnonymizeProfile(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/anonymize/profile/options", (HttpContext context) =>
        {
            context.SignedIn();
            return Results.Json(new
            {
                edition = ProfileScript.Edition,
                options = ProfileOption.All.Select(o => new { name = o.Name, code = o.Code, meaning = o.Meaning, explanation = o.Explanation }),
                templates = ProfileChoices.Templates.ToDictionary(t => t.Key, t => new { options = t.Value.Options, keep = t.Value.KeptDescriptors }),
            });
        });
        endpoints.MapGet("/xapi/anonymize/profile", (HttpContext context) =>
        {
            context.SignedIn();
            try
            {
                return Results.Text(ProfileScript.Make(Choices(context.Request.Query)).Text);
            }
            catch (ArgumentException e)
            {
                throw RequestRefusedException.BadRequest(e.Message);
            }
        });
    }

    private static ProfileChoices Choices(IQueryCollection query)
    {
        var choices = new ProfileChoices();
        if (query["template"].FirstOrDefault() is { } template)
        {
            choices = ProfileChoices.Templates.GetValueOrDefault(template) ?? throw RequestRefusedException.BadRequest("There is no such template.");
        }

        return choices with
        {
            Options = [.. choices.Options, .. query["option"].OfType<string>()],
            KeptDescriptors = [.. choices.KeptDescriptors, .. query["keep"].OfType<string>()],
            Documents = query["documents"].FirstOrDefault() == "strip" ? DocumentRule.Strip : DocumentRule.Reject,
            UidRoot = query["uidRoot"].FirstOrDefault(),
        };
    }
}
