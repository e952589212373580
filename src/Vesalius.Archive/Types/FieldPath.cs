using System.Globalization;

namespace Vesalius.Archive.Types;

/// <summary>A step of a path: a name and what chooses among several.</summary>
/// <param name="Name">Name of an element or attribute.</param>
/// <param name="Predicates">Attribute and value pairs, for example <c>name</c> and <c>cohort</c>.</param>
/// <param name="Index">Place from 0; null if none is given.</param>
public sealed record PathStep(string Name, IReadOnlyList<(string Name, string Value)> Predicates, int? Index);

/// <summary>A path as clients write it, for example <c>xnat:subjectData/fields/field[name=cohort]/field</c> (rest-api §1.9).</summary>
/// <param name="TypeName">Type in front, for example <c>xnat:subjectData</c>; null if there is none.</param>
/// <param name="Steps">Steps below the type.</param>
public sealed record FieldPath(string? TypeName, IReadOnlyList<PathStep> Steps)
{
    private const int LongestPath = 1000;

    /// <summary>Reads a path; null if it is none.</summary>
    public static FieldPath? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length is 0 or > LongestPath)
        {
            return null;
        }

        var steps = new List<PathStep>();
        var place = 0;
        while (place <= text.Length)
        {
            if (Step(text, ref place) is not { } step)
            {
                return null;
            }

            steps.Add(step);
            if (place == text.Length)
            {
                break;
            }

            // Step stops at a slash.
            place++;
        }

        var type = steps[0].Name.Contains(':', StringComparison.Ordinal) ? steps[0].Name : null;
        return steps.Exists(s => s.Name.Length == 0) || (type is not null && steps.Count == 1) ? null : new FieldPath(type, type is null ? steps : steps[1..]);
    }

    private static PathStep? Step(string text, ref int place)
    {
        var start = place;
        while (place < text.Length && text[place] is not ('/' or '['))
        {
            place++;
        }

        var name = text[start..place].TrimStart('@');
        var predicates = new List<(string, string)>();
        int? index = null;
        while (place < text.Length && text[place] == '[')
        {
            var end = Closing(text, place);
            if (end < 0)
            {
                return null;
            }

            foreach (var part in text[(place + 1)..end].Split(" and ", StringSplitOptions.TrimEntries))
            {
                var equals = part.IndexOf('=', StringComparison.Ordinal);
                if (equals > 0)
                {
                    predicates.Add((part[..equals].Trim().TrimStart('@'), Unquoted(part[(equals + 1)..].Trim())));
                }
                else if (int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                {
                    index = number;
                }
                else
                {
                    return null;
                }
            }

            place = end + 1;
        }

        return place < text.Length && text[place] != '/' ? null : new PathStep(name, predicates, index);
    }

    // The bracket that ends a predicate; one inside quotes does not.
    private static int Closing(string text, int open)
    {
        char? quote = null;
        for (var i = open + 1; i < text.Length; i++)
        {
            if (quote is null && text[i] is '\'' or '"' && text[i - 1] == '=')
            {
                quote = text[i];
            }
            else if (quote is not null && text[i] == quote)
            {
                quote = null;
            }
            else if (quote is null && text[i] == ']')
            {
                return i;
            }
        }

        return -1;
    }

    private static string Unquoted(string text) => text.Length >= 2 && text[0] is '\'' or '"' && text[^1] == text[0] ? text[1..^1] : text;
}
