using Microsoft.Extensions.DependencyInjection;
using Vesalius.Archive.ProjectEnds;
using Vesalius.Import;
using Vesalius.Jobs;

namespace Vesalius.QueryRetrieve;

/// <summary>Services of query-retrieve and of the jobs that it consists of.</summary>
public static class QueryRetrieveServiceCollection
{
    /// <summary>Adds them.</summary>
    /// <param name="services">Services.</param>
    /// <param name="key">32 secret bytes, kept outside the database.</param>
    /// <param name="node">Name of this node.</param>
    /// <param name="certificate">Certificate that PACS are shown.</param>
    public static IServiceCollection AddQueryRetrieve(this IServiceCollection services, byte[] key, string node, PacsCertificateOptions certificate)
    {
        services.AddSingleton(certificate);
        services.AddSingleton(new JobLimits()).AddSingleton(new NodeName(node)).AddSingleton<JobStore>().AddSingleton<JobControl>().AddSingleton<JobRunner>();
        services.AddHostedService(s => s.GetRequiredService<JobRunner>());
        services.AddSingleton(new SecretSeal(key)).AddSingleton<PacsDirectory>().AddSingleton<AvailabilityDirectory>().AddSingleton<DqrSettings>().AddSingleton<DqrProjects>();
        services.AddSingleton<ImportQueue>().AddSingleton<ArrivalLog>().AddSingleton<RequestedStudies>().AddSingleton<IRequestedStudies>(s => s.GetRequiredService<RequestedStudies>());
        services.AddSingleton<IProjectHoldings, RetrievalHoldings>();
        services.AddSingleton<ExportQueue>().AddSingleton<IJobHandler, ExportHandler>();
        services.AddSingleton<PacsCertificate>().AddSingleton<PacsConnections>().AddSingleton<SessionHandover>().AddSingleton<WantedSeries>().AddSingleton<ImportNotice>().AddSingleton<IJobHandler, RetrieveHandler>();
        services.AddSingleton<GrowthCheck>().AddSingleton<IJobHandler>(s => s.GetRequiredService<GrowthCheck>());
        return services;
    }
}
