namespace Vesalius.Anonymisation.Language;

/// <summary>Reads paths (§4).</summary>
internal static class PathParser
{
    private const int MostSteps = 64;

    public static bool StartsPath(Scanner scanner) => scanner.Current == '(' || scanner.Current is '*' or '+' or '.';

    public static TagPath Parse(Scanner scanner, bool byNumber = false)
    {
        var steps = new List<PathStep>();
        while (true)
        {
            if (steps.Count >= MostSteps)
            {
                throw new ScriptException(scanner.Position, $"a path has more than {MostSteps} steps.");
            }

            scanner.SkipBlanks();
            var wildcard = scanner.Current switch
            {
                '*' => LevelWildcard.Any,
                '+' => LevelWildcard.Deeper,
                '.' => LevelWildcard.One,
                _ => LevelWildcard.None,
            };
            if (wildcard != LevelWildcard.None)
            {
                scanner.Index++;
                steps.Add(new PathStep(wildcard, null, null, false));
                scanner.SkipBlanks();
                scanner.Take("/");
                continue;
            }

            if (scanner.Current != '(')
            {
                throw scanner.Expected("a tag such as (0010,0010)");
            }

            var tag = scanner.Tag(byNumber);
            var step = new PathStep(LevelWildcard.None, tag, null, false);
            var afterTag = scanner.Index;
            scanner.SkipBlanks();
            if (scanner.TryTake("["))
            {
                scanner.SkipBlanks();
                step = step with { Item = scanner.ItemNumber(), NamesItems = true };
                scanner.SkipBlanks();
                scanner.Take("]");
                afterTag = scanner.Index;
                scanner.SkipBlanks();
            }

            steps.Add(step);
            if (!scanner.TryTake("/"))
            {
                scanner.Index = afterTag;
                return new TagPath(steps);
            }
        }
    }

    /// <summary>Reads a text that holds nothing but a path.</summary>
    /// <exception cref="ScriptException">It does not; the place is one within the text.</exception>
    public static TagPath ParseWhole(string text, bool byNumber)
    {
        var scanner = new Scanner(new ScriptText(text));
        scanner.SkipLines();
        var path = Parse(scanner, byNumber);
        scanner.SkipLines();
        return scanner.AtEnd ? path : throw scanner.Expected("the end of the path");
    }
}
