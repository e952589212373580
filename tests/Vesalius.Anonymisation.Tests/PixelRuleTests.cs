using FsCheck;
using FsCheck.Fluent;
using Vesalius.Anonymisation.Pixels;
using Vesalius.Dicom;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Anonymisation.Tests;

/// <summary>Rule lists: what they say, and what is wrong in them (R15).</summary>
public sealed class PixelRuleTests
{
    private static DataSet Object(string modality, int rows = 480, int columns = 640, string manufacturer = "ACME Medical", string series = "", string imageType = "ORIGINAL\\PRIMARY")
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.Modality, modality);
        dataSet.SetString(Tag.Rows, rows.ToString());
        dataSet.SetString(Tag.Columns, columns.ToString());
        dataSet.SetString(Tag.Manufacturer, manufacturer);
        dataSet.SetString(Tag.SeriesDescription, series);
        dataSet.SetString(Tag.ImageType, imageType);
        return dataSet;
    }

    /// <summary>Conditions of a line all hold; lines are alternatives; <c>unless</c> takes out.</summary>
    [Theory]
    [InlineData("when modality = \"us\" and manufacturer contains \"acme\"", true)]
    [InlineData("when modality = \"US\" and manufacturer contains \"other\"", false)]
    [InlineData("when modality = \"CT\"\nwhen rows = 480", true)]
    [InlineData("when rows = 480\nunless columns >= 640", false)]
    [InlineData("when (0028,0010) < 481 and Columns > 639.5", true)]
    [InlineData("when imageType = \"PRIMARY\"", true)]
    [InlineData("when manufacturer matches \"^acme\\b\"", true)]
    [InlineData("when PatientName missing", true)]
    [InlineData("when StudyID = \"1\"", false)]
    [InlineData("when StudyID != \"1\"", true)]
    public void Condition_fits_as_it_reads(string conditions, bool fits)
    {
        var decision = PixelRuleList.Parse($"rule \"r\"\n{conditions}\nreject").Decide(Object("US"));
        Assert.Equal(fits ? PixelAction.Reject : PixelAction.None, decision.Action);
    }

    /// <summary>What blanks adds up; the first that rejects, quarantines or passes decides.</summary>
    [Fact]
    public void Blanks_add_up_and_the_first_other_action_decides()
    {
        var list = PixelRuleList.Parse(
            """
            rule "top"        # a comment
              when modality = "US"
              blank 0,0,640,40
            rule "left"
              when modality = "US"
              blank 0,0,50,480 frames 2-3
              blank all frames 9
            rule "late"
              when seriesDescription contains "report"
              quarantine
            """);
        var decision = list.Decide(Object("US"));
        Assert.Equal((PixelAction.Blank, "top"), (decision.Action, decision.Rule));
        Assert.Equal([new BlankedArea(new PixelRectangle(0, 0, 640, 40)), new BlankedArea(new PixelRectangle(0, 0, 50, 480), 1, 2)], decision.Areas.Take(2));
        Assert.Equal(8, decision.Areas[2].FirstFrame);
        Assert.Equal(PixelAction.Quarantine, list.Decide(Object("US", series: "Dose Report")).Action);
    }

    /// <summary>What is kept is cut out of the whole, and nothing else is.</summary>
    [Fact]
    public void Keep_blanks_exactly_what_is_outside()
    {
        var list = PixelRuleList.Parse("rule \"k\"\nwhen modality = \"US\"\nkeep 10,10,20,20\nkeep 15,15,30,25");
        var areas = list.Decide(Object("US", rows: 40, columns: 50)).Areas;
        for (var y = 0; y < 40; y++)
        {
            for (var x = 0; x < 50; x++)
            {
                var kept = (x is >= 10 and < 20 && y is >= 10 and < 20) || (x is >= 15 and < 30 && y is >= 15 and < 25);
                var blank = areas.Any(a => x >= a.Rectangle.Left && x < a.Rectangle.Right && y >= a.Rectangle.Top && y < a.Rectangle.Bottom);
                Assert.True(kept != blank, $"{x},{y}");
            }
        }
    }

    /// <summary>Errors name the place.</summary>
    [Theory]
    [InlineData("blank 0,0,1,1", 1, 1)]
    [InlineData("rule x", 1, 6)]
    [InlineData("rule \"x\"\nwhen modality ~ \"US\"", 2, 15)]
    [InlineData("rule \"x\"\nwhen modality = US", 2, 17)]
    [InlineData("rule \"x\"\nwhen rows < \"many\"", 2, 13)]
    [InlineData("rule \"x\"\nwhen rows = 1\nblank 1,2,3", 3, 7)]
    [InlineData("rule \"x\"\nwhen rows = 1\nblank 5,0,5,9", 3, 7)]
    [InlineData("rule \"x\"\nwhen rows = 1\nreject now", 3, 8)]
    [InlineData("rule \"x\"\nwhen rows = 1\nreject\nblank all", 4, 1)]
    [InlineData("rule \"x\"\nreject", 1, 1)]
    [InlineData("rule \"x\"\nwhen modality = \"US", 2, 17)]
    [InlineData("rule \"x\"\nwhen modality matches \"(\"", 2, 23)]
    public void Error_names_line_and_column(string text, int line, int column)
    {
        var error = Assert.Throws<PixelRuleException>(() => PixelRuleList.Parse(text));
        Assert.Equal((line, column), (error.Line, error.Column));
    }

    /// <summary>Any text is a list or an error with a place.</summary>
    [Fact]
    public void Any_text_is_a_list_or_an_error()
    {
        var words = new[] { "rule", "when", "unless", "blank", "keep", "reject", "\"x\"", "rows", "=", "and", "1,2,3,4", "all", "frames", "1-2", "\n", "\"", "#", "(0010,0010)", "contains" };
        Prop.ForAll(Gen.Elements(words).ListOf().Select(w => string.Join(' ', w)).ToArbitrary(), text =>
        {
            try
            {
                PixelRuleList.Parse(text);
            }
            catch (PixelRuleException e)
            {
                Assert.True(e.Line >= 1 && e.Column >= 1);
            }
        }).QuickCheckThrowOnFailure();
    }

    /// <summary>The list that is shipped knows dose pages and screenshots, and leaves slices alone.</summary>
    [Fact]
    public async Task Shipped_list_tells_pages_from_slices()
    {
        var list = PixelRuleList.Parse(PixelRuleList.DefaultText);
        Assert.Equal(PixelAction.Reject, list.Decide(Object("CT", series: "Dose Report")).Action);
        Assert.Equal(PixelAction.Quarantine, list.Decide(Object("MR", imageType: "DERIVED\\SECONDARY\\OTHER\\CSA REPORT\\")).Action);
        Assert.Equal(PixelAction.None, list.Decide(Object("CT", series: "Thorax 1.0 B30f")).Action);
        Assert.Equal(PixelAction.Blank, list.Decide(Object("US")).Action);
        foreach (var path in Directory.EnumerateFiles(SharedData.Require("data", "dicom", "studies", "ct-head-phantom-philips"), "*", SearchOption.AllDirectories))
        {
            var header = (await Part10File.ReadHeaderAsync(path, cancellationToken: TestContext.Current.CancellationToken)).DataSet;
            var isPage = (header.GetString(Tag.SeriesDescription) ?? "").Contains("Summary", StringComparison.OrdinalIgnoreCase);
            Assert.Equal(isPage ? PixelAction.Reject : PixelAction.None, list.Decide(header).Action);
        }
    }
}
