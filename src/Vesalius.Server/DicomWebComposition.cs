using Vesalius.Archive.DicomQueries;
using Vesalius.Prearchive;
using Vesalius.Server.DicomWeb;

namespace Vesalius.Server;

/// <summary>Services and addresses of DICOMweb.</summary>
internal static class DicomWebComposition
{
    public static void AddDicomWeb(this IServiceCollection services, byte[] siteKey)
    {
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<DerivedObjects>(s, (ReadOnlyMemory<byte>)siteKey)).AddSingleton<DerivedSeriesStore>().AddSingleton<QuietSessions>();
        services.AddHostedService(s => s.GetRequiredService<QuietSessions>());
        services.AddSingleton<DicomQueryStore>().AddSingleton<DicomFileDirectory>().AddSingleton(new DigestLimits()).AddSingleton<DigestStore>()
            .AddSingleton<FrameReader>().AddSingleton<SiteWideProjects>().AddSingleton<DicomWebPreferences>().AddSingleton<DicomWebLooks>();
    }

    public static void MapDicomWeb(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapDicomWebQueries();
        endpoints.MapDicomWebRetrieval();
        endpoints.MapDicomWebFrames();
        endpoints.MapDicomWebBulkData();
        endpoints.MapDicomWebRendering();
        endpoints.MapDicomWebStorage();
        endpoints.MapDicomWebPreferences();
        endpoints.MapScanSnapshots();
    }
}
