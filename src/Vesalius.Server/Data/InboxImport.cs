using System.Diagnostics;
using Microsoft.Extensions.Primitives;
using Vesalius.Access;
using Vesalius.Import;
using Vesalius.Jobs;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Imports files and folders of the inbox, one request at a time, with the rights that who asked has while it runs.</summary>
/// <remarks>Files are read in order, and every so often it is written down how far the work is: a run after a crash goes on from there. What it repeats
/// are objects that the prearchive has already. A file is deleted only after what it holds is stored and that is written down.</remarks>
internal sealed partial class InboxImport(
    InboxRequests requests, ImportProgress progress, UserDirectory users, UploadImporter importer, UploadSpool spool, IServiceScopeFactory scopes, ILogger<InboxImport> logger) : IJobHandler
{
    private const int MostAttempts = 5;
    private const int MostInterruptions = 5;
    private const int SavedEvery = 64;
    private static readonly TimeSpan SavedAfter = TimeSpan.FromSeconds(2);

    /// <summary>A run and how far it is.</summary>
    private sealed class Work(JobRun run, InboxRequest request, HttpContext context)
    {
        public JobRun Run => run;
        public InboxRequest Request => request;
        public HttpContext Context => context;
        public UploadRequest Parameters { get; } = UploadRequest.Of(context);
        public InboxProgress Progress { get; set; } = request.Progress;
        public List<string> Deleting { get; } = [.. request.Progress.Deleting];
        public int NotDeleted { get; set; }
    }

    /// <inheritdoc/>
    public string Kind => InboxRequests.JobKind;

    /// <inheritdoc/>
    public ValueTask<LaneAllowance> AllowanceAsync(string lane, DateTimeOffset now, CancellationToken cancellationToken) => ValueTask.FromResult(new LaneAllowance(1, null));

    /// <inheritdoc/>
    public Task EndedAsync(IReadOnlyList<long> ids, CancellationToken cancellationToken) => requests.SweepAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<JobResult> RunAsync(JobRun run, CancellationToken cancellationToken)
    {
        if (await requests.FindAsync(run.Job.Id, cancellationToken) is not { Path: not null } request)
        {
            return JobResult.Ended(InboxOutcome.Failed, "The request is gone with its project.");
        }

        await using var scope = scopes.CreateAsyncScope();
        try
        {
            if (run.Job.Interruptions >= MostInterruptions)
            {
                throw RequestRefusedException.Conflict($"The server ended {run.Job.Interruptions} times while it worked on this.");
            }

            var work = new Work(run, request, await ContextAsync(request, scope.ServiceProvider, cancellationToken));
            await SayAsync(request, "PROCESSING", "Reading files of the inbox", terminal: false);
            var places = await ImportAsync(work, cancellationToken);
            await SayAsync(request, "COMPLETED", string.Join(", ", places.Select(ImportService.Final)), terminal: true);
            return JobResult.Ended(InboxOutcome.Complete, Describe(work));
        }
        catch (RequestRefusedException e)
        {
            await SayAsync(request, "FAILED", e.Message, terminal: true);
            return JobResult.Ended(InboxOutcome.Failed, e.Message);
        }
        catch (Exception e) when (e is not OperationCanceledException && run.Job.Attempts + 1 >= MostAttempts)
        {
            GivenUp(logger, run.Job.Id, MostAttempts, e.GetType().Name);
            var reason = $"It failed {MostAttempts} times unexpectedly; the server's log tells more.";
            await SayAsync(request, "FAILED", reason, terminal: true);
            return JobResult.Ended(InboxOutcome.Failed, reason);
        }
    }

    // The import service asks a request for its caller and parameters; this one is made of what was kept.
    private async Task<HttpContext> ContextAsync(InboxRequest request, IServiceProvider services, CancellationToken cancellationToken)
    {
        var caller = await users.LoadCallerAsync(request.Username, cancellationToken) is { IsSiteAdministrator: true } administrator
            ? administrator : throw RequestRefusedException.Forbidden("Who asked for it is no longer an administrator.");
        var context = new DefaultHttpContext { RequestServices = services, RequestAborted = cancellationToken };
        context.Request.Query = new QueryCollection(request.Parameters.ToDictionary(p => p.Key, p => new StringValues(p.Value), StringComparer.OrdinalIgnoreCase));
        context.Items[CallerExtensions.CallerKey] = caller;
        return context;
    }

    private async Task SayAsync(InboxRequest request, string status, string message, bool terminal)
    {
        if (request.Queue is { } queue)
        {
            await progress.AddAsync(request.Username, queue, status, message, terminal, CancellationToken.None);
        }
    }

    private async Task<IReadOnlyList<string>> ImportAsync(Work work, CancellationToken cancellationToken)
    {
        var plan = await ImportService.PlanAsync(work.Context, work.Parameters, "inbox");
        await DeleteAsync(work);
        if (!work.Progress.IsRead)
        {
            await ReadAsync(work, plan, cancellationToken);
        }

        if (work.Request.Cleanup)
        {
            await RemoveEmptyFoldersAsync(work);
        }

        var (found, sessions) = (work.Progress, work.Progress.Sessions);
        if (sessions.Length == 0)
        {
            throw new RequestRefusedException(422, found.Files == 0 ? "There are no files in the folder." : $"Nothing was stored: {Describe(work)}.");
        }

        await ImportService.LogUnheededAsync(work.Context, work.Parameters, plan, sessions);
        await Scope.AuditAsync(work.Context, "import", $"{found.Stored} objects in {sessions.Length} sessions");
        await work.Run.ReportAsync("archiving", found.Read, found.Files, cancellationToken);
        return await ImportService.FinishAsync(work.Context, work.Parameters, sessions, plan.Merge, "inbox");
    }

    private async Task ReadAsync(Work work, ImportPlan plan, CancellationToken cancellationToken)
    {
        var inbox = Path.GetFullPath(await ServerFiles.InboxAsync(work.Context));
        var files = ServerFiles.FilesOf(await ServerFiles.ResolveAsync(work.Context, work.Request.Path!)).ConvertAll(f => Path.GetRelativePath(inbox, f));
        files.RemoveAll(f => string.CompareOrdinal(f, work.Progress.Reached) <= 0);
        work.Progress = work.Progress with { Files = work.Progress.Read + files.Count };
        var watch = Stopwatch.StartNew();
        try
        {
            foreach (var file in files)
            {
                var isHeld = await TakeAsync(work, plan, Path.Combine(inbox, file), cancellationToken);
                work.Progress = work.Progress with { Read = work.Progress.Read + 1, Reached = file };
                if (isHeld && work.Request.Cleanup)
                {
                    work.Deleting.Add(file);
                }

                if (work.Progress.Read % SavedEvery == 0 || watch.Elapsed >= SavedAfter)
                {
                    watch.Restart();
                    await SaveAsync(work);
                }
            }

            work.Progress = work.Progress with { IsRead = true };
        }
        finally
        {
            await SaveAsync(work);
        }
    }

    // True if all that the file holds is held here now, so that the file is needed no longer.
    private async Task<bool> TakeAsync(Work work, ImportPlan plan, string path, CancellationToken cancellationToken)
    {
        FileStream content;
        try
        {
            content = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            work.Progress = work.Progress with { Skipped = work.Progress.Skipped + 1 };
            return false;
        }

        await using (content)
        {
            try
            {
                var result = await importer.ImportAsync(content, plan.Source, skipUnparsable: true, spool.Folder, cancellationToken, plan.KeepsNames ? Path.GetFileName(path) : null);
                work.Progress = work.Progress.With(result);
                return result.Skipped + result.Rejected + result.Refused == 0;
            }
            catch (UploadRefusedException e)
            {
                work.Progress = (e.Taken is { } taken ? work.Progress.With(taken) : work.Progress) with { Skipped = work.Progress.Skipped + 1 };
                return false;
            }
        }
    }

    // Not the run's token: what is done is written down even if the server stops.
    private async Task SaveAsync(Work work)
    {
        work.Progress = work.Progress with { Deleting = [.. work.Deleting] };
        if (!await requests.SaveAsync(work.Run.Job, work.Progress, CancellationToken.None))
        {
            // Another node has it, or its project has ended: files are no longer this run's to delete.
            work.Deleting.Clear();
            return;
        }

        await work.Run.ReportAsync("importing", work.Progress.Read, work.Progress.Files, CancellationToken.None);
        await DeleteAsync(work);
    }

    private static async Task DeleteAsync(Work work)
    {
        foreach (var file in work.Deleting)
        {
            try
            {
                File.Delete(await ServerFiles.ResolveAsync(work.Context, file));
            }
            catch (RequestRefusedException)
            {
                // Somebody has taken it away, or put a link in its way.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                work.NotDeleted++;
            }
        }

        work.Deleting.Clear();
    }

    private static async Task RemoveEmptyFoldersAsync(Work work)
    {
        try
        {
            var inbox = Path.GetFullPath(await ServerFiles.InboxAsync(work.Context));
            var path = await ServerFiles.ResolveAsync(work.Context, work.Request.Path!);
            if (!Directory.Exists(path))
            {
                return;
            }

            var below = Directory.EnumerateDirectories(path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint });
            foreach (var folder in below.Append(path).OrderByDescending(f => f.Length).Where(f => f != inbox).ToList())
            {
                if (!Directory.EnumerateFileSystemEntries(folder).Any())
                {
                    Directory.Delete(folder);
                }
            }
        }
        catch (Exception e) when (e is RequestRefusedException or IOException or UnauthorizedAccessException)
        {
            // An empty folder that stays does no harm.
        }
    }

    private static string Describe(Work work)
    {
        var found = work.Progress;
        return string.Join("; ", ((IEnumerable<(int Count, string What)>)
        [
            (found.Stored, "objects stored"), (found.Sessions.Length, "sessions"), (found.Quarantined, "objects in quarantine"), (found.Rejected, "objects rejected by the site script"),
            (found.Refused, "objects not wanted (series filter or opt-out)"), (found.Skipped, "files left, since they hold no DICOM object or cannot be read"),
            (work.NotDeleted, "files that could not be deleted"),
        ]).Where(p => p.Count > 0).Select(p => $"{p.What}: {p.Count}"));
    }

    [LoggerMessage(5023, LogLevel.Error, "Inbox import {Request} is given up after {Attempts} attempts: {Error}")]
    private static partial void GivenUp(ILogger logger, long request, int attempts, string error);
}
