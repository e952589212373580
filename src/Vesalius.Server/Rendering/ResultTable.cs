namespace Vesalius.Server.Rendering;

/// <summary>Rows that a list answers, before they are rendered as XNAT's table JSON, XML, CSV or HTML
/// (<c>ResultSet</c>). Every value is text; null is rendered as an empty string.</summary>
/// <param name="columns">Column names in order.</param>
public sealed class ResultTable(params string[] columns)
{
    /// <summary>Column names in order.</summary>
    public IReadOnlyList<string> Columns { get; } = columns;

    /// <summary>Rows; each as long as <see cref="Columns"/>.</summary>
    public List<string?[]> Rows { get; } = [];

    /// <summary>Title beside the rows, or null.</summary>
    public string? Title { get; init; }

    /// <summary>Whether <c>totalRecords</c> is written (object and resource lists: yes; file and prearchive lists: no).</summary>
    public bool HasTotalRecords { get; init; } = true;

    /// <summary>Whether rows are in the order and of the page that were asked for.</summary>
    public bool IsOrdered { get; init; }

    /// <summary>Rows in all when <see cref="Rows"/> is a page of them; null: as many as there are.</summary>
    public long? TotalRecords { get; set; }

    /// <summary>Whether a <c>Columns</c> part with <c>URI</c>/<c>serverRoot</c> is written (file lists).</summary>
    public bool DeclaresUriColumn { get; init; }

    /// <summary>Further keys beside the rows, for JSON only; values may be objects (types that can be searched).</summary>
    public IReadOnlyList<(string Key, object Value)> Extra { get; init; } = [];

    /// <summary>Adds a row.</summary>
    /// <exception cref="ArgumentException">The row is not as long as the columns.</exception>
    public void Add(params string?[] row)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (row.Length != Columns.Count)
        {
            throw new ArgumentException($"{row.Length} values for {Columns.Count} columns.", nameof(row));
        }

        Rows.Add(row);
    }
}
