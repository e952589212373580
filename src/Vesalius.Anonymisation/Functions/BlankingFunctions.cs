using System.Text;
using Vesalius.Anonymisation.Evaluation;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Functions;

/// <summary>Blanking of known values (§7.3).</summary>
internal static class BlankingFunctions
{
    public static ScriptValue CollectValues(FunctionCall call) => new ListValue(Gather(call).Select(ScriptValue.Of));

    public static ScriptValue BlankValues(FunctionCall call)
    {
        var texts = Gather(call).ToHashSet(StringComparer.Ordinal);
        if (texts.Count == 0)
        {
            return ScriptValue.Missing;
        }

        // Elements of unknown representation are compared by their bytes.
        var encoded = texts.Select(t => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(t))).ToHashSet(StringComparer.Ordinal);
        foreach (var dataSet in call.Run.AllDataSets().ToList())
        {
            foreach (var element in dataSet.OfType<ValueElement>().ToList())
            {
                call.Run.Visit();
                if (element.Bytes.IsEmpty || element.Bytes.Length > 1 << 20 || element.Tag.IsPixelData)
                {
                    continue;
                }

                var text = Trim(dataSet.GetString(element.Tag)!);
                if (text.Length > 0 && (texts.Contains(text) || (!element.Vr.IsText && encoded.Contains(text))))
                {
                    Editing.Put(dataSet, element.Tag, "", element.Vr);
                }
            }
        }

        return ScriptValue.Missing;
    }

    private static string Trim(string text) => text.Trim(' ', '\0');

    private static List<string> Gather(FunctionCall call)
    {
        var texts = new List<string>();
        foreach (var value in call.Flatten())
        {
            switch (value)
            {
                case TextValue text:
                    Add(text.Text);
                    break;
                case PlaceValue place:
                    foreach (var found in PathLookup.Find(call.Run, place.Path))
                    {
                        Add(found.Owner.GetString(found.Element.Tag) ?? "");
                    }

                    break;
            }
        }

        return texts;

        void Add(string text)
        {
            var trimmed = Trim(text);
            if (trimmed.Length > 0)
            {
                texts.Add(trimmed);
            }
        }
    }
}
