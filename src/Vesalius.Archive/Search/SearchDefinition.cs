namespace Vesalius.Archive.Search;

/// <summary>How a criterion compares (rest-api §19.2).</summary>
public enum SearchComparison
{
    /// <summary><c>=</c></summary>
    Equal,
    /// <summary><c>!=</c>; holds for objects without a value too.</summary>
    NotEqual,
    /// <summary><c>&lt;</c></summary>
    Less,
    /// <summary><c>&lt;=</c></summary>
    LessOrEqual,
    /// <summary><c>&gt;</c></summary>
    Greater,
    /// <summary><c>&gt;=</c></summary>
    GreaterOrEqual,
    /// <summary><c>LIKE</c>: <c>%</c> and <c>*</c> stand for any text; upper and lower case are the same.</summary>
    Like,
    /// <summary><c>NOT LIKE</c>; holds for objects without a value too.</summary>
    NotLike,
    /// <summary><c>IN</c> a list divided by commas.</summary>
    In,
    /// <summary><c>NOT IN</c>; holds for objects without a value too.</summary>
    NotIn,
    /// <summary><c>BETWEEN</c>, both ends included: <c>a AND b</c> or <c>a,b</c>.</summary>
    Between,
    /// <summary><c>NOT BETWEEN</c>; holds for objects without a value too.</summary>
    NotBetween,
    /// <summary><c>IS NULL</c></summary>
    IsNull,
    /// <summary><c>IS NOT NULL</c></summary>
    IsNotNull,
}

/// <summary>A column that is asked for.</summary>
/// <param name="ElementName">Type that it belongs to.</param>
/// <param name="FieldId">Display field, one with a parameter (<c>SUB_PROJECT_IDENTIFIER=P</c>), or a path.</param>
/// <param name="Header">Header for people; empty: the field's own.</param>
/// <param name="Visible">Whether people see it.</param>
public sealed record SearchField(string ElementName, string FieldId, string Header = "", bool Visible = true);

/// <summary>A condition on one field.</summary>
/// <param name="Field">Type and field: <c>type/path</c>, <c>type.FIELD_ID</c> or a field of the root type.</param>
/// <param name="Comparison">How it is compared.</param>
/// <param name="Value">What with; empty where nothing is needed.</param>
public sealed record SearchCriterion(string Field, SearchComparison Comparison, string Value);

/// <summary>Conditions that hold together.</summary>
/// <param name="Any">One of them is enough (<c>OR</c>) rather than all (<c>AND</c>).</param>
/// <param name="Criteria">Conditions.</param>
/// <param name="Groups">Groups inside.</param>
public sealed record SearchGroup(bool Any, IReadOnlyList<SearchCriterion> Criteria, IReadOnlyList<SearchGroup> Groups);

/// <summary>A search as its document says it (<c>xdat:bundle</c>, rest-api §19.2).</summary>
/// <param name="RootType">Type of which each row is one object.</param>
public sealed record SearchDefinition(string RootType)
{
    /// <summary>ID; empty where the document has none.</summary>
    public string Id { get; init; } = "";

    /// <summary>Name for people.</summary>
    public string BriefDescription { get; init; } = "";

    /// <summary>What it is for.</summary>
    public string Description { get; init; } = "";

    /// <summary>XNAT's mark for searches of protected data; kept, without effect: rights are decided by who asks.</summary>
    public bool Secure { get; init; }

    /// <summary>XNAT's mark that the columns may be changed; kept.</summary>
    public bool AllowDifferentColumns { get; init; }

    /// <summary>Project that the search belongs to; empty: none.</summary>
    public string Tag { get; init; } = "";

    /// <summary>Columns in order.</summary>
    public IReadOnlyList<SearchField> Fields { get; init; } = [];

    /// <summary>Conditions that must all hold; XNAT joins several <c>search_where</c> by AND.</summary>
    public IReadOnlyList<SearchGroup> Where { get; init; } = [];

    /// <summary>Field to sort by; null: by ID.</summary>
    public SearchField? SortBy { get; init; }

    /// <summary>Users that may use it, when it is saved, beside its owner.</summary>
    public IReadOnlyList<string> AllowedUsers { get; init; } = [];

    /// <summary>Groups whose members may use it.</summary>
    public IReadOnlyList<string> AllowedGroups { get; init; } = [];
}

/// <summary>Thrown when a document is no search (answered as 422).</summary>
/// <param name="reason">Why.</param>
public sealed class SearchMalformedException(string reason) : Exception(reason);

/// <summary>Thrown when a search uses a type that the caller may not read anywhere (answered as 403).</summary>
/// <param name="type">Type.</param>
public sealed class SearchForbiddenException(string type) : Exception($"No data of type {type} is yours to read.");
