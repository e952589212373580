using Vesalius.Anonymisation.Evaluation;
using Vesalius.Anonymisation.Language;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Functions;

/// <summary>Functions that set, remove, look for, and refuse.</summary>
internal static class ElementFunctions
{
    private static TagPath DirectPath(FunctionCall call) => call.Arguments[0] switch
    {
        TextValue text => call.Parse(text.Text, byNumber: true),
        PlaceValue place => place.Path,
        _ => throw new EvaluationException($"'{call.Name}' wants a path."),
    };

    public static ScriptValue Set(FunctionCall call)
    {
        var path = DirectPath(call);
        if (call.Text(1) is { } text)
        {
            Editing.Assign(call.Run, path, text, byNumber: true);
        }

        return ScriptValue.Missing;
    }

    public static ScriptValue Delete(FunctionCall call)
    {
        Editing.Delete(call.Run, DirectPath(call));
        return ScriptValue.Missing;
    }

    public static ScriptValue RemoveTags(FunctionCall call)
    {
        foreach (var path in call.Places())
        {
            Editing.Delete(call.Run, path);
        }

        return ScriptValue.Missing;
    }

    public static ScriptValue IsPresent(FunctionCall call)
    {
        var all = true;
        foreach (var argument in call.Arguments)
        {
            if (argument is not PlaceValue { Path: { IsSingular: true } path })
            {
                throw new EvaluationException("'isPresent' wants paths that name one place each.");
            }

            var places = PathLookup.Find(call.Run, path);
            all &= places.Count > 0 && (path.Last.Item is not { } number || (places[0].Element is SequenceElement sequence && number < sequence.Items.Count));
        }

        return ScriptValue.Of(all);
    }

    public static ScriptValue Reject(FunctionCall call)
    {
        if (call.Arguments.Count == 0 || string.Equals(call.Text(0), "true", StringComparison.OrdinalIgnoreCase))
        {
            throw new RejectedException();
        }

        return ScriptValue.Missing;
    }
}

/// <summary>Private elements as a whole (§7.4).</summary>
internal static class PrivateElements
{
    public static void RemoveAll(ScriptRun run)
    {
        run.PlacesChanged();
        foreach (var dataSet in run.AllDataSets().ToList())
        {
            dataSet.RemoveWhere(e => e.Tag.IsPrivate);
        }
    }

    public static ScriptValue Retain(FunctionCall call)
    {
        var kept = new HashSet<DataElement>(ReferenceEqualityComparer.Instance);
        foreach (var path in call.Places())
        {
            if (path.Last.Tag!.Creator is null)
            {
                throw new EvaluationException("'retainPrivateTags' wants private paths: (gggg,{creator}ee).");
            }

            foreach (var place in PathLookup.Find(call.Run, path))
            {
                kept.Add(place.Element);
            }
        }

        if (call.Run.Context.FileMeta is { } meta)
        {
            Clean(meta, kept);
        }

        Clean(call.Run.DataSet, kept);
        call.Run.PlacesChanged();
        return ScriptValue.Missing;
    }

    private static void Clean(DataSet dataSet, HashSet<DataElement> kept)
    {
        var creators = new HashSet<Tag>();
        foreach (var element in dataSet)
        {
            if (element.Tag.IsPrivate && kept.Contains(element))
            {
                creators.Add(element.Tag.PrivateCreatorTag);
            }
        }

        dataSet.RemoveWhere(e => e.Tag.IsPrivate && !kept.Contains(e) && !creators.Contains(e.Tag));
        foreach (var element in dataSet.ToArray())
        {
            // What a kept private sequence holds stays whole.
            if (element is SequenceElement sequence && !element.Tag.IsPrivate)
            {
                foreach (var item in sequence.Items)
                {
                    Clean(item, kept);
                }
            }
        }
    }
}
