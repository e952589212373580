using System.Globalization;

namespace Vesalius.Cli;

/// <summary>Shows how far a batch is: a bar where somebody looks on, else a line whenever it has moved by a hundredth or something else is going on.</summary>
internal sealed class ImportProgress(TextWriter output, bool isTerminal)
{
    private const int BarWidth = 30;
    private static readonly string[] Ends = ["complete", "grown", "incomplete", "failed", "refused", "cancelled"];
    private int _width;
    private string _last = "";

    /// <summary>Rows that will not run again.</summary>
    public static long Ended(IReadOnlyDictionary<string, long> counts) => counts.Where(c => Ends.Contains(c.Key)).Sum(c => c.Value);

    /// <summary>Shows counts.</summary>
    /// <param name="counts">Rows by what they are doing.</param>
    /// <param name="rows">Rows in all.</param>
    /// <param name="waitsFor">Why rows wait that were tried; null if none do.</param>
    public void Show(IReadOnlyDictionary<string, long> counts, long rows, string? waitsFor = null)
    {
        var ended = Ended(counts);
        var share = rows == 0 ? 1.0 : (double)ended / rows;
        var states = string.Join(", ", counts.Where(c => c.Value > 0).OrderBy(c => Array.IndexOf(Ends, c.Key) is >= 0 and var i ? i : Ends.Length).ThenBy(c => c.Key, StringComparer.Ordinal)
            .Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Value} {c.Key}")));
        var why = waitsFor is null ? "" : $". {waitsFor}";
        var percent = string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(share * 100),3:0} %");
        if (isTerminal)
        {
            var filled = (int)(share * BarWidth);
            Rewrite($"[{new string('#', filled)}{new string('.', BarWidth - filled)}] {percent}  {ended}/{rows}: {states}{why}");
        }
        else if (_last != percent + why)
        {
            _last = percent + why;
            output.WriteLine($"{percent}  {ended}/{rows}: {states}{why}");
        }
    }

    /// <summary>Says something that is not progress.</summary>
    public void Say(string text)
    {
        if (isTerminal)
        {
            Rewrite(text);
        }
        else if (_last != text)
        {
            _last = text;
            output.WriteLine(text);
        }
    }

    /// <summary>Leaves the last line standing.</summary>
    public void Close()
    {
        if (isTerminal && _width > 0)
        {
            output.WriteLine();
        }
    }

    private void Rewrite(string text)
    {
        output.Write('\r' + text.PadRight(_width));
        _width = text.Length;
    }
}
