using Vesalius.Archive;

namespace Vesalius.Server;

/// <summary>Services of files, their catalogs and their verification.</summary>
internal static class FilesComposition
{
    public static void AddArchiveFiles(this IServiceCollection services, string data)
    {
        services.AddSingleton<ResourceDirectory>().AddSingleton<SessionParts>().AddSingleton<CatalogService>().AddSingleton<CatalogRefresh>().AddSingleton<ArchiveVerifier>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<ResourceStore>(s, Path.Combine(data, "cache", "deleted")));
        services.AddHostedService(s => s.GetRequiredService<CatalogService>());
    }
}
