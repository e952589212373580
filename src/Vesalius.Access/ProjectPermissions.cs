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

/// <summary>What a caller may do in one project, or with one object in it.</summary>
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

/// <summary>The one place where rights in a project are decided (R24, rest-api §1.13). Rights are per project and type of data.</summary>
public static class ProjectPermissions
{
    /// <summary>The type of the project itself; a member of a custom group may always read it.</summary>
    public const string ProjectType = "xnat:projectData";

    private const ProjectRights Reader = ProjectRights.Describe | ProjectRights.Read;
    private const ProjectRights Writer = Reader | ProjectRights.Create | ProjectRights.Edit;
    private const ProjectRights Everything = Writer | ProjectRights.Delete | ProjectRights.Manage;
    private const ProjectRights WithoutData = ProjectRights.Describe | ProjectRights.Manage;

    /// <summary>What <paramref name="caller"/> may do in the project with data of <em>every</em> type. A member of a custom group may only see its description here.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="projectId">ID of the project (not an alias).</param>
    /// <param name="accessibility">The project's accessibility.</param>
    public static ProjectRights Decide(Caller caller, string projectId, Accessibility accessibility)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return Limit(caller, OfEveryType(caller, projectId, accessibility) | (caller.ProjectGroups.ContainsKey(projectId) ? ProjectRights.Describe : ProjectRights.None));
    }

    /// <summary>What <paramref name="caller"/> may do in the project with data of one type.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="projectId">ID of the project (not an alias).</param>
    /// <param name="accessibility">The project's accessibility.</param>
    /// <param name="dataType">Type, for example <c>xnat:mrSessionData</c>; <see cref="ProjectType"/> for the project itself.</param>
    public static ProjectRights Decide(Caller caller, string projectId, Accessibility accessibility, string dataType)
    {
        ArgumentNullException.ThrowIfNull(caller);
        ArgumentNullException.ThrowIfNull(dataType);
        var rights = OfEveryType(caller, projectId, accessibility);
        if (caller.ProjectGroups.TryGetValue(projectId, out var group))
        {
            rights |= dataType.Equals(ProjectType, StringComparison.OrdinalIgnoreCase) ? Reader : ProjectRights.Describe | group[dataType];
        }

        return Limit(caller, rights);
    }

    /// <summary>What <paramref name="caller"/> may do in the project with data of at least one type: enough to enter it and ask for lists, whose rows are then decided by their types.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="projectId">ID of the project (not an alias).</param>
    /// <param name="accessibility">The project's accessibility.</param>
    public static ProjectRights DecideAny(Caller caller, string projectId, Accessibility accessibility)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var rights = OfEveryType(caller, projectId, accessibility);
        if (caller.ProjectGroups.TryGetValue(projectId, out var group))
        {
            rights |= group.ByType.Values.Aggregate(ProjectRights.Describe, (sum, right) => sum | right);
        }

        return Limit(caller, rights);
    }

    /// <summary>What may be done with an object that may be shared into other projects (rest-api §1.13.1): it is readable through any project that it belongs to;
    /// changing it through a share needs the right in both projects; deleting through a share takes the share away and needs the right there only.</summary>
    /// <param name="owner">Rights in the owning project with the object's type.</param>
    /// <param name="through">Rights in the project that the request names, if that is a share; null if the owning project or none is named.</param>
    /// <param name="shares">Rights in all projects that the object is shared into.</param>
    public static ProjectRights OfObject(ProjectRights owner, ProjectRights? through, IEnumerable<ProjectRights> shares)
    {
        ArgumentNullException.ThrowIfNull(shares);
        var readable = shares.Aggregate(owner | (through ?? ProjectRights.None), (sum, rights) => sum | rights) & Reader;
        return through is not { } share
            ? owner | readable
            : readable | (owner & share & (ProjectRights.Create | ProjectRights.Edit | ProjectRights.Manage)) | (share & ProjectRights.Delete);
    }

    private static ProjectRights OfEveryType(Caller caller, string projectId, Accessibility accessibility)
    {
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

    private static ProjectRights Limit(Caller caller, ProjectRights rights) => caller.MayOpenData ? rights : rights & WithoutData;
}
