using Vesalius.Import;
using Vesalius.Prearchive;
using Vesalius.Server.Xapi;

namespace Vesalius.Server;

/// <summary>Services that decide what may arrive.</summary>
internal static class ArrivalComposition
{
    public static void AddArrivalRules(this IServiceCollection services, string data)
    {
        ReadOnlyMemory<byte> key = FirstStart.Secret(data, "opt-out-key");
        services.AddSingleton<StudyRouting>().AddSingleton<SeriesFilters>().AddSingleton<FileNameTemplate>().AddSingleton<ImportProgress>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<OptOutRegistry>(s, key));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<ArrivalRules>(s, key));
    }

    public static void MapArrivalRules(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapOptOuts();
        endpoints.MapDirectArchive();
    }
}
