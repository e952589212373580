using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Vesalius.Anonymisation.Evaluation;

/// <summary>Regular expressions of one script, translated from Java's form once.</summary>
internal sealed class PatternCache
{
    private const int MostPatterns = 1000;
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<(string, bool), Regex> _patterns = new();

    public bool FitsWhole(string text, string pattern)
    {
        try
        {
            return Get(pattern, whole: true).IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            throw new EvaluationException("the regular expression took longer than one second.");
        }
    }

    public Match Search(string text, string pattern)
    {
        try
        {
            return Get(pattern, whole: false).Match(text);
        }
        catch (RegexMatchTimeoutException)
        {
            throw new EvaluationException("the regular expression took longer than one second.");
        }
    }

    private Regex Get(string pattern, bool whole)
    {
        if (_patterns.TryGetValue((pattern, whole), out var known))
        {
            return known;
        }

        var made = Make(pattern, whole);

        // Patterns that come from values could otherwise grow without end.
        if (_patterns.Count < MostPatterns)
        {
            _patterns.TryAdd((pattern, whole), made);
        }

        return made;
    }

    private static Regex Make(string pattern, bool whole)
    {
        var translated = JavaPattern.Translate(pattern);
        try
        {
            return new Regex(whole ? $@"\A(?:{translated})\z" : translated, RegexOptions.CultureInvariant, TimeLimit);
        }
        catch (ArgumentException)
        {
            throw new EvaluationException("the regular expression is not valid.");
        }
    }

    /// <summary>What is wrong with a pattern; null if nothing.</summary>
    public static string? Fault(string pattern)
    {
        try
        {
            Make(pattern, whole: true);
            return null;
        }
        catch (EvaluationException e)
        {
            return e.Message;
        }
    }
}
