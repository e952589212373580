using Vesalius.Anonymisation;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>Follows what happens to an object and remembers for each element what changed it. One object, one thread.</summary>
internal sealed class StatementTrace(DataSet dataSet) : IScriptObserver
{
    private const int MostNotices = 200;
    private readonly Dictionary<(DataSet Owner, Tag Tag), List<TriedCause>> _causes = [];
    private readonly DataSet _dataSet = dataSet;
    private DataSetSnapshot _last = DataSetSnapshot.Of(dataSet);

    /// <summary>Which script runs.</summary>
    public string Step { get; set; } = "";

    public List<TriedNotice> Notices { get; } = [];

    public IReadOnlyList<TriedCause> CausesOf(DataSet owner, Tag tag) => _causes.TryGetValue((owner, tag), out var causes) ? causes : [];

    public void Executed(ScriptPosition position, string statement) => Note(new TriedCause(Step, position.Line, position.Column, statement));

    public void Noticed(ScriptPosition position, string reason)
    {
        if (Notices.Count < MostNotices)
        {
            Notices.Add(new TriedNotice(Step, position.Line, position.Column, reason));
        }
    }

    /// <summary>Ascribes to a step what no statement has done.</summary>
    public void EndStep(string step) => Note(new TriedCause(step, null, null, ""));

    private void Note(TriedCause cause)
    {
        _last.Differences(difference =>
        {
            if (!_causes.TryGetValue((difference.Owner, difference.Tag), out var causes))
            {
                _causes[(difference.Owner, difference.Tag)] = causes = [];
            }

            if (causes.Count == 0 || causes[^1] != cause)
            {
                causes.Add(cause);
            }
        });
        _last = DataSetSnapshot.Of(_dataSet);
    }
}
