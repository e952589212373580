using System.Text.Json;

namespace Vesalius.Access;

/// <summary>Everything that permission decisions need to know about a user, read by one statement.</summary>
// With a constructor the mapper would not recognise the arrays.
internal sealed class CallerRow
{
    /// <summary>SQL of the columns; the user is <c>u</c>, the day <c>@today</c>.</summary>
    public const string Columns =
        $$"""
        u.id, u.login, u.enabled and u.verified as open, array(select role from access_user_role where user_id = u.id) as roles, array(select group_id from access_user_group where user_id = u.id) as groups,
            coalesce((select value #>> '{}' from access_setting where name = 'trainingRequired'), 'false') <> 'true'
                or exists (select 1 from access_training t where t.user_id = u.id and {{TrainingRecords.Counts}}) as trained,
            (select json_agg(json_build_array(m.project_id, m.role, m.group_id))::text from access_member m where m.user_id = u.id) as members,
            (select json_agg(json_build_array(r.group_id, r.data_type, r.can_read, r.can_edit, r.can_delete))::text
                from access_member m join access_group_right r on r.group_id = m.group_id where m.user_id = u.id) as rights
        """;

    public long Id { get; init; }

    public string Login { get; init; } = "";

    public bool Open { get; init; }

    public string[] Roles { get; init; } = [];

    public string[] Groups { get; init; } = [];

    public bool Trained { get; init; }

    public string? Members { get; init; }

    public string? Rights { get; init; }

    public string CsrfToken { get; init; } = "";

    /// <summary>The caller; null if the account may not sign in.</summary>
    public Caller? ToCaller()
    {
        if (!Open)
        {
            return null;
        }

        var roles = new Dictionary<string, ProjectRole>(StringComparer.Ordinal);
        var custom = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in Rows(Members))
        {
            if (member[2].GetString() is { } group)
            {
                custom[member[0].GetString()!] = group;
            }
            else
            {
                roles[member[0].GetString()!] = Enum.Parse<ProjectRole>(member[1].GetString()!, ignoreCase: true);
            }
        }

        var byGroup = Rows(Rights).ToLookup(r => r[0].GetString()!, r => new DataTypeRight(r[1].GetString()!, r[2].GetBoolean(), r[3].GetBoolean(), r[4].GetBoolean()));
        return new Caller(
            Id, Login, false, Roles.Contains(UserDirectory.Administrator), Groups.Contains("ALL_DATA_ACCESS"), Groups.Contains("ALL_DATA_ADMIN"), roles)
        {
            ProjectGroups = custom.ToDictionary(c => c.Key, c => new TypeRights(byGroup[c.Value])),
            MayOpenData = Trained || Roles.Contains(TrainingRecords.Exempt),
            Roles = Roles,
        };
    }

    private static List<JsonElement> Rows(string? json) => json is null ? [] : JsonSerializer.Deserialize<List<JsonElement>>(json)!;
}
