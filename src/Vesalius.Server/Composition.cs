using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Database;
using Vesalius.Import;
using Vesalius.Prearchive;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;
using Vesalius.Server.WebSite;
using Vesalius.Server.Xapi;

namespace Vesalius.Server;

/// <summary>Puts the rooms together: services, request pipeline, endpoints.</summary>
internal static class Composition
{
    public static void AddVesalius(this IServiceCollection services, ServerOptions options, string connectionString)
    {
        var data = options.Data;
        var siteKey = FirstStart.Secret(data, "site-key");
        var quarantineKey = FirstStart.Secret(data, "quarantine-key");
        var spool = Path.Combine(data, "cache", "incoming");
        var limits = new IntakeLimits();
        // What a former run left half received was never acknowledged.
        if (Directory.Exists(spool))
        {
            Directory.Delete(spool, recursive: true);
        }

        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(new VesaliusDatabase(connectionString));
        services.AddSingleton<UserDirectory>().AddSingleton<SessionDirectory>().AddSingleton<ProjectAccess>().AddSingleton<ProjectGroups>().AddSingleton<SiteSettings>().AddSingleton<AuditTrail>();
        services.AddSingleton(new ArchiveLayout(Path.Combine(data, "archive")));
        services.AddSingleton<ProjectDirectory>().AddSingleton<ArchiveSessions>();
        services.AddSingleton(s => new PrearchiveStore(Path.Combine(data, "prearchive"), Path.Combine(data, "cache", "unrecorded"), s.GetRequiredService<VesaliusDatabase>()));
        services.AddSingleton<SessionGates>().AddSingleton<SessionBuilder>().AddSingleton<ConfigurationStore>().AddSingleton<ScriptLibrary>();
        services.AddSingleton(s => new QuarantineStore(Path.Combine(data, "quarantine"), quarantineKey, s.GetRequiredService<VesaliusDatabase>()));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<SessionArchiver>(s, Path.Combine(data, "cache"), (ReadOnlyMemory<byte>)siteKey));
        services.AddSingleton<IdleSessionService>();
        services.AddHostedService(s => s.GetRequiredService<IdleSessionService>());
        services.AddSingleton<ObjectIdentifier>().AddSingleton<RowWriter>().AddSingleton<ReceiverDirectory>();
        services.AddSingleton(limits).AddSingleton(new MemoryBudget(limits.Memory)).AddSingleton(new UploadLimits());
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<ObjectIntake>(s, (ReadOnlyMemory<byte>)siteKey));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<ReceiverHost>(s, spool));
        services.AddSingleton<UploadImporter>();
        services.AddArchiveObjects(data);
        services.AddSingleton<ArchiveBrowser>();
        services.AddArchiveFiles(data);
        services.AddSingleton(new UploadSpool(spool));
        services.AddSingleton<PrearchiveOverview>();
        services.AddSingleton(s => new LiveTopic("prearchive", s.GetRequiredService<PrearchiveOverview>().VersionAsync)).AddSingleton<LiveChanges>();
        services.AddRouting();
    }

    public static void UseVesaliusPipeline(this WebApplication application, ServerOptions options)
    {
        // Before anything else: the site's own files are the same for everybody.
        application.UseWebSite(options.WebSite);
        application.UseMiddleware<PathAliasMiddleware>();
        application.UseMiddleware<RefusalMiddleware>();
        application.UseMiddleware<SignInMiddleware>();
        // After the path has its canonical form.
        application.UseRouting();
        application.UsePages(options.WebSite);
    }

    public static void MapVesalius(this WebApplication application)
    {
        application.MapHealth();
        application.MapSignIn();
        application.MapProjects();
        application.MapSubjects();
        application.MapExperiments();
        application.MapScans();
        application.MapAssessors();
        application.MapReconstructions();
        application.MapSharing();
        application.MapObjectStatus();
        application.MapSchemas();
        application.MapCustomFields();
        application.MapArchiveFiles();
        application.MapPrearchive();
        application.MapImport();
        application.MapConfiguration();
        application.MapSiteConfig();
        application.MapUsers();
        application.MapAnonymize();
        application.MapDicomScp();
        application.MapQuarantine();
        application.MapLive();
    }
}
