using System.Text.RegularExpressions;
using Xunit;

namespace Vesalius.House.Tests;

/// <summary>Names say their content (guide: no Manager, Helper, Utils).</summary>
public sealed partial class NamingTests
{
    /// <summary>Every type of the product.</summary>
    [Fact]
    public void No_type_is_named_by_a_word_that_says_nothing()
    {
        var offenders = House.CSharpFiles("src")
            .SelectMany(file => TypeDeclaration().Matches(File.ReadAllText(file)).Select(m => (file, name: m.Groups[1].Value)))
            .Where(t => EmptyWord().IsMatch(t.name))
            .Select(t => $"{Path.GetFileName(t.file)}: {t.name}");
        Assert.Empty(offenders);
    }

    /// <summary>No file of the product asks for later work.</summary>
    [Fact]
    public void No_source_file_puts_work_off()
    {
        var offenders = House.CSharpFiles("src").Where(f => PutOff().IsMatch(File.ReadAllText(f))).Select(Path.GetFileName);
        Assert.Empty(offenders);
    }

    [GeneratedRegex(@"^\s*(?:public|internal|private|protected)?[\w\s]*\b(?:class|record|struct|interface|enum)\s+(?:struct\s+)?(\w+)", RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex("(Manager|Helper|Helpers|Utils|Util|Utility)$")]
    private static partial Regex EmptyWord();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK):?\b")]
    private static partial Regex PutOff();
}
