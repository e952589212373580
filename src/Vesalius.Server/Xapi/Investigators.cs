using System.Globalization;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Types;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/investigators</c> (xapi G.3, rest-api M12) and <c>/data/investigators</c> (PR19). Of a person's projects the caller learns those that the caller may see.</summary>
internal static class Investigators
{
    private sealed record Body(string? Title, string? Firstname, string? Lastname, string? Institution, string? Department, string? Email, string? Phone);

    public static void MapInvestigators(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/investigators", async (HttpContext context, InvestigatorDirectory investigators) => Results.Json((await VisibleAsync(context, investigators)).Select(View)));
        endpoints.MapGet("/xapi/investigators/{id:long}", async (HttpContext context, long id) => Results.Json(View(await FindAsync(context, id))));
        endpoints.MapPost("/xapi/investigators", async (HttpContext context, InvestigatorDirectory investigators) =>
        {
            context.SignedIn();
            var (id, isNew) = await investigators.AddAsync(Checked(new Investigator(), await RequestJson.ReadAsync<Body>(context)), context.RequestAborted);
            await Scope.AuditAsync(context, "investigator.save", Text(id));
            return Results.Json(View(await FindAsync(context, id)), statusCode: isNew ? 201 : 200);
        });
        endpoints.MapPut("/xapi/investigators/{id:long}", async (HttpContext context, long id, InvestigatorDirectory investigators) =>
        {
            context.SignedIn();
            var changed = Checked(await FindAsync(context, id), await RequestJson.ReadAsync<Body>(context));
            if (!await investigators.ChangeAsync(changed, context.RequestAborted))
            {
                throw RequestRefusedException.Conflict("Another investigator has this name.");
            }

            await Scope.AuditAsync(context, "investigator.save", Text(id));
            return Results.Json(View(await FindAsync(context, id)));
        });
        endpoints.MapDelete("/xapi/investigators/{id:long}", async (HttpContext context, long id, InvestigatorDirectory investigators) =>
        {
            context.Administrator();
            if (!await investigators.RemoveAsync(id, context.RequestAborted))
            {
                throw RequestRefusedException.NotFound($"There is no investigator {id}.");
            }

            await Scope.AuditAsync(context, "investigator.delete", Text(id));
            return Results.Ok();
        });
        endpoints.MapGet("/data/investigators", async (HttpContext context, InvestigatorDirectory investigators) =>
        {
            var table = new ResultTable("xnat_investigatordata_id", "title", "firstname", "lastname", "institution", "department", "email", "phone");
            foreach (var i in await VisibleAsync(context, investigators))
            {
                table.Add(Text(i.Id), i.Title, i.FirstName, i.LastName, i.Institution, i.Department, i.Email, i.Phone);
            }

            return new TableResult(table);
        });
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static async Task<IEnumerable<Investigator>> VisibleAsync(HttpContext context, InvestigatorDirectory investigators)
    {
        var caller = context.SignedIn();
        var projects = (await context.RequestServices.GetRequiredService<ProjectAccess>().ProjectsWithAsync(caller, ProjectRights.Describe, ProjectPermissions.ProjectType, context.RequestAborted)).ToHashSet();
        return (await investigators.ListAsync(context.RequestAborted)).Select(i => i with
        {
            PrimaryProjects = [.. i.PrimaryProjects.Where(projects.Contains)], InvestigatorProjects = [.. i.InvestigatorProjects.Where(projects.Contains)],
        });
    }

    private static async Task<Investigator> FindAsync(HttpContext context, long id) =>
        (await VisibleAsync(context, context.RequestServices.GetRequiredService<InvestigatorDirectory>())).FirstOrDefault(i => i.Id == id) ?? throw RequestRefusedException.NotFound($"There is no investigator {id}.");

    // What is not given stays.
    private static Investigator Checked(Investigator before, Body body)
    {
        var after = before with
        {
            Title = body.Title ?? before.Title, FirstName = body.Firstname ?? before.FirstName, LastName = body.Lastname ?? before.LastName, Institution = body.Institution ?? before.Institution,
            Department = body.Department ?? before.Department, Email = body.Email ?? before.Email, Phone = body.Phone ?? before.Phone,
        };
        string[] texts = [after.Title, after.FirstName, after.LastName, after.Institution, after.Department, after.Email, after.Phone];
        return after.FirstName.Trim().Length == 0 || after.LastName.Trim().Length == 0 ? throw RequestRefusedException.BadRequest("An investigator needs a firstname and a lastname.")
            : texts.Any(t => t.Length > 255 || !FieldValue.IsText(t)) ? throw RequestRefusedException.BadRequest("A field is longer than 255 characters or cannot be stored.")
            : after.Email.Length > 0 && !EmailAddress.IsValid(after.Email) ? throw RequestRefusedException.BadRequest("The email is no e-mail address.")
            : after;
    }

    private static object View(Investigator i) => new
    {
        xnatInvestigatordataId = i.Id, title = i.Title, firstname = i.FirstName, lastname = i.LastName, institution = i.Institution, department = i.Department, email = i.Email, phone = i.Phone,
        primaryProjects = i.PrimaryProjects, investigatorProjects = i.InvestigatorProjects,
    };
}
