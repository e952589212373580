using Microsoft.Extensions.Logging.Abstractions;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Database;
using Vesalius.Import;
using Vesalius.Import.Journal;
using Vesalius.Prearchive;

namespace Vesalius.Acceptance.Faults;

/// <summary>The rooms behind the upload, put together over the data folder of a server.</summary>
internal static class IntakeRooms
{
    /// <summary>The intake over a data folder and its database.</summary>
    public static ObjectIntake MakeIntake(string data, VesaliusDatabase database, PrearchiveStore store)
    {
        var time = TimeProvider.System;
        var key = new byte[32];
        var identifiers = new ArrivedIdentifiers(database, key);
        var settings = new SiteSettings(database);
        var configuration = new ConfigurationStore(database);
        // Never opened: everything goes the direct way.
        var journal = new IntakeJournal(Path.Combine(data, "cache", "journal"), Path.Combine(data, "cache", "unrecorded"), store, database, new JournalLimits(), time, NullLogger<IntakeJournal>.Instance);
        return new ObjectIntake(
            new ObjectIdentifier(new ProjectDirectory(database), new ProjectAccess(database), new UserDirectory(database, time), settings, configuration, new StudyRouting(database), time), new NoRequestedStudies(),
            new ScriptLibrary(configuration, settings, time), new QuarantineStore(Path.Combine(data, "quarantine"), key, database),
            new PrearchiveWriter(store, new SessionGates(), new RowWriter(database), journal, database, time, identifiers), key, NullLogger<ObjectIntake>.Instance,
            new ArrivalRules(new OptOutRegistry(database, key, time), new SeriesFilters(settings, configuration, time), database, new AuditTrail(database, time), key, time),
            new FileNameTemplate(settings, time), identifiers, new SiteChanges(database));
    }
}
