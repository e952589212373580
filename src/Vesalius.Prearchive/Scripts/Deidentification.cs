using System.Globalization;
using Vesalius.Anonymisation;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>Applies a script to an object and leaves the record of it (dicomedit §8.3).</summary>
public static class Deidentification
{
    private static readonly Tag Method = Tag.DeidentificationMethodCodeSequence;

    /// <summary>Applies a script. On success the object's (0012,0064) ends with an item that names the script.</summary>
    /// <param name="script">The script.</param>
    /// <param name="dataSet">Edited in place; to be discarded if this throws.</param>
    /// <param name="context">What the script is given.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ScriptRunException">The script fails on this object.</exception>
    public static ScriptResult Apply(ActiveScript script, DataSet dataSet, ScriptContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(script);
        ArgumentNullException.ThrowIfNull(dataSet);
        // Earlier records outlive a script that deletes the sequence.
        var earlier = dataSet.GetSequence(Method)?.Items.ToList() ?? [];
        var result = script.Script.Apply(dataSet, context, cancellationToken);
        if (result.Outcome == ScriptOutcome.Rejected)
        {
            return result;
        }

        var sequence = dataSet.GetSequence(Method);
        if (sequence is null)
        {
            sequence = new SequenceElement(Method, earlier.Where(IsOurs));
            dataSet.Set(sequence);
        }
        else if (earlier.Exists(e => !sequence.Items.Contains(e)))
        {
            // A script that wrote the sequence anew: what the object brought comes first, in its order.
            var written = sequence.Items.Where(i => !earlier.Contains(i)).ToList();
            sequence = new SequenceElement(Method, earlier.Concat(written));
            dataSet.Set(sequence);
        }

        sequence.Add(Record(script, dataSet));
        return result;
    }

    /// <summary>True if this script was the last to run over the object.</summary>
    public static bool WasApplied(ActiveScript script, DataSet dataSet)
    {
        ArgumentNullException.ThrowIfNull(script);
        ArgumentNullException.ThrowIfNull(dataSet);
        return script.Number > 0
            && dataSet.GetSequence(Method)?.Items is [.., var last] && IsOurs(last)
            && last.GetString(Tag.CodeValue) == script.Number.ToString(CultureInfo.InvariantCulture);
    }

    private static bool IsOurs(DataSet item) => item.GetString(Tag.CodingSchemeDesignator) == "XNAT";

    private static DataSet Record(ActiveScript script, DataSet dataSet)
    {
        var item = new DataSet(dataSet.Encoding);
        item.SetString(Tag.CodeValue, script.Number.ToString(CultureInfo.InvariantCulture), Vr.SH);
        item.SetString(Tag.CodingSchemeDesignator, "XNAT", Vr.SH);
        item.SetString(Tag.CodingSchemeVersion, "1.0", Vr.SH);
        item.SetString(Tag.CodeMeaning, script.Meaning, Vr.LO);
        return item;
    }
}
