using Npgsql;
using Vesalius.Archive.Items;

namespace Vesalius.Archive.Life;

/// <summary>What names an object, and the rules that names keep (rest-api §1.3, §1.9).</summary>
internal static class Identity
{
    public static void CheckLabel(string label)
    {
        if (!Label.IsValid(label))
        {
            throw new ItemRefusedException(ItemRefusal.Unbuildable, $"A label has letters, digits, _ and - only, at most {Label.MaximumLength} of them.");
        }
    }

    public static void CheckId(string? id)
    {
        if (id is not null && !Label.IsValid(id))
        {
            throw new ItemRefusedException(ItemRefusal.Unbuildable, $"An ID has letters, digits, _ and - only, at most {Label.MaximumLength} of them.");
        }
    }

    public static void CheckSameId(ItemInput input, string id)
    {
        if (input.Take("ID") is { } given && given != id)
        {
            throw new ItemRefusedException(ItemRefusal.Invalid, "The ID cannot be modified.");
        }
    }

    public static void CheckProject(ItemInput input, string projectId)
    {
        if (input.Take("project") is { } given && given != projectId)
        {
            throw new ItemRefusedException(ItemRefusal.Conflict, "The body names another project; an object changes its project by the request for sharing, with primary=true.");
        }
    }

    public static void CheckUnlocked(string status)
    {
        if (status is "locked" or "obsolete")
        {
            throw new ItemRefusedException(ItemRefusal.Locked, $"The object is {status} and takes no changes.");
        }
    }

    public static void CheckFolderIsFree(string folder, string what)
    {
        if (Directory.Exists(folder))
        {
            throw new ItemRefusedException(ItemRefusal.Conflict, $"The archive holds files of another {what} under this label.");
        }
    }

    /// <summary>A subject's document may tell of its experiments but not make any.</summary>
    public static void RefuseExperiments(ItemInput input, IReadOnlyCollection<string> known)
    {
        foreach (var (_, experiment) in input.Objects.Where(o => o.Element == "experiments/experiment"))
        {
            if ((experiment["ID"] ?? experiment["label"]) is not { } name || !known.Contains(name))
            {
                throw new ItemRefusedException(ItemRefusal.Malformed, "A subject's document cannot make experiments; they have requests of their own.");
            }
        }
    }

    /// <summary>Runs work in which a label or ID may turn out to be taken.</summary>
    public static async Task<T> UniqueAsync<T>(string what, Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new ItemRefusedException(ItemRefusal.Conflict, $"Label or ID is another {what}'s.");
        }
    }
}
