using Vesalius.Jobs;
using Vesalius.QueryRetrieve;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Xapi;

/// <summary>Pauses, resumes, cancels, repeats and reorders requests: some of them, or a whole batch.</summary>
internal static class DqrSteering
{
    public static async Task<int> ApplyAsync(HttpContext context, ImportQueue queue, JobControl control, long[] ids, Guid? batch, string action)
    {
        var token = context.RequestAborted;
        var changed = action switch
        {
            "pause" => await control.PauseAsync(ids, batch, token),
            "resume" => await control.ResumeAsync(ids, batch, token),
            "cancel" => await queue.CancelAsync(ids, batch, token),
            "retry" => await queue.AgainAsync(ids, batch, token),
            "priority" => await control.PrioritiseAsync(
                ids, batch, int.TryParse(context.Request.Query["value"], out var priority) && priority is >= 0 and <= 1000 ? priority : throw RequestRefusedException.BadRequest("value must be 0 to 1000."), token),
            _ => throw RequestRefusedException.NotFound("There is pause, resume, cancel, retry, priority."),
        };
        await Scope.AuditAsync(context, $"dqr.{action}", batch is { } id ? $"batch {id}" : string.Join(' ', ids));
        return changed;
    }
}
