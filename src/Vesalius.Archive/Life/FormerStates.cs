using System.Text.Json;
using Vesalius.Archive.Items;
using Vesalius.Archive.Types;

namespace Vesalius.Archive.Life;

/// <summary>What an object was before each of its changes, as <c>includeHistory</c> asks for (rest-api §1.6.3).</summary>
public sealed class FormerStates(ChangeHistory history, TypeModel model)
{
    /// <summary>Schema path below which an item carries its former states.</summary>
    public const string Element = "history";

    private sealed record Change(string Field, string? From, string? To);

    /// <summary>Adds the former states to an item, the oldest first; each bears the time at which it came to be.</summary>
    /// <param name="item">The object as it is.</param>
    /// <param name="objectType">Kind of object, as in <see cref="ChangeHistory.ListAsync"/>.</param>
    /// <param name="objectId">Its ID there.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task AddAsync(Item item, string objectType, string objectId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(item);
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        DateTime? since = null;
        foreach (var row in await history.ListAsync(objectType, objectId, cancellationToken).ConfigureAwait(false))
        {
            var changes = JsonSerializer.Deserialize<List<Change>>(row.Fields, JsonSerializerOptions.Web)!.Where(c => IsOfDocument(c.Field)).ToList();
            if (changes.Count == 0 && since is not null)
            {
                continue;
            }

            if (since is { } from)
            {
                var former = new Item(item.XsiType, from) { IsHistory = true };
                former.AddDocument(model, fields);
                item.Add(Element, former);
            }

            since = row.At;
            foreach (var change in changes)
            {
                fields.Remove(change.Field);
                if (change.To is { } value)
                {
                    fields[change.Field] = value;
                }
            }
        }
    }

    // Status and shares are no part of what an object's document says.
    private static bool IsOfDocument(string field) => !field.StartsWith("meta/", StringComparison.Ordinal) && !field.StartsWith("sharing/", StringComparison.Ordinal);
}
