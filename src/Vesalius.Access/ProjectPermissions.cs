namespace Vesalius.Access;

/// <summary>How far a project is open to users without a role in it.</summary>
public enum Accessibility
{
    /// <summary>Invisible to outsiders.</summary>
    Private,
    /// <summary>Description visible to every signed-in user, data only to members.</summary>
    Protected,
    /// <summary>Data readable by everybody who passes the site's sign-in rule.</summary>
    Public,
}

/// <summary>What a caller may do in one project.</summary>
[Flags]
public enum ProjectRights
{
    /// <summary>Nothing; the project is invisible.</summary>
    None = 0,
    /// <summary>See ID, title and description.</summary>
    Describe = 1,
    /// <summary>Read data.</summary>
    Read = 2,
    /// <summary>Create data.</summary>
    Create = 4,
    /// <summary>Change data.</summary>
    Edit = 8,
    /// <summary>Delete data.</summary>
    Delete = 16,
    /// <summary>Manage users, accessibility, scripts and settings.</summary>
    Manage = 32,
}

/// <summary>The one place where rights in a project are decided (R24).</summary>
public static class ProjectPermissions
{
    private const ProjectRights Reader = ProjectRights.Describe | ProjectRights.Read;
    private const ProjectRights Writer = Reader | ProjectRights.Create | ProjectRights.Edit;
    private const ProjectRights Everything = Writer | ProjectRights.Delete | ProjectRights.Manage;

    /// <summary>Decides what <paramref name="caller"/> may do in the project.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="projectId">ID of the project (not an alias).</param>
    /// <param name="accessibility">The project's accessibility.</param>
    public static ProjectRights Decide(Caller caller, string projectId, Accessibility accessibility)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (caller.IsSiteAdministrator || caller.HasAllDataAdministration)
        {
            return Everything;
        }

        var rights = accessibility switch
        {
            Accessibility.Public => Reader,
            Accessibility.Protected when !caller.IsGuest => ProjectRights.Describe,
            _ => ProjectRights.None,
        };
        if (caller.HasAllDataAccess)
        {
            rights |= Reader;
        }

        if (caller.ProjectRoles.TryGetValue(projectId, out var role))
        {
            rights |= role switch
            {
                ProjectRole.Owner => Everything,
                ProjectRole.Member => Writer,
                _ => Reader,
            };
        }

        return rights;
    }
}
