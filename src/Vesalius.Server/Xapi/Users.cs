using System.Text.Json;
using System.Text.RegularExpressions;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/users</c> and <c>/data/users</c> (xapi G.1, rest-api §21).</summary>
internal static partial class Users
{
    private sealed record UserBody(string? Username, string? Password, string? FirstName, string? LastName, string? Email, bool? Enabled, bool? Verified);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    [GeneratedRegex(@"^[\w.@-]{1,255}$")]
    private static partial Regex LoginForm();

    [GeneratedRegex(@"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
    private static partial Regex EmailForm();

    public static void MapUsers(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/users/username", (HttpContext context) => Results.Text(context.SignedIn().Login));
        endpoints.MapGet("/xapi/users", async (HttpContext context, UserDirectory users) =>
        {
            await CheckListAsync(context);
            return Results.Json((await users.ListAsync(context.RequestAborted)).Select(u => u.Login));
        });
        endpoints.MapGet("/xapi/users/profiles", async (HttpContext context, UserDirectory users) =>
        {
            await CheckListAsync(context);
            return Results.Json((await users.ListAsync(context.RequestAborted)).Select(Profile));
        });
        endpoints.MapGet("/xapi/users/profile", async (HttpContext context, UserDirectory users) => Results.Json(Profile((await users.FindAsync(context.SignedIn().Login, context.RequestAborted))!)));
        endpoints.MapGet("/xapi/users/profile/{login}", async (HttpContext context, string login) =>
        {
            await CheckListAsync(context);
            return Results.Json(Profile(await FindAsync(context, login)));
        });
        endpoints.MapGet("/xapi/users/{login}", async (HttpContext context, string login) =>
        {
            SelfOrAdministrator(context, login);
            return Results.Json(Profile(await FindAsync(context, login)));
        });
        endpoints.MapPost("/xapi/users", CreateAsync);
        endpoints.MapPut("/xapi/users/{login}", UpdateAsync);
        foreach (var flag in (string[])["enabled", "verified"])
        {
            endpoints.MapGet($"/xapi/users/{{login}}/{flag}", async (HttpContext context, string login) =>
            {
                SelfOrAdministrator(context, login);
                var user = await FindAsync(context, login);
                return Results.Json(flag == "enabled" ? user.Enabled : user.Verified);
            });
            endpoints.MapPut($"/xapi/users/{{login}}/{flag}/{{value}}", async (HttpContext context, string login, bool value, UserDirectory users) =>
            {
                context.Administrator();
                await FindAsync(context, login);
                await users.UpdateAsync(login, null, null, null, flag == "enabled" ? value : null, flag == "verified" ? value : null, null, context.RequestAborted);
                await Scope.AuditAsync(context, $"user.{flag}.{value}", login);
                return Results.Ok();
            });
        }

        endpoints.MapGet("/xapi/users/{login}/roles", async (HttpContext context, string login, UserDirectory users) =>
        {
            SelfOrAdministrator(context, login);
            await FindAsync(context, login);
            return Results.Json(await users.RolesAsync(login, context.RequestAborted));
        });
        endpoints.MapMethods("/xapi/users/{login}/roles", ["PUT", "DELETE"], async (HttpContext context, string login) => Results.Json(await EachAsync(context, login, role => SetRoleAsync(context, login, role))));
        endpoints.MapMethods("/xapi/users/{login}/roles/{role}", ["PUT", "DELETE"], async (HttpContext context, string login, string role) =>
        {
            context.Administrator();
            await FindAsync(context, login);
            return await SetRoleAsync(context, login, role) ? Results.Ok() : throw RequestRefusedException.Conflict("The last administrator stays one.");
        });
        endpoints.MapGet("/xapi/users/{login}/groups", async (HttpContext context, string login, UserDirectory users) =>
        {
            SelfOrAdministrator(context, login);
            await FindAsync(context, login);
            return Results.Json(await users.GroupsAsync(login, context.RequestAborted));
        });
        endpoints.MapMethods("/xapi/users/{login}/groups", ["PUT", "DELETE"], async (HttpContext context, string login) => Results.Json(await EachAsync(context, login, group => SetGroupAsync(context, login, group))));
        endpoints.MapMethods("/xapi/users/{login}/groups/{group}", ["PUT", "DELETE"], async (HttpContext context, string login, string group) =>
        {
            context.Administrator();
            await FindAsync(context, login);
            return await SetGroupAsync(context, login, group) ? Results.Ok() : throw RequestRefusedException.NotFound("There is no such group.");
        });
        endpoints.MapGet("/data/users", async (HttpContext context, UserDirectory users) =>
        {
            await CheckListAsync(context);
            var table = new ResultTable("xdat_user_id", "login", "firstname", "lastname", "email");
            foreach (var user in await users.ListAsync(context.RequestAborted))
            {
                table.Add(user.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), user.Login, user.FirstName, user.LastName, user.Email);
            }

            return new TableResult(table);
        });
    }

    private static async Task CheckListAsync(HttpContext context)
    {
        if (!context.SignedIn().IsSiteAdministrator && await context.RequestServices.GetRequiredService<SiteSettings>().FlagAsync("restrictUserListAccessToAdmins", context.RequestAborted))
        {
            throw RequestRefusedException.Forbidden();
        }
    }

    private static void SelfOrAdministrator(HttpContext context, string login)
    {
        var caller = context.SignedIn();
        if (caller.Login != login && !caller.IsSiteAdministrator)
        {
            throw RequestRefusedException.Forbidden();
        }
    }

    private static async Task<UserAccount> FindAsync(HttpContext context, string login) =>
        await context.RequestServices.GetRequiredService<UserDirectory>().FindAsync(login, context.RequestAborted) ?? throw RequestRefusedException.NotFound("There is no such user.");

    private static object Profile(UserAccount user) => new
    {
        id = user.Id, username = user.Login, firstName = user.FirstName, lastName = user.LastName, fullName = $"{user.FirstName} {user.LastName}".Trim(), email = user.Email,
        enabled = user.Enabled, verified = user.Verified, secured = true, lastModified = new DateTimeOffset(user.Modified.ToUniversalTime()).ToUnixTimeMilliseconds(),
        lastSuccessfulLogin = user.LastLogin is { } last ? new DateTimeOffset(last.ToUniversalTime()).ToUnixTimeMilliseconds() : (long?)null,
    };

    private static async Task<T> BodyAsync<T>(HttpContext context)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<T>(context.Request.Body, Json, context.RequestAborted) ?? throw RequestRefusedException.BadRequest("The body is empty.");
        }
        catch (JsonException)
        {
            throw RequestRefusedException.BadRequest("The body is not the JSON that this address wants.");
        }
    }

    private static async Task<IResult> CreateAsync(HttpContext context, UserDirectory users, SiteSettings settings)
    {
        context.Administrator();
        var body = await BodyAsync<UserBody>(context);
        if (body.Username is null || !LoginForm().IsMatch(body.Username) || string.IsNullOrEmpty(body.Password) || body.Email is null || !EmailForm().IsMatch(body.Email))
        {
            throw RequestRefusedException.BadRequest("A user needs a username of letters, digits, . _ @ -, a password and an e-mail address.");
        }

        await CheckPasswordAsync(context, body.Password, settings);
        if (!await users.CreateAsync(
            body.Username, body.Password, body.FirstName ?? "", body.LastName ?? "", body.Email, body.Enabled ?? true, body.Verified ?? true, context.RequestAborted))
        {
            throw RequestRefusedException.Conflict("The username is taken.");
        }

        await Scope.AuditAsync(context, "user.create", body.Username);
        return Results.Json(Profile(await FindAsync(context, body.Username)), statusCode: 201);
    }

    private static async Task CheckPasswordAsync(HttpContext context, string password, SiteSettings settings)
    {
        if (await context.RequestServices.GetRequiredService<PasswordRules>().FaultAsync(null, password, context.RequestAborted) is { } fault)
        {
            throw RequestRefusedException.BadRequest(fault);
        }
    }

    private static async Task<IResult> UpdateAsync(HttpContext context, string login, UserDirectory users, SiteSettings settings)
    {
        context.Administrator();
        var body = await BodyAsync<UserBody>(context);
        if (body.Username is not null && body.Username != login)
        {
            throw RequestRefusedException.BadRequest("The body names another user than the address.");
        }

        await FindAsync(context, login);
        if (body.Email is not null && !EmailForm().IsMatch(body.Email))
        {
            throw RequestRefusedException.BadRequest("The e-mail address is none.");
        }

        if (body.Password is { Length: > 0 } password)
        {
            await CheckPasswordAsync(context, password, settings);
        }

        var changed = await users.UpdateAsync(
            login, body.FirstName, body.LastName, body.Email, body.Enabled, body.Verified, body.Password is { Length: > 0 } ? body.Password : null, context.RequestAborted);
        if (!changed)
        {
            return Results.StatusCode(304);
        }

        await Scope.AuditAsync(context, "user.change", login);
        return Results.Json(Profile(await FindAsync(context, login)));
    }

    // 202 with the names that did not work, 200 with an empty list when all did.
    private static async Task<List<string>> EachAsync(HttpContext context, string login, Func<string, Task<bool>> act)
    {
        context.Administrator();
        await FindAsync(context, login);
        var failed = new List<string>();
        foreach (var name in await BodyAsync<List<string>>(context))
        {
            if (!await act(name))
            {
                failed.Add(name);
            }
        }

        context.Response.StatusCode = failed.Count == 0 ? 200 : 202;
        return failed;
    }

    private static async Task<bool> SetRoleAsync(HttpContext context, string login, string role)
    {
        var given = HttpMethods.IsPut(context.Request.Method);
        var done = await context.RequestServices.GetRequiredService<UserDirectory>().SetRoleAsync(login, role, given, context.RequestAborted);
        await Scope.AuditAsync(context, given ? "user.role.give" : "user.role.take", $"{login}/{role}");
        return done;
    }

    private static async Task<bool> SetGroupAsync(HttpContext context, string login, string group)
    {
        var given = HttpMethods.IsPut(context.Request.Method);
        await Scope.AuditAsync(context, given ? "user.group.give" : "user.group.take", $"{login}/{group}");
        if (group is "ALL_DATA_ADMIN" or "ALL_DATA_ACCESS")
        {
            await context.RequestServices.GetRequiredService<UserDirectory>().SetGroupAsync(login, group, given, context.RequestAborted);
            return true;
        }

        var cut = group.LastIndexOf('_');
        if (cut <= 0 || !Enum.TryParse<ProjectRole>(group[(cut + 1)..], ignoreCase: true, out var role)
            || await context.RequestServices.GetRequiredService<ProjectDirectory>().FindAsync(group[..cut], context.RequestAborted) is not { } project)
        {
            return false;
        }

        var access = context.RequestServices.GetRequiredService<ProjectAccess>();
        if (given)
        {
            await access.SetMemberAsync(project.Id, login, role, context.RequestAborted);
        }
        else
        {
            await access.RemoveMemberAsync(project.Id, login, context.RequestAborted);
        }

        return true;
    }
}
