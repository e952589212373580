using System.Collections.Frozen;

namespace Vesalius.Access;

/// <summary>A user's place in one project, in rising order of rights (XNAT's three default groups).</summary>
public enum ProjectRole
{
    /// <summary>Group <c>{P}_collaborator</c>: may read.</summary>
    Collaborator,
    /// <summary>Group <c>{P}_member</c>: may read, create and edit.</summary>
    Member,
    /// <summary>Group <c>{P}_owner</c>: may do everything in the project, user management included.</summary>
    Owner,
}

/// <summary>Who makes a request, with everything that a permission decision needs to know about that user.</summary>
/// <param name="UserId">Key of the account (<c>xdat_user_id</c>); 0 for the guest.</param>
/// <param name="Login">Login name; <c>guest</c> for an anonymous caller.</param>
/// <param name="IsGuest">True for an anonymous caller.</param>
/// <param name="IsSiteAdministrator">True when the account has the role <c>Administrator</c>.</param>
/// <param name="HasAllDataAccess">True for members of <c>ALL_DATA_ACCESS</c>.</param>
/// <param name="HasAllDataAdministration">True for members of <c>ALL_DATA_ADMIN</c>.</param>
/// <param name="ProjectRoles">The caller's role by project ID.</param>
public sealed record Caller(
    long UserId,
    string Login,
    bool IsGuest,
    bool IsSiteAdministrator,
    bool HasAllDataAccess,
    bool HasAllDataAdministration,
    IReadOnlyDictionary<string, ProjectRole> ProjectRoles)
{
    /// <summary>The anonymous caller.</summary>
    public static Caller Guest { get; } = new(0, "guest", true, false, false, false, new Dictionary<string, ProjectRole>());

    /// <summary>The rights of the caller's custom group by project ID. A user has a role or a custom group in a project, never both.</summary>
    public IReadOnlyDictionary<string, TypeRights> ProjectGroups { get; init; } = FrozenDictionary<string, TypeRights>.Empty;

    /// <summary>Site-wide roles of the account, for example <c>Administrator</c> or <c>Dqr</c>.</summary>
    public IReadOnlyCollection<string> Roles { get; init; } = [];

    /// <summary>False while the site asks for training and the caller has no valid record of it (R25): no data is open then, whatever the role.</summary>
    public bool MayOpenData { get; init; } = true;
}
