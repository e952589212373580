using Vesalius.Database;

namespace Vesalius.Archive.DicomQueries;

/// <summary>Which projects the DICOMweb root of the whole site shows.</summary>
public sealed class SiteWideProjects(VesaliusDatabase database)
{
    /// <summary>True unless the project was taken out.</summary>
    public Task<bool> IsShownAsync(string projectId, CancellationToken cancellationToken) =>
        database.FindAsync<bool>("select dicomweb_site_wide from archive_project where id = @projectId", new { projectId }, cancellationToken);

    /// <summary>Shows a project there, or takes it out.</summary>
    public Task ShowAsync(string projectId, bool shown, CancellationToken cancellationToken) =>
        database.ExecuteAsync("update archive_project set dicomweb_site_wide = @shown where id = @projectId", new { projectId, shown }, cancellationToken);
}
