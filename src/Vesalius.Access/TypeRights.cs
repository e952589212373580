using System.Collections.Frozen;

namespace Vesalius.Access;

/// <summary>What a custom group may do with one type of data.</summary>
/// <param name="DataType">Type, for example <c>xnat:mrSessionData</c>.</param>
/// <param name="Read">May read.</param>
/// <param name="Edit">May create and change.</param>
/// <param name="Delete">May delete.</param>
public sealed record DataTypeRight(string DataType, bool Read, bool Edit, bool Delete);

/// <summary>Rights of a custom group by type of data. Types are compared without regard to case; a type that is not named has no rights.</summary>
public sealed class TypeRights
{
    private readonly FrozenDictionary<string, ProjectRights> _byType;

    /// <summary>Collects the rights of a group.</summary>
    public TypeRights(IEnumerable<DataTypeRight> rights)
    {
        ArgumentNullException.ThrowIfNull(rights);
        _byType = rights.GroupBy(r => r.DataType, StringComparer.OrdinalIgnoreCase)
            .ToFrozenDictionary(g => g.Key, g => g.Aggregate(ProjectRights.None, (sum, right) => sum | Of(right)), StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Types that are named, with what may be done.</summary>
    public IReadOnlyDictionary<string, ProjectRights> ByType => _byType;

    /// <summary>What may be done with one type.</summary>
    public ProjectRights this[string dataType] => _byType.GetValueOrDefault(dataType);

    // Who may change or delete something must be able to see it.
    private static ProjectRights Of(DataTypeRight right) =>
        (right.Read || right.Edit || right.Delete ? ProjectRights.Read : ProjectRights.None)
        | (right.Edit ? ProjectRights.Create | ProjectRights.Edit : ProjectRights.None)
        | (right.Delete ? ProjectRights.Delete : ProjectRights.None);
}
