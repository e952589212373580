using Vesalius.Access;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/users</c> and <c>/data/users</c> (xapi G.1, rest-api §21).</summary>
internal static class Users
{
    // Roles that parts of the server look for; any other name is kept too (xapi G.1).
    private static readonly string[] KnownRoles = [UserDirectory.Administrator, "Dqr", "ContainerManager", "CustomFormManager", "Privileged", PasswordSignIn.NonExpiring, "DataManager", "SiteUser", TrainingRecords.Exempt];

    private sealed record OwnBody(string? FirstName, string? LastName, string? Email, string? Password, string? CurrentPassword, string? OldPassword, string? ConfirmPassword);

    private sealed record UserBody(string? Username, string? Password, string? FirstName, string? LastName, string? Email, bool? Enabled, bool? Verified);

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
        endpoints.MapGet("/xapi/users/current", async (HttpContext context, UserDirectory users) => Results.Json(Profile((await users.FindAsync(context.SignedIn().Login, context.RequestAborted))!)));
        endpoints.MapGet("/xapi/users/projects", async (HttpContext context, ProjectAccess access) =>
            Results.Json(await access.ProjectsWithAsync(context.SignedIn(), ProjectRights.Read, ProjectPermissions.ProjectType, context.RequestAborted)));
        endpoints.MapGet("/xapi/users/roles", async (HttpContext context, UserDirectory users) =>
        {
            context.Administrator();
            return Results.Json((await users.RoleMapAsync(context.RequestAborted)).Keys.Union(KnownRoles).Order(StringComparer.Ordinal));
        });
        endpoints.MapGet("/xapi/users/roles/{role}", async (HttpContext context, string role, UserDirectory users) =>
        {
            context.Administrator();
            return Results.Json((await users.RoleMapAsync(context.RequestAborted)).GetValueOrDefault(role) ?? []);
        });
        endpoints.MapGet("/xapi/users/rolemap", async (HttpContext context, UserDirectory users) =>
        {
            context.Administrator();
            return Results.Json(await users.RoleMapAsync(context.RequestAborted));
        });
        endpoints.MapGet("/xapi/users/active", async (HttpContext context, SessionDirectory sessions) =>
        {
            context.Administrator();
            return Results.Json((await sessions.AllAsync(context.RequestAborted)).ToDictionary(s => s.Key, s => new { sessions = s.Value, count = s.Value.Count }));
        });
        endpoints.MapGet("/xapi/users/active/{login}", async (HttpContext context, string login, SessionDirectory sessions) =>
        {
            context.SelfOrAdministrator(login);
            return await sessions.HandlesAsync(login, context.RequestAborted) is { Count: > 0 } open ? Results.Json(open) : Results.StatusCode(304);
        });
        endpoints.MapDelete("/xapi/users/active/{login}", async (HttpContext context, string login, SessionDirectory sessions) =>
        {
            context.SelfOrAdministrator(login);
            await Scope.AuditAsync(context, "sessions.close", login);
            return Results.Json(await sessions.CloseAllAsync(login, context.RequestAborted));
        });
        endpoints.MapGet("/xapi/users/authDetails/{login}", async (HttpContext context, string login, UserDirectory users) =>
        {
            context.SelfOrAdministrator(login);
            var user = await FindAsync(context, login);
            var (failures, last) = await users.FailuresAsync(login, context.RequestAborted);
            return Results.Json(new[]
            {
                new
                {
                    xdatUsername = login, authMethod = "localdb", authMethodId = "", authUser = login, lastLoginAttempt = Millis(last > user.LastLogin || user.LastLogin is null ? last : user.LastLogin),
                    lastSuccessfulLogin = Millis(user.LastLogin), failedLoginAttempts = failures,
                },
            });
        });
        endpoints.MapGet("/xapi/users/authProviders", (ProviderSignIn providers, IEnumerable<OpenIdProvider> openId) =>
            Results.Json(providers.Names.Prepend(KeyValuePair.Create("localdb", "Local")).Concat(openId.Select(p => KeyValuePair.Create(p.Options.Id, p.Options.Name))).Select(p => new { id = p.Key, name = p.Value })));
        endpoints.MapPut("/xapi/users/update", UpdateOwnAsync);
        endpoints.MapGet("/xapi/users/{login}", async (HttpContext context, string login) =>
        {
            context.SelfOrAdministrator(login);
            return Results.Json(Profile(await FindAsync(context, login)));
        });
        endpoints.MapPost("/xapi/users", CreateAsync);
        endpoints.MapPut("/xapi/users/{login}", UpdateAsync);
        foreach (var flag in (string[])["enabled", "verified"])
        {
            endpoints.MapGet($"/xapi/users/{{login}}/{flag}", async (HttpContext context, string login) =>
            {
                context.SelfOrAdministrator(login);
                var user = await FindAsync(context, login);
                return Results.Json(flag == "enabled" ? user.Enabled : user.Verified);
            });
            endpoints.MapPut($"/xapi/users/{{login}}/{flag}/{{value:bool}}", async (HttpContext context, string login, bool value, UserDirectory users, Letters letters) =>
            {
                context.Administrator();
                var user = await FindAsync(context, login);
                if (!value && login == context.Caller().Login)
                {
                    throw RequestRefusedException.Conflict("An administrator does not lock itself out.");
                }

                if (flag == "enabled" && value && !user.Enabled && user.Verified)
                {
                    await letters.WelcomeAsync(user, context.RequestAborted);
                }

                await users.UpdateAsync(login, null, null, null, flag == "enabled" ? value : null, flag == "verified" ? value : null, null, context.RequestAborted);
                await Scope.AuditAsync(context, $"user.{flag}.{value}", login);
                return Results.Ok();
            });
        }

        endpoints.MapGet("/xapi/users/{login}/roles", async (HttpContext context, string login, UserDirectory users) =>
        {
            context.SelfOrAdministrator(login);
            await FindAsync(context, login);
            return Results.Json(await users.RolesAsync(login, context.RequestAborted));
        });
        endpoints.MapMethods("/xapi/users/{login}/roles", ["PUT", "DELETE"], async (HttpContext context, string login) =>
        {
            context.Administrator();
            return Results.Json(await EachAsync(context, login, await RequestJson.ReadAsync<List<string>>(context), role => SetRoleAsync(context, login, role)));
        });
        endpoints.MapMethods("/xapi/users/{login}/roles/{role}", ["PUT", "DELETE"], async (HttpContext context, string login, string role) =>
        {
            context.Administrator();
            await FindAsync(context, login);
            return await SetRoleAsync(context, login, role) ? Results.Ok() : throw RequestRefusedException.Conflict("The last administrator stays one.");
        });
        endpoints.MapGet("/xapi/users/{login}/groups", async (HttpContext context, string login, UserDirectory users) =>
        {
            context.SelfOrAdministrator(login);
            await FindAsync(context, login);
            return Results.Json(await users.GroupsAsync(login, context.RequestAborted));
        });
        endpoints.MapMethods("/xapi/users/{login}/groups", ["PUT", "DELETE"], async (HttpContext context, string login) =>
        {
            await CheckManagesAsync(context, []);
            var groups = await RequestJson.ReadAsync<List<string>>(context);
            await CheckManagesAsync(context, groups);
            return Results.Json(await EachAsync(context, login, groups, group => SetGroupAsync(context, login, group)));
        });
        endpoints.MapMethods("/xapi/users/{login}/groups/{group}", ["PUT", "DELETE"], async (HttpContext context, string login, string group) =>
        {
            await CheckManagesAsync(context, [group]);
            await FindAsync(context, login);
            return await SetGroupAsync(context, login, group) ? Results.Ok() : throw RequestRefusedException.NotFound("There is no such group.");
        });
        MapFavorites(endpoints);
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

    private static void MapFavorites(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/data/users/favorites/{type}", async (HttpContext context, string type, UserDirectory users) =>
        {
            var login = context.SignedIn().Login;
            var table = new ResultTable("id");
            foreach (var project in type == "Project" ? await users.FavoritesAsync(login, context.RequestAborted) : throw RequestRefusedException.NotFound("Only projects can be favorites."))
            {
                table.Add(project);
            }

            return new TableResult(table);
        });
        endpoints.MapMethods("/data/users/favorites/{type}/{project}", ["PUT", "DELETE"], async (HttpContext context, string type, string project, UserDirectory users) =>
        {
            var login = context.SignedIn().Login;
            if (type != "Project")
            {
                throw RequestRefusedException.NotFound("Only projects can be favorites.");
            }

            var row = await Scope.ProjectAsync(context, project, ProjectRights.Describe);
            await users.SetFavoriteAsync(login, row.Id, HttpMethods.IsPut(context.Request.Method), context.RequestAborted);
            return Results.Ok();
        });
    }

    private static async Task CheckListAsync(HttpContext context)
    {
        if (!context.SignedIn().IsSiteAdministrator && await context.RequestServices.GetRequiredService<SiteSettings>().FlagAsync("restrictUserListAccessToAdmins", context.RequestAborted))
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
        lastSuccessfulLogin = Millis(user.LastLogin),
    };

    private static long? Millis(DateTime? at) => at is { } time ? new DateTimeOffset(time.ToUniversalTime()).ToUnixTimeMilliseconds() : null;

    // The own account; a new password needs the present one, even where a session is open.
    private static async Task<IResult> UpdateOwnAsync(HttpContext context, UserDirectory users, PasswordSignIn signIn, SessionDirectory sessions)
    {
        var login = context.SignedIn().Login;
        var body = await RequestJson.ReadAsync<OwnBody>(context);
        if (body.Email is not null && !EmailAddress.IsValid(body.Email))
        {
            throw RequestRefusedException.BadRequest("The e-mail address is none.");
        }

        var password = body.Password is { Length: > 0 } ? body.Password : null;
        if (password is not null)
        {
            if (body.ConfirmPassword is not null && body.ConfirmPassword != password)
            {
                throw RequestRefusedException.BadRequest("The two passwords differ.");
            }

            if (await signIn.CheckAsync(login, body.CurrentPassword ?? body.OldPassword ?? "", context.RequestAborted) == SignInOutcome.Refused)
            {
                throw RequestRefusedException.BadRequest("The present password is missing or wrong.");
            }

            if (await context.RequestServices.GetRequiredService<PasswordRules>().FaultAsync(login, password, context.RequestAborted) is { } fault)
            {
                throw RequestRefusedException.BadRequest(fault);
            }
        }

        if (!await users.UpdateAsync(login, body.FirstName, body.LastName, body.Email, null, null, password, context.RequestAborted))
        {
            return Results.StatusCode(304);
        }

        if (password is not null)
        {
            await sessions.CloseAllAsync(login, context.RequestAborted);
        }

        await Scope.AuditAsync(context, password is null ? "user.change" : "user.password", login);
        return Results.Json(Profile(await FindAsync(context, login)));
    }

    private static async Task<IResult> CreateAsync(HttpContext context, UserDirectory users, SiteSettings settings)
    {
        context.Administrator();
        var body = await RequestJson.ReadAsync<UserBody>(context);
        if (body.Username is null || !LoginName.IsValid(body.Username) || AliasTokens.IsAlias(body.Username) || string.IsNullOrEmpty(body.Password) || !EmailAddress.IsValid(body.Email))
        {
            throw RequestRefusedException.BadRequest("A user needs a username of letters, digits, . _ @ -, a password and an e-mail address.");
        }

        await CheckPasswordAsync(context, null, body.Password);
        if (!await users.CreateAsync(
            body.Username, body.Password, body.FirstName ?? "", body.LastName ?? "", body.Email, body.Enabled ?? true, body.Verified ?? true, context.RequestAborted))
        {
            throw RequestRefusedException.Conflict("The username is taken.");
        }

        await Scope.AuditAsync(context, "user.create", body.Username);
        if (await settings.FlagAsync("passwordTemporaryMustChange", context.RequestAborted))
        {
            await users.SetMustChangePasswordAsync(body.Username, true, context.RequestAborted);
        }

        return Results.Json(Profile(await FindAsync(context, body.Username)), statusCode: 201);
    }

    private static async Task CheckPasswordAsync(HttpContext context, string? login, string password)
    {
        if (await context.RequestServices.GetRequiredService<PasswordRules>().FaultAsync(login, password, context.RequestAborted) is { } fault)
        {
            throw RequestRefusedException.BadRequest(fault);
        }
    }

    private static async Task<IResult> UpdateAsync(HttpContext context, string login, UserDirectory users, SessionDirectory sessions)
    {
        context.Administrator();
        var body = await RequestJson.ReadAsync<UserBody>(context);
        if (body.Username is not null && body.Username != login)
        {
            throw RequestRefusedException.BadRequest("The body names another user than the address.");
        }

        await FindAsync(context, login);
        if (body.Email is not null && !EmailAddress.IsValid(body.Email))
        {
            throw RequestRefusedException.BadRequest("The e-mail address is none.");
        }

        if (body.Password is { Length: > 0 } password)
        {
            await CheckPasswordAsync(context, login, password);
        }

        var changed = await users.UpdateAsync(
            login, body.FirstName, body.LastName, body.Email, body.Enabled, body.Verified, body.Password is { Length: > 0 } ? body.Password : null, context.RequestAborted);
        if (!changed)
        {
            return Results.StatusCode(304);
        }

        if (body.Password is { Length: > 0 } && login != context.Caller().Login)
        {
            await sessions.CloseAllAsync(login, context.RequestAborted);
        }

        await Scope.AuditAsync(context, "user.change", login);
        return Results.Json(Profile(await FindAsync(context, login)));
    }

    // 202 with the names that did not work, 200 with an empty list when all did.
    private static async Task<List<string>> EachAsync(HttpContext context, string login, IReadOnlyList<string> names, Func<string, Task<bool>> act)
    {
        await FindAsync(context, login);
        var failed = new List<string>();
        foreach (var name in names)
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

    // Project of a group, its own or one of the three that every project has; null if there is no such group.
    private static async Task<string?> ProjectOfAsync(HttpContext context, string group)
    {
        var services = context.RequestServices;
        var cut = group.LastIndexOf('_');
        return await services.GetRequiredService<ProjectGroups>().ProjectOfAsync(group, context.RequestAborted)
            ?? (cut > 0 && ProjectAccess.RoleOf(group[..cut], group) is not null
                && await services.GetRequiredService<ProjectAccess>().AccessibilityAsync(group[..cut], context.RequestAborted) is not null ? group[..cut] : null);
    }

    // Who manages a project says who is in its groups; all other groups are for administrators.
    private static async Task CheckManagesAsync(HttpContext context, IReadOnlyList<string> groups)
    {
        var caller = context.SignedIn();
        if (caller.IsSiteAdministrator)
        {
            return;
        }

        var managed = await context.RequestServices.GetRequiredService<ProjectAccess>().ProjectsWithAsync(caller, ProjectRights.Manage, context.RequestAborted);
        var isAllowed = managed.Count > 0;
        foreach (var group in groups)
        {
            // Whatever a project's own group is called, the site's groups are no project's.
            isAllowed = isAllowed && !ProjectGroups.IsOfSite(group) && await ProjectOfAsync(context, group) is { } project && managed.Contains(project);
        }

        if (!isAllowed)
        {
            throw RequestRefusedException.Forbidden();
        }
    }

    private static async Task<bool> SetGroupAsync(HttpContext context, string login, string group)
    {
        var given = HttpMethods.IsPut(context.Request.Method);
        await Scope.AuditAsync(context, given ? "user.group.give" : "user.group.take", $"{login}/{group}");
        if (ProjectGroups.IsOfSite(group))
        {
            await context.RequestServices.GetRequiredService<UserDirectory>().SetGroupAsync(login, group, given, context.RequestAborted);
            return true;
        }

        if (await ProjectOfAsync(context, group) is not { } projectId)
        {
            return false;
        }

        var access = context.RequestServices.GetRequiredService<ProjectAccess>();

        if (given)
        {
            return login != "guest" && await access.SetGroupAsync(projectId, login, group, context.RequestAborted);
        }

        var isThere = (await context.RequestServices.GetRequiredService<UserDirectory>().GroupsAsync(login, context.RequestAborted)).Contains(group);
        return isThere && await access.RemoveMemberAsync(projectId, login, context.RequestAborted) > 0;
    }
}
