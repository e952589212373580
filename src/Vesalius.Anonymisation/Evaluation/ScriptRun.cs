using System.Globalization;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Evaluation;

/// <summary>Thrown inside a run; becomes a <see cref="ScriptRunException"/> with the place of the statement.</summary>
internal sealed class EvaluationException(string reason) : Exception(reason);

/// <summary>Thrown by <c>reject</c>.</summary>
internal sealed class RejectedException : Exception;

/// <summary>One application of a script to one object.</summary>
internal sealed class ScriptRun(DataSet dataSet, ScriptContext context, PatternCache patterns, PathCache paths, CancellationToken cancellationToken)
{
    // In the JSON model group 0002 may stand with the rest, or be absent.
    private readonly bool _hadFileMeta = context.FileMeta is not null || HasFileMeta(dataSet);
    private readonly bool _hadClass = dataSet.Contains(Tag.SOPClassUID);
    private readonly bool _hadInstance = dataSet.Contains(Tag.SOPInstanceUID);

    public DataSet DataSet { get; } = dataSet;

    public ScriptContext Context { get; } = context;

    public PatternCache Patterns { get; } = patterns;

    public PathCache Paths { get; } = paths;

    public Dictionary<string, ScriptValue> Variables { get; } = new(StringComparer.Ordinal);

    public bool PixelsAltered { get; set; }

    /// <summary>Transfer syntax of the pixels as they now are.</summary>
    public string PixelSyntaxUid { get; set; } = context.TransferSyntaxUid ?? "";

    public CancellationToken CancellationToken { get; } = cancellationToken;

    /// <summary>Where elements of group 0002 live: with the file's meta information, or in the data set of the JSON model.</summary>
    public DataSet Container(ushort group) => group == 0x0002 && Context.FileMeta is { } meta ? meta : DataSet;

    /// <summary>All data sets of the object: file meta, top level, every item.</summary>
    public IEnumerable<DataSet> AllDataSets()
    {
        if (Context.FileMeta is { } meta)
        {
            yield return meta;
        }

        var open = new Stack<DataSet>();
        open.Push(DataSet);
        while (open.Count > 0)
        {
            var next = open.Pop();
            yield return next;
            foreach (var element in next)
            {
                Visit();
                if (element is SequenceElement sequence)
                {
                    foreach (var item in sequence.Items)
                    {
                        open.Push(item);
                    }
                }
            }
        }
    }

    private Dictionary<uint, List<DataSet>>? _holders;

    /// <summary>The data sets, top level and items, that may hold an element of this tag. Elements that were deleted since are still listed, so ask the data set.</summary>
    /// <exception cref="EvaluationException">Sequences are nested too deeply.</exception>
    public IReadOnlyList<DataSet> Holders(Tag tag)
    {
        if (_holders is null)
        {
            _holders = [];
            Index(DataSet, 0);
        }

        return _holders.TryGetValue(tag.Value, out var found) ? found : [];
    }

    private void Index(DataSet dataSet, int depth)
    {
        if (depth > PathLookup.DeepestNesting)
        {
            throw new EvaluationException($"sequences are nested deeper than {PathLookup.DeepestNesting} levels.");
        }

        foreach (var element in dataSet)
        {
            Visit();
            if (!_holders!.TryGetValue(element.Tag.Value, out var list))
            {
                _holders[element.Tag.Value] = list = [];
            }

            if (list.Count == 0 || !ReferenceEquals(list[^1], dataSet))
            {
                list.Add(dataSet);
            }

            if (element is SequenceElement sequence)
            {
                foreach (var item in sequence.Items)
                {
                    Index(item, depth + 1);
                }
            }
        }
    }

    /// <summary>An element was added, or a sequence or an item went: what was known of places is forgotten.</summary>
    public void PlacesChanged() => _holders = null;

    // Work between two looks at the clock, each of which costs as much as a short statement.
    private const int WorkPerLook = 1024;
    private const int WorkOfStep = 64;
    private readonly long _started = context.Time.GetTimestamp();
    private int _work;

    /// <summary>Ends a run that was cancelled or takes too long.</summary>
    /// <exception cref="EvaluationException">The time is over.</exception>
    public void CheckTime()
    {
        CancellationToken.ThrowIfCancellationRequested();
        if (TimeLeft <= TimeSpan.Zero)
        {
            throw TimeIsOver();
        }
    }

    /// <summary>Counts a visited element; looks at the clock now and then, so that one statement cannot go on for ever.</summary>
    /// <exception cref="EvaluationException">The time is over.</exception>
    public void Visit() => Work(1);

    /// <summary>Counts a statement or a call.</summary>
    /// <exception cref="EvaluationException">The time is over.</exception>
    public void Step() => Work(WorkOfStep);

    private void Work(int amount)
    {
        if ((_work += amount) >= WorkPerLook)
        {
            _work = 0;
            CheckTime();
        }
    }

    /// <summary>What is left of the time that a run may take.</summary>
    public TimeSpan TimeLeft => Context.TimeLimit - Context.Time.GetElapsedTime(_started);

    /// <summary>The failure of a run that takes too long.</summary>
    public EvaluationException TimeIsOver() => new(string.Create(CultureInfo.InvariantCulture, $"the script took longer than {Context.TimeLimit.TotalSeconds:0.###} seconds on this object."));

    /// <summary>§5.4: file meta information names the object that the data set now is.</summary>
    public void AlignFileMeta()
    {
        if (!_hadFileMeta && !HasFileMeta(DataSet))
        {
            return;
        }

        var meta = Container(0x0002);
        Align(meta, Tag.MediaStorageSOPClassUID, Tag.SOPClassUID, _hadClass);
        Align(meta, Tag.MediaStorageSOPInstanceUID, Tag.SOPInstanceUID, _hadInstance);
    }

    private static bool HasFileMeta(DataSet dataSet) => dataSet.Count > 0 && dataSet.ElementAt(0).Tag.Group <= 2 && dataSet.Any(e => e.Tag.Group == 2);

    private void Align(DataSet meta, Tag target, Tag source, bool wasThere)
    {
        if (DataSet.GetString(source) is not { } uid)
        {
            // An object that lost its UID must not keep it here; a directory never had one.
            if (wasThere)
            {
                meta.Remove(target);
            }
        }
        else if (meta.GetString(target) != uid)
        {
            meta.SetString(target, uid, Vr.UI);
        }
    }
}
