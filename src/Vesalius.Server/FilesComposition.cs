using Vesalius.Archive;
using Vesalius.Archive.Downloads;
using Vesalius.Import;
using Vesalius.Jobs;
using Vesalius.Server.Data;
using Vesalius.Server.Xapi;

namespace Vesalius.Server;

/// <summary>Services of files, their catalogs and their verification.</summary>
internal static class FilesComposition
{
    public static void AddArchiveFiles(this IServiceCollection services, string data)
    {
        services.AddSingleton<ResourceDirectory>().AddSingleton<SessionParts>().AddSingleton<CatalogService>().AddSingleton<CatalogRefresh>().AddSingleton<ArchiveVerifier>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<ResourceStore>(s, Path.Combine(data, "cache", "deleted")));
        services.AddSingleton<DownloadCatalogs>();
        var cacheKey = FirstStart.Secret(data, "cache-key");
        services.AddSingleton(s => new UserCache(Path.Combine(data, "cache", "users"), cacheKey, s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new ResumableUploads(Path.Combine(data, "cache", "uploads"), cacheKey, s.GetRequiredService<UploadLimits>(), s.GetRequiredService<TimeProvider>()));
        services.AddHostedService<UploadUpkeep>();
        services.AddSingleton<InboxRequests>().AddSingleton<IJobHandler, InboxImport>();
        services.AddHostedService(s => s.GetRequiredService<CatalogService>());
    }

    public static void MapArchiveFiles(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapResources();
        endpoints.MapSessionFolder();
        endpoints.MapDicomDump();
        endpoints.MapArchiveService();
        endpoints.MapDownloads();
        endpoints.MapUserCache();
    }
}
