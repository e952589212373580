using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Vesalius.Access;
using Vesalius.Anonymisation;
using Vesalius.Archive;
using Vesalius.Archive.DicomQueries;
using Vesalius.Archive.Items;
using Vesalius.Dicom;
using Vesalius.Import;
using Vesalius.Prearchive;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.DicomWeb;

/// <summary>STOW-RS (PS3.18 §10.5; xapi F.6). Images go through the one intake with the site's script, into the prearchive; what was made of archived images goes to their session.</summary>
internal static class StoreEndpoints
{
    private const string DicomType = "application/dicom";

    // PS3.4 Table GG.4-1 and PS3.7 §C.4.
    private const int ProcessingFailure = 0x0110;
    private const int NotAuthorized = 0x0124;
    private const int CannotUnderstand = 0xC000;

    public static void MapDicomWebStorage(this IEndpointRouteBuilder endpoints)
    {
        foreach (var root in DicomWebRequest.Roots.Where(r => !r.Contains("{experiment}", StringComparison.Ordinal)))
        {
            endpoints.MapPost(root + "/studies", (Delegate)StoreAsync).TakesFiles();
            endpoints.MapPost(root + "/studies/{study}", (Delegate)StoreAsync).TakesFiles();
        }
    }

    private sealed record Outcome(string Study, string SopClass, string Uid, int? Failure);

    private static async Task<IResult> StoreAsync(HttpContext context)
    {
        context.SignedIn();
        if (Experiments.Route(context, "project") is { } project)
        {
            // Rights to store are asked for before anything is read.
            await Data.Scope.ProjectAsync(context, project, ProjectRights.Create, invisible: 403);
        }

        var request = await DicomWebRequest.ReadAsync(context);
        var store = new StoreRequest(context, request);
        var outcomes = new List<Outcome>();
        var reader = Reader(context.Request);
        try
        {
            while (await reader.ReadNextSectionAsync(context.RequestAborted) is { } section)
            {
                if (!MediaTypeHeaderValue.TryParse(section.ContentType, out var type) || !type.MediaType.Equals(DicomType, StringComparison.OrdinalIgnoreCase))
                {
                    throw new RequestRefusedException(415, $"Parts are {DicomType}.");
                }

                outcomes.Add(await store.TakeAsync(section.Body));
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException && !context.RequestAborted.IsCancellationRequested)
        {
            if (outcomes.Count == 0)
            {
                throw RequestRefusedException.BadRequest("The body is no multipart text with the boundary that the request names.");
            }

            // What was stored before it broke off is answered for; the rest has to be sent again.
        }

        if (outcomes.Count == 0)
        {
            throw RequestRefusedException.BadRequest("The request holds no instance.");
        }

        await store.FinishAsync();
        return Results.Bytes(Answer(outcomes, request.Studies), "application/dicom+json");
    }

    private static MultipartReader Reader(HttpRequest request)
    {
        var (type, parameters) = AcceptedTypes.Describe(request.ContentType ?? "");
        if (type != "multipart/related" || parameters.GetValueOrDefault("boundary", "") is not { Length: > 0 and <= 200 } boundary
            || !parameters.GetValueOrDefault("type", DicomType).Equals(DicomType, StringComparison.OrdinalIgnoreCase))
        {
            throw new RequestRefusedException(415, $"Instances are sent as multipart/related; type=\"{DicomType}\" with a boundary.");
        }

        return new MultipartReader(boundary, request.Body, 1 << 17) { HeadersLengthLimit = 1 << 15, BodyLengthLimit = null };
    }

    private static byte[] Answer(List<Outcome> outcomes, string studies)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var study in outcomes.GroupBy(o => o.Study))
            {
                json.WriteStartObject();
                if (study.Key.Length > 0)
                {
                    QueryJson.Text(json, Tag.RetrieveURL, "UR", studies + study.Key);
                }

                WriteItems(json, Tag.FailedSOPSequence, study.Where(o => o.Failure is not null), null);
                WriteItems(json, Tag.ReferencedSOPSequence, study.Where(o => o.Failure is null), studies + study.Key);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteItems(Utf8JsonWriter json, Tag tag, IEnumerable<Outcome> outcomes, string? retrieve)
    {
        json.WriteStartObject(tag.ToHexString());
        json.WriteString("vr", "SQ");
        json.WriteStartArray("Value");
        foreach (var outcome in outcomes)
        {
            json.WriteStartObject();
            QueryJson.Text(json, Tag.ReferencedSOPClassUID, "UI", outcome.SopClass);
            QueryJson.Text(json, Tag.ReferencedSOPInstanceUID, "UI", outcome.Uid);
            if (outcome.Failure is { } reason)
            {
                QueryJson.Number(json, Tag.FailureReason, "US", reason);
            }
            else
            {
                QueryJson.Text(json, Tag.RetrieveURL, "UR", retrieve!);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>One request's way through the intake.</summary>
    private sealed class StoreRequest(HttpContext context, DicomWebRequest request)
    {
        private readonly HashSet<long> _sessions = [];
        private readonly IServiceProvider _services = context.RequestServices;

        public async Task<Outcome> TakeAsync(Stream part)
        {
            var outcome = new Outcome("", "", "", CannotUnderstand);
            try
            {
                await _services.GetRequiredService<UploadImporter>().ReadObjectAsync(part, _services.GetRequiredService<UploadSpool>().Folder, async (dataSet, syntax) =>
                {
                    string Text(Tag tag) => dataSet.GetString(tag)?.Trim() ?? "";
                    outcome = new Outcome(Text(Tag.StudyInstanceUID), Text(Tag.SOPClassUID), Text(Tag.SOPInstanceUID), CannotUnderstand);
                    var other = Experiments.Route(context, "study") is { } study && study != outcome.Study;
                    outcome = outcome with { Failure = other ? ProcessingFailure : await TakeAsync(dataSet, syntax) };
                }, context.RequestAborted);
            }
            catch (Exception e) when (e is UploadRefusedException or MalformedDicomException)
            {
                // The others are still taken; the part's rest is skipped by the reader.
            }
            catch (Exception e) when (e is ScriptRunException or ItemRefusedException)
            {
                outcome = outcome with { Failure = ProcessingFailure };
            }

            return outcome;
        }

        private async Task<int?> TakeAsync(DataSet dataSet, TransferSyntax syntax)
        {
            var derived = _services.GetRequiredService<DerivedObjects>();
            if (await derived.FindTargetAsync(dataSet, request.Scope, context.RequestAborted) is { } target)
            {
                if (!(await _services.GetRequiredService<ProjectAccess>().RightsAsync(context.Caller(), target.Place, DerivedSeriesStore.AssessorType, context.RequestAborted)).HasFlag(ProjectRights.Create))
                {
                    return NotAuthorized;
                }

                var assessor = await derived.StoreAsync(dataSet, syntax, target, request.Scope, context.Caller().Login, context.RequestAborted);
                await Data.Scope.AuditAsync(context, "assessor.create", $"{target.Id}/{assessor}");
                return null;
            }

            if (await SourceAsync(dataSet) is not { } source)
            {
                return NotAuthorized;
            }

            var result = await _services.GetRequiredService<ObjectIntake>().TakeAsync(dataSet, syntax, source, context.RequestAborted);
            if (result.SessionId is { } session)
            {
                _sessions.Add(session);
            }

            return result.Outcome is IntakeOutcome.Stored or IntakeOutcome.Duplicate or IntakeOutcome.Conflict ? null : ProcessingFailure;
        }

        // The address's project, or the one that the object's study description or the site's rules name; there the caller must be allowed to store.
        private async Task<IntakeSource?> SourceAsync(DataSet dataSet)
        {
            var source = new IntakeSource { Door = "stow", Source = "STOW-RS" };
            if (request.Scope.ProjectId is { } project)
            {
                return source with { Given = new GivenLabels(project, null, null) };
            }

            var named = dataSet.GetString(Tag.StudyDescription)?.Trim() is { Length: > 0 } description
                ? await _services.GetRequiredService<ProjectDirectory>().FindAsync(description, context.RequestAborted) : null;
            source = named is null ? source : source with { Given = new GivenLabels(named.Id, null, null) };
            var found = named?.Id ?? (await _services.GetRequiredService<ObjectIdentifier>().IdentifyAsync(dataSet, source, context.RequestAborted)).ProjectId;
            return found is null || (await _services.GetRequiredService<ProjectAccess>().RightsAsync(context.Caller(), found, context.RequestAborted)).HasFlag(ProjectRights.Create) ? source : null;
        }

        /// <summary>Builds and archives what came, as the strategy says.</summary>
        public async Task FinishAsync()
        {
            var asked = context.Request.Query["strategy"].ToString();
            var strategy = asked is DicomWebPreferences.Gradual or DicomWebPreferences.Direct ? asked : request.Settings.DefaultStrategy;
            var archiver = _services.GetRequiredService<SessionArchiver>();
            foreach (var id in _sessions)
            {
                try
                {
                    if (strategy == DicomWebPreferences.Direct)
                    {
                        await archiver.BuildAsync(id, context.RequestAborted);
                        await ArchiveAsync(archiver, id);
                    }
                    else if (request.Settings.BuildDelayMs == 0)
                    {
                        await archiver.BuildAsync(id, context.RequestAborted);
                        await _services.GetRequiredService<IdleSessionService>().ArchiveIfWantedAsync(id, context.RequestAborted);
                    }
                    else
                    {
                        _services.GetRequiredService<QuietSessions>().Touch(id, TimeSpan.FromMilliseconds(request.Settings.BuildDelayMs));
                    }
                }
                catch (ArchivingException)
                {
                    // Stored all the same; the prearchive shows the session with the reason.
                }
            }
        }

        // Through the scripts like any other session; only the wait for somebody to archive it falls away.
        private async Task ArchiveAsync(SessionArchiver archiver, long id)
        {
            if (await _services.GetRequiredService<PrearchiveStore>().FindAsync(id, context.RequestAborted) is not { ProjectId: { } project, Status: PrearchiveStatus.Ready } session)
            {
                return;
            }

            var appends = await _services.GetRequiredService<SiteSettings>().FlagAsync("enableDirectArchiveAppend", context.RequestAborted);
            await archiver.ArchiveAsync(
                id, new ArchiveRequest(project, session.Subject, session.Label, appends ? MergeMode.Append : MergeMode.None, OverwriteFiles: appends, context.Caller().Login), context.RequestAborted);
        }
    }
}
