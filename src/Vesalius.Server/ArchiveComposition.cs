using Vesalius.Access;
using Vesalius.Archive.Items;
using Vesalius.Archive.Life;
using Vesalius.Archive.Lists;
using Vesalius.Archive.ProjectEnds;
using Vesalius.Archive.Search;
using Vesalius.Archive.Types;
using Vesalius.Database;
using Vesalius.Import;
using Vesalius.Prearchive;

namespace Vesalius.Server;

/// <summary>The archive's objects: types, items, lists, and what makes and changes them.</summary>
internal static class ArchiveComposition
{
    /// <param name="services">Services.</param>
    /// <param name="data">Data folder; a site's own types stand in its <c>types</c> folder, one or more in each <c>.types</c> file.</param>
    public static IServiceCollection AddArchiveObjects(this IServiceCollection services, string data)
    {
        var folder = Path.Combine(data, "types");
        var own = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.types").Order(StringComparer.Ordinal).Select(File.ReadAllText).ToList() : [];
        return services.AddSingleton(own.Count == 0 ? TypeModel.Standard : new TypeModel(own)).AddSingleton<SchemaDocument>().AddSingleton<ItemXml>().AddSingleton<ItemLoader>()
            .AddSingleton<ListEngine>().AddSingleton<ScanVocabulary>().AddSingleton<ChangeHistory>().AddSingleton<FormerStates>().AddSingleton<FolderMoves>().AddSingleton<SubjectStore>().AddSingleton<ExperimentStore>()
            .AddSingleton<ScanStore>().AddSingleton<ReconstructionStore>().AddSingleton<Sharing>().AddSingleton<ObjectRemoval>().AddSingleton<HeaderRefresh>()
            .AddSingleton<Archive.CustomFieldStore>().AddSingleton<Archive.CustomForms>().AddSingleton<DisplayFields>().AddSingleton<SearchEngine>().AddSingleton<SnapshotLimits>().AddSingleton<SearchSnapshots>().AddSingleton<SavedSearches>()
            .AddSingleton<QuickSearch>().AddHostedService<SnapshotUpkeep>();
    }

    /// <summary>The end of projects: what every room holds of them, from the inside out.</summary>
    public static void AddProjectEnds(this IServiceCollection services, string data)
    {
        services.AddSingleton<ProjectTraces>().AddSingleton<ProjectEnds>();
        services.AddSingleton<IProjectHoldings>(s => ActivatorUtilities.CreateInstance<ArchiveHoldings>(s, Path.Combine(data, "cache", "deleted")));
        services.AddSingleton<IProjectHoldings>(s => new PrearchiveHoldings(
            Path.Combine(data, "prearchive"), Path.Combine(data, "cache", "unrecorded"), s.GetRequiredService<PrearchiveStore>(), s.GetRequiredService<SessionGates>(),
            s.GetRequiredService<QuarantineStore>(), s.GetRequiredService<VesaliusDatabase>()));
        services.AddSingleton<IProjectHoldings, ImportHoldings>();
    }
}
