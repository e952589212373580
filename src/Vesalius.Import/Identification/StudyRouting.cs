using Vesalius.Database;

namespace Vesalius.Import;

/// <summary>Where a study belongs, said before it comes (by a query-retrieve import).</summary>
/// <param name="StudyInstanceUid">Study.</param>
/// <param name="ProjectId">Project.</param>
/// <param name="Subject">Subject label; null leaves it to the header.</param>
/// <param name="Session">Session label; null leaves it to the header.</param>
public sealed record StudyRoute(string StudyInstanceUid, string ProjectId, string? Subject, string? Session);

/// <summary>Routes of studies and the sessions that studies were given (xapi B.3, <c>dqrObjectIdentifier</c>).</summary>
public sealed class StudyRouting(VesaliusDatabase database)
{
    /// <summary>Says where a study belongs, in place of what was said before.</summary>
    public Task PutAsync(StudyRoute route, string user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(route);
        return database.ExecuteAsync(
            """
            insert into import_study_routing (study_instance_uid, project_id, subject, session, created_by) values (@StudyInstanceUid, @ProjectId, @Subject, @Session, @user)
            on conflict (study_instance_uid) do update set project_id = excluded.project_id, subject = excluded.subject, session = excluded.session, created = now(), created_by = excluded.created_by
            """,
            new { route.StudyInstanceUid, route.ProjectId, route.Subject, route.Session, user }, cancellationToken);
    }

    /// <summary>The route of a study; null if none was said.</summary>
    public Task<StudyRoute?> FindAsync(string studyInstanceUid, CancellationToken cancellationToken) => database.FindAsync<StudyRoute>(
        "select study_instance_uid, project_id, subject, session from import_study_routing where study_instance_uid = @studyInstanceUid", new { studyInstanceUid }, cancellationToken);

    /// <summary>Forgets the route of a study.</summary>
    public Task RemoveAsync(string studyInstanceUid, CancellationToken cancellationToken) =>
        database.ExecuteAsync("delete from import_study_routing where study_instance_uid = @studyInstanceUid", new { studyInstanceUid }, cancellationToken);

    /// <summary>The session of a study: the one that it was given within <paramref name="within"/>, else <paramref name="session"/>, which is remembered for that time.</summary>
    public async Task<string> SessionAsync(string studyInstanceUid, string? projectId, string session, TimeSpan within, CancellationToken cancellationToken) =>
        (await database.FindAsync<string>(
            """
            with over as (delete from import_study_session where last <= now() - @within and study_instance_uid <> @studyInstanceUid)
            insert into import_study_session (study_instance_uid, project_id, session) values (@studyInstanceUid, @projectId, @session)
            on conflict (study_instance_uid) do update set last = now(), project_id = excluded.project_id,
                session = case when import_study_session.last > now() - @within then import_study_session.session else excluded.session end
            returning session
            """,
            new { studyInstanceUid, projectId, session, within }, cancellationToken).ConfigureAwait(false))!;
}
