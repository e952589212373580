using Vesalius.Database;

namespace Vesalius.QueryRetrieve;

/// <summary>Tells whether anything about requests has changed, for those who look on.</summary>
public sealed class ImportVersion(VesaliusDatabase database)
{
    /// <summary>A text that is another one whenever a request was added or has moved on.</summary>
    public async Task<string> ReadAsync(CancellationToken cancellationToken) => await database.FindAsync<string>(
        "select concat_ws('/', id, changed, state, phase, done) from jobs_job order by changed desc, id desc limit 1", null, cancellationToken).ConfigureAwait(false) ?? "";
}
