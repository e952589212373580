using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>A training that a user has done (R25).</summary>
/// <param name="Id">Number.</param>
/// <param name="Login">Who.</param>
/// <param name="Course">What.</param>
/// <param name="Completed">When.</param>
/// <param name="Score">Score of the quiz.</param>
/// <param name="PassMark">Score that was needed.</param>
/// <param name="Expires">Last day on which it counts.</param>
/// <param name="RecordedBy">Who wrote it down.</param>
/// <param name="Recorded">When it was written down.</param>
/// <param name="Valid">Passed, done, and not expired.</param>
public sealed record TrainingRecord(
    long Id, string Login, string Course, DateOnly Completed, decimal Score, decimal PassMark, DateOnly Expires, string RecordedBy, DateTime Recorded, bool Valid);

/// <summary>Training records. With the setting <c>trainingRequired</c> an account without a valid one opens no data (R25).</summary>
public sealed class TrainingRecords(VesaliusDatabase database, TimeProvider time)
{
    /// <summary>Role of accounts that need no training: services, not people.</summary>
    public const string Exempt = "TrainingExempt";

    /// <summary>SQL condition that row <c>t</c> of <c>access_training</c> counts on day <c>@today</c>.</summary>
    internal const string Counts = "t.score >= t.pass_mark and t.completed <= @today and t.expires >= @today";

    /// <summary>The day that counts now (UTC).</summary>
    internal static DateOnly Today(TimeProvider time) => DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);

    /// <summary>Records of one user or of all, newest first.</summary>
    public Task<IReadOnlyList<TrainingRecord>> ListAsync(string? login, CancellationToken cancellationToken) => database.QueryAsync<TrainingRecord>(
        $"""
        select t.id, login, course, completed, score, pass_mark, expires, recorded_by, recorded, {Counts} as valid
        from access_training t join access_user u on u.id = t.user_id where @login::text is null or login = @login order by completed desc, t.id desc
        """,
        new { login, today = Today(time) }, cancellationToken);

    /// <summary>Writes a training down.</summary>
    /// <returns>Its number; null if there is no such user.</returns>
    public Task<long?> AddAsync(string login, string course, DateOnly completed, decimal score, decimal passMark, DateOnly expires, string recordedBy, CancellationToken cancellationToken) =>
        database.FindAsync<long?>(
            """
            insert into access_training (user_id, course, completed, score, pass_mark, expires, recorded_by)
            select id, @course, @completed, @score, @passMark, @expires, @recordedBy from access_user where login = @login returning id
            """,
            new { login, course, completed, score, passMark, expires, recordedBy }, cancellationToken);

    /// <summary>Removes a record.</summary>
    /// <returns>False if the user has none of that number.</returns>
    public async Task<bool> RemoveAsync(string login, long id, CancellationToken cancellationToken) => await database.ExecuteAsync(
        "delete from access_training t using access_user u where u.id = t.user_id and login = @login and t.id = @id", new { login, id }, cancellationToken).ConfigureAwait(false) == 1;
}
