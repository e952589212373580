using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>An account.</summary>
/// <param name="Id">Key.</param>
/// <param name="Login">Login name.</param>
/// <param name="FirstName">First name.</param>
/// <param name="LastName">Last name.</param>
/// <param name="Email">E-mail address.</param>
/// <param name="Enabled">May sign in.</param>
/// <param name="Verified">E-mail address was verified.</param>
/// <param name="Modified">Last change.</param>
/// <param name="LastLogin">Last successful sign-in.</param>
public sealed record UserAccount(
    long Id, string Login, string FirstName, string LastName, string Email, bool Enabled, bool Verified, DateTime Modified, DateTime? LastLogin);

/// <summary>Accounts, their roles and groups. Changes are effective with the next request.</summary>
public sealed class UserDirectory(VesaliusDatabase database, TimeProvider time)
{
    /// <summary>Role of site administrators.</summary>
    public const string Administrator = "Administrator";

    private const string Columns = "id, login, first_name, last_name, email, enabled, verified, modified, last_login";

    /// <summary>Finds an account by login; null if there is none.</summary>
    public Task<UserAccount?> FindAsync(string login, CancellationToken cancellationToken) =>
        database.FindAsync<UserAccount>($"select {Columns} from access_user where login = @login", new { login }, cancellationToken);

    /// <summary>Finds accounts by e-mail address, without regard to case.</summary>
    public Task<IReadOnlyList<UserAccount>> FindByEmailAsync(string email, CancellationToken cancellationToken) =>
        database.QueryAsync<UserAccount>($"select {Columns} from access_user where lower(email) = lower(@email) order by login", new { email }, cancellationToken);

    /// <summary>Finds an account by number; null if there is none.</summary>
    public Task<UserAccount?> FindAsync(long id, CancellationToken cancellationToken) =>
        database.FindAsync<UserAccount>($"select {Columns} from access_user where id = @id", new { id }, cancellationToken);

    /// <summary>Logins by role, for all roles that somebody has.</summary>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> RoleMapAsync(CancellationToken cancellationToken) =>
        (await database.QueryAsync<(string Role, string Login)>("select role, login from access_user_role join access_user on id = user_id order by role, login", null, cancellationToken).ConfigureAwait(false))
        .GroupBy(r => r.Role).ToDictionary(g => g.Key, g => (IReadOnlyList<string>)[.. g.Select(r => r.Login)]);

    /// <summary>How often and when sign-in with the password failed in a row.</summary>
    public async Task<(int Failures, DateTime? Last)> FailuresAsync(string login, CancellationToken cancellationToken) =>
        await database.FindAsync<(int, DateTime?)>("select failed_logins, failed_since from access_user where login = @login", new { login }, cancellationToken).ConfigureAwait(false);

    /// <summary>Projects that a user marked as favorites.</summary>
    public Task<IReadOnlyList<string>> FavoritesAsync(string login, CancellationToken cancellationToken) => database.QueryAsync<string>(
        "select project_id from access_favorite join access_user on id = user_id where login = @login order by 1", new { login }, cancellationToken);

    /// <summary>Marks a project as a user's favorite or takes the mark away.</summary>
    public Task SetFavoriteAsync(string login, string projectId, bool marked, CancellationToken cancellationToken) => database.ExecuteAsync(
        marked
            ? "insert into access_favorite select id, @projectId from access_user where login = @login on conflict do nothing"
            : "delete from access_favorite using access_user where id = user_id and login = @login and project_id = @projectId",
        new { login, projectId }, cancellationToken);

    /// <summary>All accounts by login.</summary>
    public Task<IReadOnlyList<UserAccount>> ListAsync(CancellationToken cancellationToken) =>
        database.QueryAsync<UserAccount>($"select {Columns} from access_user order by login", null, cancellationToken);

    /// <summary>Makes an account. An empty password is none: the account signs in by an outside provider or an alias token.</summary>
    /// <returns>False if the login is taken.</returns>
    public async Task<bool> CreateAsync(
        string login, string password, string firstName, string lastName, string email, bool enabled, bool verified, CancellationToken cancellationToken) =>
        await database.ExecuteAsync(
            """
            insert into access_user (login, password_hash, first_name, last_name, email, enabled, verified)
            values (@login, @hash, @firstName, @lastName, @email, @enabled, @verified) on conflict (login) do nothing
            """,
            new { login, hash = password.Length == 0 ? "" : Password.Hash(password), firstName, lastName, email, enabled, verified }, cancellationToken).ConfigureAwait(false) == 1;

    /// <summary>Changes what is given of an account.</summary>
    /// <returns>False if nothing changed.</returns>
    public async Task<bool> UpdateAsync(
        string login, string? firstName, string? lastName, string? email, bool? enabled, bool? verified, string? password, CancellationToken cancellationToken)
    {
        var hash = password is null ? null : Password.Hash(password);
        return await database.ExecuteAsync(
            """
            with former as (
                insert into access_password_history (user_id, password_hash, replaced)
                select id, password_hash, @now from access_user where login = @login and @hash::text is not null and password_hash <> '')
            update access_user set first_name = coalesce(@firstName, first_name), last_name = coalesce(@lastName, last_name), email = coalesce(@email, email),
                enabled = coalesce(@enabled, enabled), verified = coalesce(@verified, verified), password_hash = coalesce(@hash, password_hash), modified = now(),
                password_changed = case when @hash::text is null then password_changed else @now end, must_change_password = must_change_password and @hash::text is null,
                failed_logins = case when @hash::text is null then failed_logins else 0 end
            where login = @login and (
                (@firstName is not null and @firstName <> first_name) or (@lastName is not null and @lastName <> last_name) or (@email is not null and @email <> email)
                or (@enabled is not null and @enabled <> enabled) or (@verified is not null and @verified <> verified) or @hash is not null)
            """,
            new { login, firstName, lastName, email, enabled, verified, hash, now = time.GetUtcNow().UtcDateTime }, cancellationToken).ConfigureAwait(false) > 0;
    }

    /// <summary>Says whether the password must be changed before anything else, as one that somebody else chose.</summary>
    public Task SetMustChangePasswordAsync(string login, bool must, CancellationToken cancellationToken) =>
        database.ExecuteAsync("update access_user set must_change_password = @must where login = @login", new { login, must }, cancellationToken);

    /// <summary>Site-wide roles of an account.</summary>
    public Task<IReadOnlyList<string>> RolesAsync(string login, CancellationToken cancellationToken) =>
        database.QueryAsync<string>("select role from access_user_role join access_user on id = user_id where login = @login order by role", new { login }, cancellationToken);

    /// <summary>Gives or takes a role.</summary>
    /// <returns>False if it would leave no administrator who can sign in.</returns>
    public async Task<bool> SetRoleAsync(string login, string role, bool given, CancellationToken cancellationToken)
    {
        if (given)
        {
            await database.ExecuteAsync(
                "insert into access_user_role select id, @role from access_user where login = @login on conflict do nothing", new { login, role }, cancellationToken).ConfigureAwait(false);
            return true;
        }

        if (role == Administrator && await database.FindAsync<long>(
            "select count(*) from access_user_role join access_user on id = user_id where role = @role and enabled and login <> @login", new { role, login }, cancellationToken).ConfigureAwait(false) == 0)
        {
            return false;
        }

        await database.ExecuteAsync(
            "delete from access_user_role using access_user where id = user_id and login = @login and role = @role", new { login, role }, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Groups of an account: those of projects as <c>{P}_owner</c> and so on, and site-wide ones.</summary>
    public Task<IReadOnlyList<string>> GroupsAsync(string login, CancellationToken cancellationToken) =>
        database.QueryAsync<string>(
            """
            select coalesce(group_id, project_id || '_' || role) from access_member join access_user on id = user_id where login = @login
            union all select group_id from access_user_group join access_user on id = user_id where login = @login order by 1
            """,
            new { login }, cancellationToken);

    /// <summary>Gives or takes a site-wide group.</summary>
    public Task SetGroupAsync(string login, string group, bool given, CancellationToken cancellationToken) => database.ExecuteAsync(
        given
            ? "insert into access_user_group select id, @group from access_user where login = @login on conflict do nothing"
            : "delete from access_user_group using access_user where id = user_id and login = @login and group_id = @group",
        new { login, group }, cancellationToken);

    /// <summary>Everything that permission decisions need to know about a user; null if there is none that may sign in.</summary>
    public async Task<Caller?> LoadCallerAsync(string login, CancellationToken cancellationToken) => (await database.FindAsync<CallerRow>(
        $"select {CallerRow.Columns} from access_user u where login = @login", new { login, today = TrainingRecords.Today(time) }, cancellationToken).ConfigureAwait(false))?.ToCaller();
}
