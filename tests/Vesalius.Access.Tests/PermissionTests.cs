using Xunit;

namespace Vesalius.Access.Tests;

/// <summary>The one decision about rights in a project (R24).</summary>
public sealed class PermissionTests
{
    private static Caller User(ProjectRole? role = null, bool admin = false, bool allAccess = false, bool allAdmin = false) => new(
        7, "u", false, admin, allAccess, allAdmin, role is { } r ? new Dictionary<string, ProjectRole> { ["P"] = r } : []);

    /// <summary>Rows: caller, accessibility, rights.</summary>
    public static TheoryData<string, Accessibility, ProjectRights> Rows => new()
    {
        { "guest", Accessibility.Private, ProjectRights.None },
        { "guest", Accessibility.Protected, ProjectRights.None },
        { "guest", Accessibility.Public, ProjectRights.Describe | ProjectRights.Read },
        { "user", Accessibility.Private, ProjectRights.None },
        { "user", Accessibility.Protected, ProjectRights.Describe },
        { "user", Accessibility.Public, ProjectRights.Describe | ProjectRights.Read },
        { "collaborator", Accessibility.Private, ProjectRights.Describe | ProjectRights.Read },
        { "member", Accessibility.Private, ProjectRights.Describe | ProjectRights.Read | ProjectRights.Create | ProjectRights.Edit },
        { "owner", Accessibility.Private, (ProjectRights)63 },
        { "allAccess", Accessibility.Private, ProjectRights.Describe | ProjectRights.Read },
        { "allAdmin", Accessibility.Private, (ProjectRights)63 },
        { "admin", Accessibility.Private, (ProjectRights)63 },
    };

    /// <summary>Each row of the table of roles.</summary>
    [Theory]
    [MemberData(nameof(Rows))]
    public void Rights_are_those_of_the_role(string who, Accessibility accessibility, ProjectRights expected)
    {
        var caller = who switch
        {
            "guest" => Caller.Guest,
            "collaborator" => User(ProjectRole.Collaborator),
            "member" => User(ProjectRole.Member),
            "owner" => User(ProjectRole.Owner),
            "allAccess" => User(allAccess: true),
            "allAdmin" => User(allAdmin: true),
            "admin" => User(admin: true),
            _ => User(),
        };
        Assert.Equal(expected, ProjectPermissions.Decide(caller, "P", accessibility));
    }

    /// <summary>A role counts in its own project only.</summary>
    [Fact]
    public void Owner_of_one_project_is_nobody_in_another() =>
        Assert.Equal(ProjectRights.None, ProjectPermissions.Decide(User(ProjectRole.Owner), "Q", Accessibility.Private));

    /// <summary>Two hashes of one password differ, and both verify.</summary>
    [Fact]
    public void Password_hash_is_salted_and_verifies_only_its_password()
    {
        var hash = Password.Hash("secret");
        Assert.NotEqual(hash, Password.Hash("secret"));
        Assert.True(Password.Verify("secret", hash));
        Assert.False(Password.Verify("Secret", hash));
    }
}
