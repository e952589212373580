using Vesalius.Database;
using Vesalius.Import;
using Vesalius.Prearchive;

namespace Vesalius.Server;

/// <summary>Services that prove what de-identification did.</summary>
internal static class DeidentificationComposition
{
    public static void AddDeidentification(this IServiceCollection services, string data, ReadOnlyMemory<byte> siteKey, string spool)
    {
        var quarantineKey = FirstStart.Secret(data, "quarantine-key");
        services.AddSingleton(s => new QuarantineStore(Path.Combine(data, "quarantine"), quarantineKey, s.GetRequiredService<VesaliusDatabase>()));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<QuarantineInspection>(s, spool));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<QuarantineRetry>(s, spool, siteKey));
        ReadOnlyMemory<byte> identifierKey = FirstStart.Secret(data, "identifier-key");
        services.AddSingleton(s => new ArrivedIdentifiers(s.GetRequiredService<VesaliusDatabase>(), identifierKey));
        services.AddSingleton<SiteChanges>().AddSingleton<PolicyLibrary>().AddSingleton<ArchivingRuleBook>().AddSingleton<DeidentificationReports>().AddSingleton<ResidualSearch>().AddSingleton<TryOutSources>();
        services.AddSingleton(new Xapi.TryOutSettings(siteKey, Path.Combine(data, "cache")));
    }
}
