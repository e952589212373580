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

    private const ProjectRights Data = ProjectRights.Read | ProjectRights.Create | ProjectRights.Edit | ProjectRights.Delete;

    private static Caller InGroup(params DataTypeRight[] rights) =>
        User() with { ProjectGroups = new Dictionary<string, TypeRights> { ["P"] = new(rights) } };

    /// <summary>Custom group: read of one type, edit of another, delete of a third, nothing else.</summary>
    [Fact]
    public void Custom_group_has_the_rights_of_its_types_only()
    {
        var caller = InGroup(new("xnat:subjectData", true, false, false), new("xnat:mrSessionData", true, true, false), new("xnat:ctSessionData", true, false, true));
        ProjectRights Of(string type) => ProjectPermissions.Decide(caller, "P", Accessibility.Private, type);
        Assert.Equal(ProjectRights.Describe | ProjectRights.Read, Of("xnat:subjectData"));
        Assert.Equal(ProjectRights.Describe | ProjectRights.Read | ProjectRights.Create | ProjectRights.Edit, Of("XNAT:mrSessionData"));
        Assert.Equal(ProjectRights.Describe | ProjectRights.Read | ProjectRights.Delete, Of("xnat:ctSessionData"));
        Assert.Equal(ProjectRights.Describe, Of("xnat:petSessionData"));
        Assert.Equal(ProjectRights.Describe | ProjectRights.Read, Of(ProjectPermissions.ProjectType));
        // Nothing holds for every type; something holds for one.
        Assert.Equal(ProjectRights.Describe, ProjectPermissions.Decide(caller, "P", Accessibility.Private));
        Assert.Equal(ProjectRights.Describe | Data, ProjectPermissions.DecideAny(caller, "P", Accessibility.Private));
        Assert.Equal(ProjectRights.None, ProjectPermissions.DecideAny(caller, "Q", Accessibility.Private));
    }

    /// <summary>A role is the same for each type.</summary>
    [Theory]
    [MemberData(nameof(Rows))]
    public void Role_gives_the_same_rights_on_every_type(string who, Accessibility accessibility, ProjectRights expected)
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
        Assert.Equal(expected, ProjectPermissions.Decide(caller, "P", accessibility, "xnat:mrSessionData"));
        Assert.Equal(expected, ProjectPermissions.DecideAny(caller, "P", accessibility));
    }

    /// <summary>Every pair of rights at the owner and at the share that the request goes through.</summary>
    [Fact]
    public void Shared_object_is_read_through_any_project_edited_with_both_rights_and_unshared_with_the_right_there()
    {
        for (var owner = 0; owner < 64; owner++)
        {
            for (var share = 0; share < 64; share++)
            {
                var (own, there) = ((ProjectRights)owner, (ProjectRights)share);
                var direct = ProjectPermissions.OfObject(own, null, [there]);
                var through = ProjectPermissions.OfObject(own, there, [there]);
                foreach (var rights in (ProjectRights[])[direct, through])
                {
                    Assert.Equal((own | there).HasFlag(ProjectRights.Read), rights.HasFlag(ProjectRights.Read));
                }

                Assert.Equal(own.HasFlag(ProjectRights.Edit), direct.HasFlag(ProjectRights.Edit));
                Assert.Equal(own.HasFlag(ProjectRights.Delete), direct.HasFlag(ProjectRights.Delete));
                Assert.Equal(own.HasFlag(ProjectRights.Edit) && there.HasFlag(ProjectRights.Edit), through.HasFlag(ProjectRights.Edit));
                Assert.Equal(there.HasFlag(ProjectRights.Delete), through.HasFlag(ProjectRights.Delete));
            }
        }
    }

    /// <summary>Without a valid training record no role opens data (R25); settings and users can still be managed.</summary>
    [Fact]
    public void Caller_without_training_opens_no_data()
    {
        foreach (var caller in (Caller[])[User(ProjectRole.Owner), User(admin: true), User(allAccess: true), InGroup(new DataTypeRight("xnat:mrSessionData", true, true, true))])
        {
            var untrained = caller with { MayOpenData = false };
            Assert.Equal(ProjectRights.None, ProjectPermissions.Decide(untrained, "P", Accessibility.Public) & Data);
            Assert.Equal(ProjectRights.None, ProjectPermissions.Decide(untrained, "P", Accessibility.Public, "xnat:mrSessionData") & Data);
            Assert.Equal(ProjectRights.None, ProjectPermissions.DecideAny(untrained, "P", Accessibility.Public) & Data);
        }

        Assert.Equal(ProjectRights.Describe | ProjectRights.Manage, ProjectPermissions.Decide(User(ProjectRole.Owner) with { MayOpenData = false }, "P", Accessibility.Private));
    }

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
