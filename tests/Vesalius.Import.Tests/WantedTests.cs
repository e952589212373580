using FsCheck;
using FsCheck.Fluent;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Import.Tests;

/// <summary>What may enter: series filters (R7) and the form of opt-out identifiers (R8).</summary>
public sealed class WantedTests
{
    /// <summary>What a query's answer does not show may be anything, so only what is certain is left out.</summary>
    [Theory]
    [InlineData("blacklist", "dose", "Dose Report", true)]
    [InlineData("blacklist", "dose", "T1", false)]
    [InlineData("blacklist", "dose", "", false)]
    [InlineData("blacklist", "[SOPClassUID]\n66", "T1", false)]
    [InlineData("blacklist", "[ProtocolName]\n!EXISTS", "T1", false)]
    [InlineData("whitelist", "T1", "T1", false)]
    [InlineData("whitelist", "T1", "T2", true)]
    [InlineData("whitelist", "T1", "", false)]
    [InlineData("whitelist", "T1\n[SOPClassUID]\n66", "T2", false)]
    public void Filter_excludes_by_part_of_a_header_only_what_is_certain(string mode, string text, string description, bool excludes)
    {
        var part = new DataSet();
        part.SetString(Tag.SeriesDescription, description);
        part.SetString(Tag.Modality, "MR");
        Assert.Equal(excludes, SeriesFilter.Parse(mode, text).Filter!.Excludes(part));
    }

    private static DataSet Header(string? description = "Dose Report", string modality = "CT", string sopClass = "1.2.840.10008.5.1.4.1.1.88.67")
    {
        var header = new DataSet();
        header.SetString(Tag.Modality, modality);
        header.SetString(Tag.SOPClassUID, sopClass);
        header.SetString(Tag.ImageType, "DERIVED\\SECONDARY\\SCREEN SAVE");
        if (description is not null)
        {
            header.SetString(Tag.SeriesDescription, description);
        }

        return header;
    }

    /// <summary>Every form of a line, in both modes.</summary>
    [Theory]
    [InlineData("blacklist", "dose report", false)]
    [InlineData("blacklist", "^dose$", true)]
    [InlineData("blacklist", "# dose\n\nlocalizer", true)]
    [InlineData("deny", "[Modality]\n^(SR|OT)$\n[0008,0016]\n\\.88\\.67$", false)]
    [InlineData("blacklist", "[ImageType]\nSECONDARY\\\\SCREEN", false)]
    [InlineData("blacklist", "[(0010,4000)]\nEXISTS", true)]
    [InlineData("blacklist", "[(0010,4000)]\n!EXISTS", false)]
    [InlineData("blacklist", "[F215,1050]\nx", true)]
    [InlineData("blacklist", "", true)]
    [InlineData("whitelist", "[Modality]\n^CT$", true)]
    [InlineData("allow", "[Modality]\n^MR$", false)]
    public void Filter_admits_as_its_lines_say(string mode, string text, bool expected)
    {
        var (filter, fault) = SeriesFilter.Parse(mode, text);
        Assert.Null(fault);
        Assert.Equal(expected, filter!.Admits(Header()));
    }

    /// <summary>A missing description fits no expression.</summary>
    [Fact]
    public void Missing_attribute_fits_no_expression() => Assert.True(SeriesFilter.Parse("blacklist", ".*").Filter!.Admits(Header(description: null)));

    /// <summary>Mistakes name their line.</summary>
    [Theory]
    [InlineData("blacklist", "ok\n(", "Line 2")]
    [InlineData("modalityMap", "x", "mode")]
    [InlineData(null, "x", "mode")]
    [InlineData("whitelist", "# nothing", "whitelist")]
    public void Mistake_in_a_filter_is_told(string? mode, string text, string expected) =>
        Assert.Contains(expected, SeriesFilter.Parse(mode, text).Fault, StringComparison.OrdinalIgnoreCase);

    /// <summary>An expression that runs away neither drops nor lets in.</summary>
    [Fact]
    public void Expression_that_runs_away_refuses_the_object() =>
        Assert.Throws<MalformedDicomException>(() => SeriesFilter.Parse("blacklist", "(a+)+$").Filter!.Admits(Header(new string('a', 60) + "!")));

    /// <summary>No text breaks the parser.</summary>
    [Fact]
    public void Any_text_is_a_filter_or_a_fault() => Prop.ForAll<string>(text =>
    {
        var (filter, fault) = SeriesFilter.Parse("blacklist", text);
        return filter is null != fault is null;
    }).QuickCheckThrowOnFailure();

    /// <summary>Spellings of one identifier meet.</summary>
    [Theory]
    [InlineData("943 476 5919", "9434765919")]
    [InlineData("943-476-5919 ", "9434765919")]
    [InlineData("0012345", "12345")]
    [InlineData(" rj1 00-77/x", "RJ10077X")]
    [InlineData("ＡＢ１２", "AB12")]
    [InlineData("000", null)]
    [InlineData("a", null)]
    [InlineData(null, null)]
    public void Identifier_is_normalised(string? text, string? expected) => Assert.Equal(expected, OptOutIdentifier.Normalise(text));

    /// <summary>Check digits.</summary>
    [Theory]
    [InlineData("943 476 5919", true)]
    [InlineData("9434765918", false)]
    [InlineData("401 023 2137", true)]
    [InlineData("123456789", false)]
    [InlineData("12345678AB", false)]
    public void NHS_number_has_a_right_check_digit(string text, bool expected) => Assert.Equal(expected, OptOutIdentifier.IsNhsNumber(text));

    /// <summary>Normalising twice changes nothing.</summary>
    [Fact]
    public void Normalised_identifier_stays_as_it_is() => Prop.ForAll<string>(text =>
        OptOutIdentifier.Normalise(text) is not { } once || OptOutIdentifier.Normalise(once) == once).QuickCheckThrowOnFailure();

    /// <summary>All identifiers of a header count.</summary>
    [Fact]
    public void Other_patient_IDs_count_too()
    {
        var header = Header();
        header.SetString(Tag.PatientID, "MRN 1");
        header.SetString(new Tag(0x0010_1000), "0222\\X-33", Vr.LO);
        var item = new DataSet();
        item.SetString(Tag.PatientID, "943 476 5919");
        header.Set(new SequenceElement(Tag.OtherPatientIDsSequence, [item]));
        Assert.Equal(["222", "9434765919", "MRN1", "X33"], OptOutIdentifier.Of(header).Order(StringComparer.Ordinal));
    }
}
