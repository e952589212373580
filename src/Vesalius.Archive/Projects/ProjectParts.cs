using System.Text.RegularExpressions;
using Dapper;
using Npgsql;
using Vesalius.Archive.Items;

namespace Vesalius.Archive;

/// <summary>What a project's document says about aliases and investigators, which have tables of their own.</summary>
internal sealed partial class ProjectParts
{
    private readonly List<string> _aliases = [];
    private readonly SortedDictionary<int, Dictionary<string, string?>> _investigators = [];
    private readonly Dictionary<string, string?> _principal = [];

    /// <summary>Aliases that are given.</summary>
    public IReadOnlyList<string> Aliases => _aliases;

    [GeneratedRegex(@"^(?:aliases/alias\[\d+\]/(?<alias>alias|source)|investigators/investigator\[(?<place>\d{1,4})\]/(?<field>\w+)|PI/(?<principal>\w+))$")]
    private static partial Regex PartKey();

    /// <summary>Takes the parts out of what is given.</summary>
    public static ProjectParts TakeFrom(ItemInput input)
    {
        var parts = new ProjectParts();
        foreach (var (key, match) in input.Fields.Keys.Select(k => (k, PartKey().Match(k))).Where(m => m.Item2.Success).ToList())
        {
            var value = input.Take(key);
            if (match.Groups["alias"].Success)
            {
                if (match.Groups["alias"].Value == "alias" && value is not null)
                {
                    parts._aliases.Add(value);
                }
            }
            else if (match.Groups["principal"].Success)
            {
                parts._principal[match.Groups["principal"].Value] = value;
            }
            else
            {
                var place = int.Parse(match.Groups["place"].Value, System.Globalization.CultureInfo.InvariantCulture);
                parts._investigators.TryAdd(place, []);
                parts._investigators[place][match.Groups["field"].Value] = value;
            }
        }

        return parts;
    }

    /// <summary>Stores the parts. What is not given is kept unless the document is authoritative.</summary>
    public async Task SaveAsync(string projectId, bool isAuthoritative, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        if (isAuthoritative)
        {
            await connection.ExecuteAsync(
                "update archive_project set aliases = '{}' where id = @projectId; delete from archive_project_investigator where project_id = @projectId", new { projectId }, transaction).ConfigureAwait(false);
        }

        if (_aliases.Count > 0)
        {
            await connection.ExecuteAsync(
                "update archive_project set aliases = aliases || array(select distinct a from unnest(@aliases) a where a <> all (aliases)) where id = @projectId",
                new { projectId, aliases = _aliases.ToArray() }, transaction).ConfigureAwait(false);
        }

        if (_principal.Count > 0)
        {
            await SavePrincipalAsync(projectId, connection, transaction).ConfigureAwait(false);
        }

        if (_investigators.Count > 0)
        {
            await connection.ExecuteAsync("delete from archive_project_investigator where project_id = @projectId and not is_primary", new { projectId }, transaction).ConfigureAwait(false);
            foreach (var (place, fields) in _investigators)
            {
                await LinkAsync(projectId, fields, isPrimary: false, place, connection, transaction).ConfigureAwait(false);
            }
        }
    }

    private async Task SavePrincipalAsync(string projectId, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        var (first, last) = await connection.QuerySingleOrDefaultAsync<(string?, string?)>(
            """
            select i.first_name, i.last_name from archive_project_investigator l join archive_investigator i on i.id = l.investigator_id
            where l.project_id = @projectId and l.is_primary
            """,
            new { projectId }, transaction).ConfigureAwait(false);
        _principal.TryAdd("firstname", first);
        _principal.TryAdd("lastname", last);
        await connection.ExecuteAsync("delete from archive_project_investigator where project_id = @projectId and is_primary", new { projectId }, transaction).ConfigureAwait(false);
        await LinkAsync(projectId, _principal, isPrimary: true, 0, connection, transaction).ConfigureAwait(false);
    }

    // The same first and last name is the same person. Somebody without a name is nobody.
    private static async Task LinkAsync(
        string projectId, Dictionary<string, string?> fields, bool isPrimary, int place, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        string? Value(string name) => fields.GetValueOrDefault(name);
        var person = new
        {
            projectId, isPrimary, place, first = Value("firstname") ?? "", last = Value("lastname") ?? "", title = Value("title"), institution = Value("institution"),
            department = Value("department"), email = Value("email"), phone = Value("phone"),
        };
        if (person.first.Length + person.last.Length == 0)
        {
            return;
        }

        await connection.ExecuteAsync(
            """
            insert into archive_investigator (first_name, last_name) values (@first, @last) on conflict (first_name, last_name) do nothing;
            update archive_investigator set title = coalesce(@title, title), institution = coalesce(@institution, institution), department = coalesce(@department, department),
                email = coalesce(@email, email), phone = coalesce(@phone, phone) where first_name = @first and last_name = @last;
            insert into archive_project_investigator (project_id, investigator_id, is_primary, place)
                select @projectId, i.id, @isPrimary, @place from archive_investigator i where i.first_name = @first and i.last_name = @last
            on conflict (project_id, investigator_id) do update set is_primary = archive_project_investigator.is_primary or excluded.is_primary
            """,
            person, transaction).ConfigureAwait(false);
    }
}
