using Vesalius.Database;
using Vesalius.Prearchive;

namespace Vesalius.Server;

/// <summary>Services that prove what de-identification did.</summary>
internal static class DeidentificationComposition
{
    public static void AddDeidentification(this IServiceCollection services, string data)
    {
        ReadOnlyMemory<byte> identifierKey = FirstStart.Secret(data, "identifier-key");
        services.AddSingleton(s => new ArrivedIdentifiers(s.GetRequiredService<VesaliusDatabase>(), identifierKey));
        services.AddSingleton<PolicyLibrary>().AddSingleton<ArchivingRuleBook>().AddSingleton<DeidentificationReports>().AddSingleton<ResidualSearch>();
    }
}
