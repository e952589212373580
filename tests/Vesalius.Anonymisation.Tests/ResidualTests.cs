using System.Diagnostics;
using System.Text;
using Vesalius.Anonymisation.Profile;
using Vesalius.Anonymisation.Residual;
using Vesalius.Dicom;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Anonymisation.Tests;

/// <summary>The search for what a script left behind (R14).</summary>
public sealed class ResidualTests
{
    private static ResidualCheck Check()
    {
        var original = new DataSet();
        original.SetString(Tag.PatientName, "O'Brien^Zoë Ann");
        original.SetString(Tag.PatientID, "RJ1-234 567");
        original.SetString(Tag.PatientBirthDate, "19500207");
        original.SetString(Tag.AccessionNumber, "A99X");
        return new ResidualCheck(KnownIdentifiers.Of(original));
    }

    /// <summary>Known values, however they are written.</summary>
    [Theory]
    [InlineData("seen: Zoe O'Brien", "patient name")]
    [InlineData("OBRIEN,ZOE", "patient name")]
    [InlineData("mr_zoeobrien_01", "patient name")]
    [InlineData("zoeobrien", "patient name")]
    [InlineData("Z. O'Brien", "patient name")]
    [InlineData("Zoë", "patient name")]
    [InlineData("RJ1234567", "patient ID")]
    [InlineData("id rj1 234-567.", "patient ID")]
    [InlineData("born 7/2/1950", "birth date")]
    [InlineData("born 07 Feb 1950", "birth date")]
    [InlineData("1950-02-07", "birth date")]
    [InlineData("February 7, 1950", "birth date")]
    [InlineData("seen 10/02/1950", "date near the birth date")]
    [InlineData("acc A99X", "accession number")]
    [InlineData("943 476 5919", "NHS number")]
    [InlineData("nhs 9434765919", "NHS number")]
    [InlineData("lives SE1 7EH", "postcode")]
    [InlineData("W1A 1AA", "postcode")]
    [InlineData("ring 020 7188 7188", "telephone number")]
    [InlineData("+44 20 7188 7188", "telephone number")]
    [InlineData("(07700) 900123", "telephone number")]
    [InlineData("(020) 7188-7188", "telephone number")]
    [InlineData("jane.doe@nhs.net", "e-mail address")]
    public void Finds_what_identifies(string text, string kind)
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.ImageComments, text);
        Assert.Contains(Check().Find(dataSet), f => f.Kind == kind && f.Path == "(0020,4000)");
    }

    /// <summary>What only looks so.</summary>
    [Theory]
    [InlineData("t1 sagittal zoebrienish")]
    [InlineData("9434765918")]
    [InlineData("TE 90 TR 4500 FOV 250")]
    [InlineData("1.2.840.10008.5.1.4.1.1.2")]
    [InlineData("RJ12345678")]
    [InlineData("A99XY")]
    [InlineData("annular scan")]
    [InlineData("mail @ noon")]
    [InlineData("20200101")]
    [InlineData("T2 3DE")]
    [InlineData("9434/76/59 19:31")]
    public void Passes_over_what_does_not(string text)
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.ImageComments, text);
        Assert.Empty(Check().Find(dataSet));
    }

    /// <summary>Private, unknown, nested, in any character set and in UTF-16.</summary>
    [Fact]
    public void Looks_everywhere_and_blanks_what_it_finds()
    {
        var dataSet = new DataSet();
        dataSet.SetString(new Tag(0x00291008), "O'Brien^Zoe", Vr.LO);
        dataSet.Set(new ValueElement(new Tag(0x00291009), Vr.UN, "xx O'BRIEN ZOE yy"u8.ToArray()));
        dataSet.Set(new ValueElement(new Tag(0x0029100A), Vr.OB, Encoding.Unicode.GetBytes("O'Brien, Zoe")));
        var item = new DataSet();
        item.SetString(Tag.StudyDescription, "for Zoe O'Brien");
        dataSet.Set(new SequenceElement(Tag.ReferencedImageSequence, [new DataSet(), item]));
        var findings = Check().Find(dataSet, blank: true);
        Assert.Equal(["(0008,1140)[1]/(0008,1030)", "(0029,1008)", "(0029,1009)", "(0029,100A)"], findings.Select(f => f.Path).Distinct().Order(StringComparer.Ordinal));
        Assert.Empty(Check().Find(dataSet));
        Assert.Equal("", item.GetString(Tag.StudyDescription));
    }

    /// <summary>Hospital, device and day of the study are looked for in texts, unless the script lets them stay in their own attributes.</summary>
    [Theory]
    [InlineData("scanned at ST ALDHELMS INFIRMARY", "institution")]
    [InlineData("probe SN0012345", "device")]
    [InlineData("MR of 3 Mar 2021", "study date")]
    public void Finds_hospital_device_and_day_where_they_were_to_go(string text, string kind)
    {
        var original = new DataSet();
        original.SetString(Tag.InstitutionName, "St Aldhelm's Infirmary");
        original.SetString(Tag.DeviceSerialNumber, "SN0012345");
        original.SetString(Tag.StudyDate, "20210303");
        var check = new ResidualCheck(KnownIdentifiers.Of(original).Without(["S1_20210303"]));
        var dataSet = new DataSet();
        dataSet.SetString(Tag.SeriesDescription, text);
        // Not the project's own label, and not a shifted date that falls on the day.
        dataSet.SetString(Tag.AccessionNumber, "S1_20210303");
        dataSet.SetString(Tag.AcquisitionDateTime, "20210303101500");
        Assert.Equal([("(0008,103E)", kind)], check.Find(dataSet).Select(f => (f.Path, f.Kind)));
        foreach (var element in original)
        {
            dataSet.Set(element);
        }

        Assert.Empty(check.Find(dataSet));
    }

    /// <summary>A family name of several words with an initial, as in names of accounts.</summary>
    [Theory]
    [InlineData("fdelacruz")]
    [InlineData("delacruz_f")]
    [InlineData("F. de la Cruz")]
    public void Family_names_of_several_words_are_found_with_an_initial(string text)
    {
        var original = new DataSet();
        original.SetString(Tag.PatientName, "de la Cruz^Ferdinand");
        var dataSet = new DataSet();
        dataSet.SetString(Tag.ImageComments, text);
        Assert.Contains(new ResidualCheck(KnownIdentifiers.Of(original)).Find(dataSet), f => f.Kind == "patient name");
    }

    /// <summary>Labels of the project are no findings.</summary>
    [Fact]
    public void Labels_are_left_out()
    {
        var original = new DataSet();
        original.SetString(Tag.PatientID, "TRIAL-0007");
        Assert.Equal(0, KnownIdentifiers.Of(original).Without(["trial_0007"]).Count);
    }

    /// <summary>What is kept encrypted comes back.</summary>
    [Fact]
    public void Identifiers_survive_being_put_away()
    {
        var original = new DataSet();
        original.SetString(Tag.PatientName, "山田^太郎");
        var known = KnownIdentifiers.Deserialize(KnownIdentifiers.Of(original).Serialize());
        var dataSet = new DataSet();
        dataSet.SetString(Tag.ImageComments, "患者 山田太郎");
        Assert.Contains(new ResidualCheck(known).Find(dataSet), f => f.Kind == "patient name");
    }

    /// <summary>More identifiers than can be looked for are not silently fewer.</summary>
    [Fact]
    public void Too_many_identifiers_are_admitted_and_survive_being_put_away()
    {
        var known = new KnownIdentifiers();
        for (var i = 0; i < KnownIdentifiers.MostValues + 5; i++)
        {
            known.Add("patient ID", $"PID{i:D6}");
        }

        Assert.Equal(KnownIdentifiers.MostValues, known.Count);
        Assert.True(known.IsOverfull);
        Assert.True(KnownIdentifiers.Deserialize(known.Serialize()).IsOverfull);
        var sum = new KnownIdentifiers();
        sum.Add(known);
        Assert.True(sum.Without(["X"]).IsOverfull);
    }

    /// <summary>A value that is a label of the project and nothing else is no finding, even where it holds an identifier.</summary>
    [Fact]
    public void Label_that_holds_an_identifier_is_passed_over_only_where_it_stands_alone()
    {
        var known = new KnownIdentifiers();
        known.Add("patient ID", "0042");
        var check = new ResidualCheck(known, ["TRIAL-0042"]);
        var dataSet = new DataSet();
        dataSet.SetString(Tag.PatientID, "TRIAL_0042");
        Assert.Empty(check.Find(dataSet));
        dataSet.SetString(Tag.ImageComments, "TRIAL 0042 and more");
        Assert.Equal("(0020,4000)", Assert.Single(check.Find(dataSet)).Path);
    }

    /// <summary>UIDs and file meta information stay when the rest is emptied, and the finding says so.</summary>
    [Fact]
    public void UIDs_are_found_and_not_emptied()
    {
        var known = new KnownIdentifiers();
        known.Add("patient ID", "70614425");
        var dataSet = new DataSet();
        dataSet.SetString(Tag.SOPInstanceUID, "1.3.6.1.4.1.99999.70614425.1");
        dataSet.SetString(Tag.ImageComments, "70614425");
        var findings = new ResidualCheck(known).Find(dataSet, blank: true);
        Assert.Equal([("(0008,0018)", false), ("(0020,4000)", true)], findings.Select(f => (f.Path, f.IsBlanked)));
        Assert.Equal("1.3.6.1.4.1.99999.70614425.1", dataSet.GetString(Tag.SOPInstanceUID));
    }
}
