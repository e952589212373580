using Vesalius.Anonymisation.Profile;
using Vesalius.Dicom;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Anonymisation.Tests;

/// <summary>The standard's profile as scripts (R12).</summary>
public sealed class ProfileTests
{
    private static ScriptContext Context(DataSet? meta = null) => new()
    {
        Variables = new Dictionary<string, string> { ["project"] = "P", ["subject"] = "S1", ["session"] = "S1_MR1", ["dateShift"] = "-73" },
        SiteKey = new byte[32],
        FileMeta = meta,
    };

    private static DataSet Apply(ProfileChoices choices, DataSet dataSet)
    {
        var script = DicomEditScript.CompileForSaving(ProfileScript.Make(choices).Text);
        Assert.Equal(ScriptOutcome.Edited, script.Apply(dataSet, Context(), TestContext.Current.CancellationToken).Outcome);
        return dataSet;
    }

    private static DataSet Sample()
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.SOPClassUID, Uids.MRImageStorage);
        dataSet.SetString(Tag.SOPInstanceUID, "1.2.3");
        dataSet.SetString(Tag.StudyInstanceUID, "1.2");
        dataSet.SetString(Tag.StudyDate, "20200229");
        dataSet.SetString(Tag.StudyTime, "101112");
        dataSet.SetString(Tag.AcquisitionDateTime, "20200229101112.5");
        dataSet.SetString(Tag.PatientName, "Doe^Jane");
        dataSet.SetString(Tag.PatientID, "P1");
        dataSet.SetString(Tag.PatientBirthDate, "19500101");
        dataSet.SetString(Tag.PatientAge, "070Y");
        dataSet.SetString(Tag.PatientSex, "F");
        dataSet.SetString(Tag.InstitutionName, "St Elsewhere");
        dataSet.SetString(Tag.DeviceSerialNumber, "D1");
        dataSet.SetString(Tag.SeriesDescription, "t1 sag");
        dataSet.SetString(Tag.ImageComments, "seen by Dr Who");
        dataSet.SetString(new Tag(0x60003000), "xx", Vr.OW);
        dataSet.SetString(new Tag(0x60223000), "xx", Vr.OW);
        dataSet.SetString(new Tag(0x50003000), "xx", Vr.OW);
        dataSet.SetString(new Tag(0x00290010), "ACME", Vr.LO);
        dataSet.SetString(new Tag(0x00291008), "Doe", Vr.LO);
        dataSet.SetString(new Tag(0x00E10010), "ELSCINT1", Vr.LO);
        dataSet.SetString(new Tag(0x00E11021), "12", Vr.DS);
        var item = new DataSet();
        item.SetString(Tag.ReferencedSOPInstanceUID, "1.2.3");
        item.SetString(Tag.StudyDate, "20200301");
        item.SetString(Tag.PatientID, "P1");
        dataSet.Set(new SequenceElement(Tag.ReferencedImageSequence, [item]));
        return dataSet;
    }

    /// <summary>Attributes of images come into images only.</summary>
    [Fact]
    public void Cleaned_pixels_are_recorded_where_there_are_pixels()
    {
        var choices = new ProfileChoices { Options = ["cleanPixelData", "cleanRecognizableVisualFeatures"] };
        var image = Sample();
        image.SetString(Tag.Rows, "8", Vr.US);
        Apply(choices, image);
        Assert.Equal(("NO", "NO"), (image.GetString(Tag.BurnedInAnnotation), image.GetString(Tag.RecognizableVisualFeatures)));
        var other = Apply(choices, Sample());
        Assert.False(other.Contains(Tag.BurnedInAnnotation) || other.Contains(Tag.RecognizableVisualFeatures));
    }

    /// <summary>Every option, and all at once that do not exclude each other, give a script that can be kept, without warnings.</summary>
    [Fact]
    public void Every_choice_gives_a_script_that_can_be_kept()
    {
        var choices = ProfileOption.All.Select(o => new ProfileChoices { Options = [o.Name] })
            .Concat(ProfileChoices.Templates.Values)
            .Append(new ProfileChoices { Options = [.. ProfileOption.All.Select(o => o.Name).Where(n => n != "retainFullDates")], UidRoot = "1.2.826.0.1", Documents = DocumentRule.Strip });
        foreach (var choice in choices)
        {
            Assert.Empty(DicomEditScript.CompileForSaving(ProfileScript.Make(choice).Text).Warnings);
        }
    }

    /// <summary>The basic profile.</summary>
    [Fact]
    public void Basic_profile_removes_empties_and_replaces_at_every_level()
    {
        var dataSet = Apply(new ProfileChoices(), Sample());
        Assert.Equal("S1", dataSet.GetString(Tag.PatientName));
        Assert.Equal("", dataSet.GetString(Tag.PatientBirthDate));
        Assert.False(dataSet.Contains(Tag.PatientAge));
        Assert.Equal("", dataSet.GetString(Tag.PatientSex));
        Assert.Equal("", dataSet.GetString(Tag.StudyDate));
        Assert.Equal("REMOVED", dataSet.GetString(Tag.InstitutionName));
        Assert.False(dataSet.Contains(Tag.SeriesDescription));
        Assert.DoesNotContain(dataSet, e => e.Tag.IsPrivate || e.Tag.Group is 0x6000 or 0x6022 or 0x5000);
        var item = dataSet.GetSequence(Tag.ReferencedImageSequence)!.Items[0];
        Assert.Equal(dataSet.GetString(Tag.SOPInstanceUID), item.GetString(Tag.ReferencedSOPInstanceUID));
        Assert.StartsWith("2.25.", dataSet.GetString(Tag.SOPInstanceUID), StringComparison.Ordinal);
        Assert.Equal("S1", item.GetString(Tag.PatientID));
        Assert.Equal("REMOVED", dataSet.GetString(new Tag(0x00280303)));
        Assert.Equal("YES", dataSet.GetString(Tag.PatientIdentityRemoved));
        Assert.Equal(["113100"], dataSet.GetSequence(Tag.DeidentificationMethodCodeSequence)!.Items.Select(i => i.GetString(Tag.CodeValue)!));
    }

    /// <summary>Guy's choices.</summary>
    [Fact]
    public void Template_keeps_the_patient_s_characteristics_and_intervals()
    {
        var dataSet = Apply(ProfileChoices.Templates["guys"], Sample());
        Assert.Equal("070Y", dataSet.GetString(Tag.PatientAge));
        Assert.Equal("F", dataSet.GetString(Tag.PatientSex));
        Assert.Equal("20191218", dataSet.GetString(Tag.StudyDate));
        Assert.Equal("101112", dataSet.GetString(Tag.StudyTime));
        Assert.Equal("20191218101112.5", dataSet.GetString(Tag.AcquisitionDateTime));
        Assert.Equal("20191219", dataSet.GetSequence(Tag.ReferencedImageSequence)!.Items[0].GetString(Tag.StudyDate));
        Assert.Equal("t1 sag", dataSet.GetString(Tag.SeriesDescription));
        Assert.False(dataSet.Contains(Tag.ImageComments));
        Assert.Equal("MODIFIED", dataSet.GetString(new Tag(0x00280303)));
    }

    /// <summary>Options that keep.</summary>
    [Theory]
    [InlineData("retainFullDates", "00080020", "20200229")]
    [InlineData("retainUids", "00080018", "1.2.3")]
    [InlineData("retainDeviceIdentity", "00181000", "D1")]
    [InlineData("retainInstitutionIdentity", "00080080", "St Elsewhere")]
    [InlineData("retainSafePrivate", "00E11021", "12")]
    [InlineData("cleanGraphics", "60003000", "xx")]
    public void Option_keeps_what_it_names(string option, string tag, string expected)
    {
        Assert.True(Tag.TryParse(tag, out var kept));
        var dataSet = Apply(new ProfileChoices { Options = [option] }, Sample());
        Assert.Equal(expected, dataSet.GetString(kept));
        Assert.False(dataSet.Contains(new Tag(0x00291008)));
    }

    /// <summary>Reports and documents.</summary>
    [Theory]
    [InlineData(Uids.BasicTextSRStorage)]
    [InlineData(Uids.EncapsulatedPDFStorage)]
    [InlineData(Uids.MediaStorageDirectoryStorage)]
    public void Documents_are_refused_unless_asked_otherwise(string sopClass)
    {
        var dataSet = Sample();
        dataSet.SetString(Tag.SOPClassUID, sopClass);
        Assert.Equal(ScriptOutcome.Rejected, DicomEditScript.Compile(ProfileScript.Make(new ProfileChoices()).Text).Apply(dataSet, Context(), TestContext.Current.CancellationToken).Outcome);
    }

    /// <summary>What cannot be made is said.</summary>
    [Fact]
    public void Impossible_choices_are_named()
    {
        Assert.Throws<ArgumentException>(() => ProfileScript.Make(new ProfileChoices { Options = ["retainFullDates", "retainModifiedDates"] }));
        Assert.Throws<ArgumentException>(() => ProfileScript.Make(new ProfileChoices { Options = ["nonsense"] }));
        Assert.Throws<ArgumentException>(() => ProfileScript.Make(new ProfileChoices { KeptDescriptors = ["PatientName"] }));
        Assert.Throws<ArgumentException>(() => ProfileScript.Make(new ProfileChoices { UidRoot = "1.02\"]" }));
    }

    /// <summary>The shift.</summary>
    [Fact]
    public void Shift_is_constant_per_subject_and_never_small()
    {
        var key = new byte[32];
        var days = Enumerable.Range(0, 1000).Select(i => DateShift.Days(key, "P", $"S{i}")).ToList();
        Assert.All(days, d => Assert.InRange(Math.Abs(d), 30, 365));
        Assert.True(days.Distinct().Count() > 300);
        Assert.Equal(days[7], DateShift.Days(key, "P", "S7"));
        Assert.NotEqual(DateShift.Days(key, "P", "S7"), DateShift.Days([1, 2, 3], "P", "S7"));
    }

    /// <summary>The whole profile and the hospital's script, over every readable file there is.</summary>
    [Theory]
    [InlineData("profile")]
    [InlineData("hospital")]
    public async Task Runs_over_every_readable_file(string which)
    {
        var text = which == "profile" ? ProfileScript.Make(ProfileChoices.Templates["guys"]).Text
            : await File.ReadAllTextAsync(Path.Combine(SharedData.Require("fixtures", "dicomedit", "079-hospital-project-script"), "script.das"), TestContext.Current.CancellationToken);
        var script = DicomEditScript.Compile(text);
        var run = 0;
        var failed = new List<string>();
        foreach (var path in Directory.EnumerateFiles(SharedData.Require("data", "dicom"), "*", SearchOption.AllDirectories))
        {
            Part10File file;
            try
            {
                file = await Part10File.OpenAsync(path, cancellationToken: TestContext.Current.CancellationToken);
            }
            catch (MalformedDicomException)
            {
                continue;
            }

            try
            {
                script.Apply(file.DataSet, Context(file.FileMeta) with { SkipsMissingDates = true }, TestContext.Current.CancellationToken);
                await file.Encode().CopyToAsync(Stream.Null, TestContext.Current.CancellationToken);
                run++;
            }
            catch (ScriptRunException e)
            {
                failed.Add($"{Path.GetFileName(path)}: {e.Message}");
            }
        }

        TestContext.Current.SendDiagnosticMessage($"{which}: {run} run, {failed.Count} failed: {string.Join(" | ", failed.Take(12))}");
        Assert.True(run > 50);
        // Dates that are none may not pass (§7.2): they, and nothing else, fail.
        Assert.All(failed, f => Assert.Contains("date", f, StringComparison.Ordinal));
        Assert.True(failed.Count < 10);
    }
}
