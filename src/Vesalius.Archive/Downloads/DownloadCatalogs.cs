using System.Security.Cryptography;
using System.Text.Json;
using Vesalius.Database;

namespace Vesalius.Archive.Downloads;

/// <summary>A session of a download request.</summary>
/// <param name="ProjectId">Project through which it is asked for.</param>
/// <param name="SubjectLabel">Subject as the request names it.</param>
/// <param name="SessionLabel">Session as the request names it.</param>
/// <param name="SessionId">ID of the session.</param>
public sealed record DownloadSession(string ProjectId, string SubjectLabel, string SessionLabel, string SessionId);

/// <summary>What is to be downloaded (rest-api §11.2).</summary>
/// <param name="Sessions">Sessions.</param>
/// <param name="ScanTypes">Types of scans; none selects no scans.</param>
/// <param name="ScanFormats">Labels or formats of scan resources; none selects no scans.</param>
/// <param name="Resources">Labels of session resources.</param>
/// <param name="Reconstructions">Types of reconstructions.</param>
/// <param name="Assessors">Types of assessors.</param>
/// <param name="Options">Options: <c>projectIncludedInPath</c>, <c>subjectIncludedInPath</c>, <c>simplified</c>, <c>flat</c>, <c>bids</c>.</param>
public sealed record DownloadRequest(
    IReadOnlyList<DownloadSession> Sessions, IReadOnlyList<string> ScanTypes, IReadOnlyList<string> ScanFormats, IReadOnlyList<string> Resources,
    IReadOnlyList<string> Reconstructions, IReadOnlyList<string> Assessors, IReadOnlyList<string> Options)
{
    /// <summary>True if a resource of one of the sessions is asked for.</summary>
    public bool Selects(ResourceRecord resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return resource.Category switch
        {
            ResourceCategory.Scan => ScanTypes.Contains(OrNull(resource.ScanType)) && (ScanFormats.Contains(resource.Label) || ScanFormats.Contains(OrNull(resource.Format))),
            ResourceCategory.Assessor => Assessors.Contains(resource.AssessorType),
            ResourceCategory.Reconstruction => Reconstructions.Contains(OrNull(resource.ReconstructionType)),
            _ => Resources.Contains(resource.Label),
        };
    }

    private static string OrNull(string? text) => string.IsNullOrEmpty(text) ? "NULL" : text;

    /// <summary>How the members are named.</summary>
    public DownloadLayout Layout() => new(
        Options.Contains("bids") ? DownloadStructure.Bids : Options.Contains("flat") ? DownloadStructure.Flat : Options.Contains("simplified") ? DownloadStructure.Simplified : DownloadStructure.Default,
        Options.Contains("projectIncludedInPath"), Options.Contains("subjectIncludedInPath"));
}

/// <summary>Requested downloads, kept for a day.</summary>
public sealed class DownloadCatalogs(VesaliusDatabase database)
{
    private static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    /// <summary>Keeps a request.</summary>
    /// <returns>Its ID.</returns>
    public async Task<string> AddAsync(DownloadRequest request, string login, CancellationToken cancellationToken)
    {
        var id = "download-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
        await database.ExecuteAsync(
            "delete from archive_download where created < now() - @Kept; insert into archive_download (id, login, request) values (@id, @login, @request::jsonb)",
            new { Kept, id, login, request = JsonSerializer.Serialize(request) }, cancellationToken).ConfigureAwait(false);
        return id;
    }

    /// <summary>A request of this user; null if there is none.</summary>
    public async Task<DownloadRequest?> FindAsync(string id, string login, CancellationToken cancellationToken)
    {
        var json = await database.FindAsync<string>("select request::text from archive_download where id = @id and login = @login", new { id, login }, cancellationToken).ConfigureAwait(false);
        return json is null ? null : JsonSerializer.Deserialize<DownloadRequest>(json);
    }
}
