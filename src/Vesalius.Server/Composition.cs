using Microsoft.AspNetCore.HttpOverrides;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Database;
using Vesalius.Import;
using Vesalius.Import.Journal;
using Vesalius.Prearchive;
using Vesalius.QueryRetrieve;
using Vesalius.Server.Data;
using Vesalius.Server.DicomWeb;
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
        services.AddSingleton<PasswordSignIn>().AddSingleton<PasswordRules>().AddSingleton<AliasTokens>().AddSingleton<TrainingRecords>().AddSingleton<SignInFlow>();
        services.AddSingleton<Invitations>().AddSingleton<Preferences>().AddSingleton<MailOutbox>().AddSingleton<Letters>().AddSingleton<WorkflowDirectory>();
        services.AddHostedService(s => s.GetRequiredService<MailOutbox>());
        services.AddSingleton<IEnumerable<LdapOptions>>(options.Ldap).AddSingleton<ProviderSignIn>();
        foreach (var provider in options.OpenId)
        {
            services.AddSingleton(new OpenIdProvider(provider, new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = TimeSpan.FromSeconds(15) }));
        }

        services.AddServerMetrics();
        services.AddHostedService<AccessUpkeep>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<AuditAnchors>(s, Path.Combine(data, "audit-anchors.jsonl")));
        services.AddHostedService<AuditAnchoring>();
        services.AddSingleton(new ArchiveLayout(Path.Combine(data, "archive")));
        services.AddSingleton<ProjectDirectory>().AddSingleton<InvestigatorDirectory>().AddSingleton<ArchiveSessions>();
        services.AddSingleton(s => new PrearchiveStore(Path.Combine(data, "prearchive"), Path.Combine(data, "cache", "unrecorded"), s.GetRequiredService<VesaliusDatabase>()));
        services.AddSingleton<SessionGates>().AddSingleton<PetMrRule>().AddSingleton<PetMrSeparation>().AddSingleton<SessionBuilder>().AddSingleton<ConfigurationStore>().AddSingleton<ScriptLibrary>().AddSingleton<PixelCleaning>();
        services.AddDeidentification(data, siteKey, spool);
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<SessionStaging>(s, Path.Combine(data, "cache"), (ReadOnlyMemory<byte>)siteKey));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<SessionArchiver>(s, Path.Combine(data, "cache")));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<ScriptRerun>(s, Path.Combine(data, "cache"), (ReadOnlyMemory<byte>)siteKey));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<SessionComparer>(s, Path.Combine(data, "cache")));
        services.AddSingleton<IdleSessionService>();
        services.AddHostedService(s => s.GetRequiredService<IdleSessionService>());
        services.AddSingleton<ObjectIdentifier>().AddSingleton<RowWriter>().AddSingleton<PrearchiveWriter>().AddSingleton<ReceiverDirectory>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<IntakeJournal>(
            s, Path.Combine(data, "cache", "journal"), Path.Combine(data, "cache", "unrecorded"), new JournalLimits()));
        services.AddSingleton(limits).AddSingleton(new MemoryBudget(limits.Memory)).AddSingleton(new UploadLimits());
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<ObjectIntake>(s, (ReadOnlyMemory<byte>)siteKey));
        services.AddSingleton(options.DicomTls).AddSingleton<ReceiverTls>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<ObjectReceiver>(s, spool)).AddSingleton<ReceiverHost>();
        services.AddSingleton<UploadImporter>();
        services.AddArchiveObjects(data);
        services.AddProjectEnds(data);
        services.AddSingleton<ArchiveBrowser>();
        services.AddDicomWeb(siteKey);
        services.AddArchiveFiles(data);
        services.AddArrivalRules(data);
        services.AddSingleton(new UploadSpool(spool));
        services.AddSingleton<PrearchiveOverview>();
        services.AddSingleton<Archive.Storage.StorageUse>();
        services.AddSingleton(s => new LiveTopic("prearchive", s.GetRequiredService<PrearchiveOverview>().VersionAsync)).AddSingleton<LiveChanges>();
        services.AddSingleton<QueryRetrieve.ImportVersion>().AddSingleton(s => new LiveTopic("imports", s.GetRequiredService<QueryRetrieve.ImportVersion>().ReadAsync));
        services.AddQueryRetrieve(FirstStart.Secret(data, "request-key"), $"{Environment.MachineName}:{Path.GetFullPath(data)}", options.PacsTls);
        services.AddRouting();
        services.AddApiDescription();
    }

    public static void UseVesaliusPipeline(this WebApplication application, ServerOptions options)
    {
        // A proxy on this machine says where a request really comes from; nobody else is believed.
        application.UseForwardedHeaders(new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto });
        application.UseMiddleware<SecurityHeadersMiddleware>();
        // Before anything else: the site's own files are the same for everybody.
        application.UseWebSite(options.WebSite);
        application.UseViewer(options.Viewer);
        application.UseMiddleware<PathAliasMiddleware>();
        application.UseMiddleware<RefusalMiddleware>();
        application.UseMiddleware<SignInMiddleware>();
        application.UseMetrics();
        // After the path has its canonical form.
        application.UseHeadAsGet();
        application.UseRouting();
        application.UseMiddleware<KeywordCaseMiddleware>();
        application.UseOwnHead();
        application.UseMiddleware<AuditMiddleware>();
        application.UsePages(options.WebSite);
    }

    public static void MapVesalius(this WebApplication application, ServerOptions options)
    {
        application.MapPages();
        application.MapSignIn();
        application.MapAliasTokens();
        application.MapPasswordPages();
        application.MapTraining();
        application.MapAudit();
        application.MapProjects();
        application.MapProjectSettings();
        application.MapProjectEnds();
        application.MapSubjects();
        application.MapExperiments();
        application.MapScans();
        application.MapAssessors();
        application.MapReconstructions();
        application.MapSharing();
        application.MapObjectStatus();
        application.MapSearches();
        application.MapElementSecurity();
        application.MapSiteServices();
        application.MapInvestigators();
        application.MapItemUpload();
        application.MapScriptAddresses();
        application.MapSchemas();
        application.MapDataTypes();
        application.MapCustomFields();
        application.MapCustomForms();
        application.MapArchiveFiles();
        application.MapPrearchive();
        application.MapImportService();
        application.MapInbox();
        application.MapConfiguration();
        application.MapSiteConfig();
        application.MapUsers();
        application.MapMembers();
        application.MapGroups();
        application.MapRegistration();
        application.MapOpenIdLogin();
        application.MapNotifications();
        application.MapWorkflows();
        application.MapApiDescription();
        application.MapAccessDisplays();
        application.MapAnonymize();
        application.MapAnonymizeProfile();
        application.MapPixels();
        application.MapDeidentification();
        application.MapAnonymizeTest();
        application.MapDicomWeb();
        application.MapViewer(application.Services.GetRequiredService<ServerOptions>().Viewer);
        application.MapDicomScp();
        application.MapQuarantine();
        application.MapPacs();
        application.MapPacsAvailability();
        application.MapDqrSettings();
        application.MapDqrQueries();
        application.MapDqrImport();
        application.MapDqrExport();
        application.MapDqrLists();
        application.MapArrivalRules();
        application.MapLive();
        application.MapUploads();
        application.MapOperations(options.Data);
    }
}
