using Vesalius.Database;

namespace Vesalius.Archive;

/// <summary>A person who leads projects or works on them. The same first and last name is the same person.</summary>
public sealed record Investigator
{
    /// <summary>Number.</summary>
    public long Id { get; init; }

    /// <summary>Title, for example <c>Prof.</c>.</summary>
    public string Title { get; init; } = "";

    /// <summary>First name.</summary>
    public string FirstName { get; init; } = "";

    /// <summary>Last name.</summary>
    public string LastName { get; init; } = "";

    /// <summary>Institution.</summary>
    public string Institution { get; init; } = "";

    /// <summary>Department.</summary>
    public string Department { get; init; } = "";

    /// <summary>E-mail address.</summary>
    public string Email { get; init; } = "";

    /// <summary>Telephone number.</summary>
    public string Phone { get; init; } = "";

    /// <summary>IDs of the projects that the person leads.</summary>
    public string[] PrimaryProjects { get; init; } = [];

    /// <summary>IDs of the other projects that name the person.</summary>
    public string[] InvestigatorProjects { get; init; } = [];
}

/// <summary>Investigators of all projects (xapi G.3). Which projects a person belongs to is said by the projects.</summary>
public sealed class InvestigatorDirectory(VesaliusDatabase database)
{
    private const string Select =
        """
        select i.id, i.title, i.first_name as firstname, i.last_name as lastname, i.institution, i.department, i.email, i.phone,
            coalesce(array_agg(l.project_id order by l.project_id) filter (where l.is_primary), '{}') as primaryprojects,
            coalesce(array_agg(l.project_id order by l.project_id) filter (where not l.is_primary), '{}') as investigatorprojects
        from archive_investigator i left join archive_project_investigator l on l.investigator_id = i.id
        """;

    /// <summary>All of them by name.</summary>
    public Task<IReadOnlyList<Investigator>> ListAsync(CancellationToken cancellationToken) =>
        database.QueryAsync<Investigator>($"{Select} group by i.id order by i.last_name, i.first_name", null, cancellationToken);

    /// <summary>One of them; null if there is none of this number.</summary>
    public Task<Investigator?> FindAsync(long id, CancellationToken cancellationToken) =>
        database.FindAsync<Investigator>($"{Select} where i.id = @id group by i.id", new { id }, cancellationToken);

    /// <summary>Adds a person, or changes the one of the same name.</summary>
    /// <returns>The number, and whether the person is new.</returns>
    public Task<(long Id, bool IsNew)> AddAsync(Investigator person, CancellationToken cancellationToken) => database.FindAsync<(long, bool)>(
        """
        insert into archive_investigator (title, first_name, last_name, institution, department, email, phone) values (@Title, @FirstName, @LastName, @Institution, @Department, @Email, @Phone)
        on conflict (first_name, last_name) do update set title = excluded.title, institution = excluded.institution, department = excluded.department, email = excluded.email, phone = excluded.phone
        returning id, xmax = 0
        """,
        person, cancellationToken);

    /// <summary>Changes a person.</summary>
    /// <returns>False if another person has this name.</returns>
    public async Task<bool> ChangeAsync(Investigator person, CancellationToken cancellationToken) => await database.ExecuteAsync(
        """
        update archive_investigator set title = @Title, first_name = @FirstName, last_name = @LastName, institution = @Institution, department = @Department, email = @Email, phone = @Phone
        where id = @Id and not exists (select 1 from archive_investigator o where o.first_name = @FirstName and o.last_name = @LastName and o.id <> @Id)
        """,
        person, cancellationToken).ConfigureAwait(false) > 0;

    /// <summary>Removes a person, also from the projects.</summary>
    /// <returns>False if there is none of this number.</returns>
    public async Task<bool> RemoveAsync(long id, CancellationToken cancellationToken) =>
        await database.ExecuteAsync("delete from archive_investigator where id = @id", new { id }, cancellationToken).ConfigureAwait(false) > 0;
}
