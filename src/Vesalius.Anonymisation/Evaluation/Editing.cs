using Vesalius.Anonymisation.Language;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Evaluation;

/// <summary>Changes to a data set (§5).</summary>
internal static class Editing
{
    private const int MostItems = 10_000;
    private const int DeepestNesting = 64;

    /// <summary>§5.1: sets the one place that a path names, making sequences, items and private blocks on the way.</summary>
    public static void Assign(ScriptRun run, TagPath path, string text, bool byNumber = false)
    {
        if (!path.IsSingular || path.Last.NamesItems)
        {
            throw new EvaluationException("only a path that names a single element can be assigned to.");
        }

        if (path.Steps.Count > DeepestNesting)
        {
            throw new EvaluationException($"sequences are nested deeper than {DeepestNesting} levels.");
        }

        run.PlacesChanged();
        var dataSet = run.Container(path.Steps[0].Tag!.Group);
        for (var i = 0; i < path.Steps.Count - 1; i++)
        {
            var step = path.Steps[i];
            dataSet = ItemAt(dataSet, TagFor(dataSet, step.Tag!), step.Item!.Value);
        }

        var target = path.Last.Tag!;
        if (target.Creator is null)
        {
            Put(dataSet, target.Tag, text, VrFor(run, dataSet, target.Tag, text, byNumber));
            return;
        }

        // A creator may have reserved several blocks that hold the element.
        var existing = dataSet.Where(e => target.Matches(dataSet, e.Tag)).Select(e => e.Tag).ToList();
        if (existing.Count == 0)
        {
            existing.Add(TagFor(dataSet, target));
        }

        foreach (var tag in existing)
        {
            Put(dataSet, tag, text, VrFor(run, dataSet, tag, text, byNumber));
        }
    }

    private static DataSet ItemAt(DataSet dataSet, Tag tag, int number)
    {
        if (number >= MostItems)
        {
            throw new EvaluationException($"item numbers end at {MostItems - 1}.");
        }

        var sequence = dataSet[tag] switch
        {
            SequenceElement existing => existing,
            null => new SequenceElement(tag, []),
            _ => throw new EvaluationException($"{tag} is not a sequence."),
        };
        if (!dataSet.Contains(tag))
        {
            dataSet.Set(sequence);
        }

        while (sequence.Items.Count <= number)
        {
            sequence.Add(new DataSet(dataSet.Encoding));
        }

        return sequence.Items[number];
    }

    // The real tag of an exact pattern; a private block that nobody has reserved is reserved now.
    private static Tag TagFor(DataSet dataSet, TagPattern pattern)
    {
        if (pattern.Creator is null)
        {
            return pattern.Tag;
        }

        var low = (byte)pattern.Value;
        ushort? reserved = null;
        for (ushort block = 0x10; block <= 0xFF; block++)
        {
            var creatorTag = new Tag(pattern.Group, block);
            if (dataSet.GetString(creatorTag)?.Trim() == pattern.Creator)
            {
                var tag = new Tag(pattern.Group, (ushort)((block << 8) | low));
                if (dataSet.Contains(tag))
                {
                    return tag;
                }

                reserved ??= block;
            }
        }

        if (reserved is null)
        {
            reserved = Enumerable.Range(0x10, 0xF0).Select(b => (ushort)b).FirstOrDefault(b => !dataSet.Contains(new Tag(pattern.Group, b)));
            if (reserved == 0)
            {
                throw new EvaluationException("all private blocks of the group are reserved.");
            }

            dataSet.SetString(new Tag(pattern.Group, reserved.Value), pattern.Creator, Vr.LO);
        }

        return new Tag(pattern.Group, (ushort)((reserved.Value << 8) | low));
    }

    private static Vr VrFor(ScriptRun run, DataSet dataSet, Tag tag, string text, bool byNumber)
    {
        if (dataSet[tag] is { } existing)
        {
            return existing.Vr;
        }

        if (tag.IsPrivate)
        {
            // §12, 5.
            return tag.IsPrivateCreator && byNumber ? Vr.LO : text.Length <= 64 && !text.Contains('\\', StringComparison.Ordinal) ? Vr.LO : Vr.UN;
        }

        var entry = DataDictionary.Find(tag);
        if (entry?.VrAlternatives?.StartsWith("US or SS", StringComparison.Ordinal) == true && run.DataSet.GetInteger(Tag.PixelRepresentation) == 1)
        {
            return Vr.SS;
        }

        return entry?.Vr ?? DataDictionary.VrOf(tag);
    }

    /// <summary>Gives an element a value.</summary>
    public static void Put(DataSet dataSet, Tag tag, string text, Vr vr)
    {
        if (vr == Vr.SQ)
        {
            if (text.Length > 0)
            {
                throw new EvaluationException($"{tag} is a sequence and cannot be given a text.");
            }

            dataSet.Set(new SequenceElement(tag, []));
            return;
        }

        if (tag == Tag.SpecificCharacterSet)
        {
            dataSet.ChangeCharacterSet(text);
            return;
        }

        try
        {
            dataSet.SetString(tag, text, vr);
        }
        catch (FormatException)
        {
            throw new EvaluationException($"the value does not fit {tag}, which is {vr}.");
        }
    }

    /// <summary>§5.2: gives every element that matches and exists a value.</summary>
    public static void AssignExisting(ScriptRun run, TagPath path, string text)
    {
        if (path.Last.Item is not null)
        {
            throw new EvaluationException("an item cannot be given a value.");
        }

        foreach (var place in PathLookup.Find(run, path))
        {
            run.Visit();
            if (place.Element is not SequenceElement)
            {
                Put(place.Owner, place.Element.Tag, text, place.Element.Vr);
            }
        }
    }

    /// <summary>§5.3: removes what matches; a numbered item is emptied and stays.</summary>
    public static void Delete(ScriptRun run, TagPath path)
    {
        if (path.Steps is [{ Item: null, Tag: { IsExact: true, Creator: null } only }])
        {
            DeleteHere(run, run.Container(only.Group), only.Tag);
            return;
        }

        foreach (var place in PathLookup.Find(run, path))
        {
            if (place.Element is SequenceElement)
            {
                run.PlacesChanged();
            }

            if (path.Last.Item is not { } number)
            {
                Remove(place.Owner, place.Element.Tag);
            }
            else if (place.Element is SequenceElement sequence && number < sequence.Items.Count)
            {
                sequence.Items[number].RemoveWhere(_ => true);
            }
        }
    }

    // The commonest statement by far.
    private static void DeleteHere(ScriptRun run, DataSet dataSet, Tag tag)
    {
        if (dataSet.TryGet(tag, out var element))
        {
            if (element is SequenceElement)
            {
                run.PlacesChanged();
            }

            Remove(dataSet, tag);
        }
    }

    /// <summary>Removes an element. Without its character set, text is encoded such that it stays what it was.</summary>
    public static void Remove(DataSet dataSet, Tag tag)
    {
        if (tag == Tag.SpecificCharacterSet)
        {
            dataSet.ChangeCharacterSet(null);
        }
        else
        {
            dataSet.Remove(tag);
        }
    }
}
