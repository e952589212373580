using FsCheck;
using FsCheck.Fluent;
using Vesalius.Anonymisation.Profile;
using Vesalius.Dicom;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Anonymisation.Tests;

/// <summary>What must hold of every script of a sort and every object (issue 3).</summary>
public sealed class EditingPropertyTests
{
    private static readonly Tag[] Tags =
    [
        Tag.PatientName, Tag.PatientID, Tag.StudyDescription, Tag.SeriesDescription, Tag.ImageComments, Tag.InstitutionName, Tag.AccessionNumber, Tag.CodeValue, Tag.CodeMeaning,
        new(0x00290010), new(0x00291001), new(0x00291002), new(0x60000022),
    ];

    private static readonly Tag[] Public = [.. Tags.Where(t => !t.IsPrivate)];

    private static readonly Tag[] Sequences = [Tag.ReferencedImageSequence, Tag.RequestAttributesSequence, Tag.ProcedureCodeSequence];

    private static ScriptContext Context => new()
    {
        Variables = new Dictionary<string, string> { ["project"] = "P", ["subject"] = "S", ["session"] = "T", ["dateShift"] = "-73" },
        SiteKey = new byte[32],
    };

    // Objects as they come from a file, so that every element has bytes of its own.
    private static Gen<byte[]> Objects =>
        from explicitVr in Gen.Elements(true, false)
        from root in Level(2)
        select DataSetWriter.Encode(root, explicitVr ? DicomEncoding.ExplicitLittleEndian : DicomEncoding.ImplicitLittleEndian).ToArray().Prepend((byte)(explicitVr ? 1 : 0)).ToArray();

    private static Gen<DataSet> Level(int depth) =>
        from values in Gen.Elements(Tags).Zip(Gen.Elements("", "a", "Doe^Jane", "1.2.3", "text with blanks ", "0123456789")).ListOf()
        from nested in depth == 0 ? Gen.Constant(new List<(Tag, List<DataSet>)>()) : Gen.Elements(Sequences).Zip(Level(depth - 1).ListOf(3).Select(l => l.ToList())).ListOf(2).Select(l => l.ToList())
        select Make(values, nested);

    private static DataSet Make(IEnumerable<(Tag Tag, string Text)> values, IEnumerable<(Tag Tag, List<DataSet> Items)> nested)
    {
        var dataSet = new DataSet();
        foreach (var (tag, text) in values)
        {
            dataSet.SetString(tag, text, tag.IsPrivate ? Vr.LO : null);
        }

        foreach (var (tag, items) in nested)
        {
            dataSet.Set(new SequenceElement(tag, items.Select(Copy)));
        }

        return dataSet;
    }

    private static DataSet Copy(DataSet dataSet)
    {
        var copy = new DataSet();
        foreach (var element in dataSet)
        {
            copy.Set(element is SequenceElement sequence ? new SequenceElement(sequence.Tag, sequence.Items.Select(Copy)) : element);
        }

        return copy;
    }

    private static (DataSet DataSet, DicomEncoding Encoding) Read(byte[] bytes)
    {
        var encoding = bytes[0] == 1 ? DicomEncoding.ExplicitLittleEndian : DicomEncoding.ImplicitLittleEndian;
        return (DataSetReader.Read(bytes.AsMemory(1), encoding, ReadOptions.Default, []), encoding);
    }

    private static Gen<string> Deletions =>
        from lines in Gen.OneOf(
            Gen.Elements(Public).Select(t => $"-{t}"), Gen.Elements(Public).Select(t => $"-*/{t}"), Gen.Elements(Public).Select(t => $"-+/{t}"), Gen.Elements(Sequences).Select(t => $"-{t}"),
            Gen.Elements(Sequences).Zip(Gen.Elements(Public)).Select(p => $"-{p.Item1}[%]/{p.Item2}"), Gen.Elements("-(0029,{a}01)", "-*/(0029,{1.2.3}XX)"), Gen.Elements("-(0008,XXXX)", "-(0010,00X@)", "removeAllPrivateTags", "delete[\"(0020,4000)\"]")).ListOf()
        select "version \"6.7\"\n" + string.Join('\n', lines);

    /// <summary>A script that only deletes has nothing left to do when it is applied again.</summary>
    [Fact]
    public void Deleting_twice_is_deleting_once() => Prop.ForAll(Objects.Zip(Deletions).ToArbitrary(), pair =>
    {
        var (dataSet, encoding) = Read(pair.Item1);
        var script = DicomEditScript.Compile(pair.Item2);
        script.Apply(dataSet, Context);
        var once = DataSetWriter.Encode(dataSet, encoding).ToArray();
        var again = DataSetReader.Read(once, encoding, ReadOptions.Default, []);
        script.Apply(again, Context);
        Assert.Equal(once, DataSetWriter.Encode(again, encoding).ToArray());
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(400));

    /// <summary>What a script does not name keeps its bytes, header and padding included, at every level.</summary>
    [Fact]
    public void Elements_that_are_not_edited_keep_their_bytes() => Prop.ForAll(Objects.Zip(Gen.Elements(Public)).ToArbitrary(), pair =>
    {
        var (dataSet, encoding) = Read(pair.Item1);
        var expected = Read(pair.Item1).DataSet;
        var existed = expected.Contains(pair.Item2);
        DicomEditScript.Compile($"version \"6.7\"\n{pair.Item2} := \"edited\"").Apply(dataSet, Context);
        var written = DataSetReader.Read(DataSetWriter.Encode(dataSet, encoding).ToArray(), encoding, ReadOptions.Default, []);
        Assert.Equal(expected.Count + (existed ? 0 : 1), written.Count);
        foreach (var element in expected.Where(e => e.Tag != pair.Item2))
        {
            var (one, two) = (new DataSet(encoding), new DataSet(encoding));
            one.Set(element);
            two.Set(written[element.Tag]!);
            Assert.Equal(DataSetWriter.Encode(one, encoding).ToArray(), DataSetWriter.Encode(two, encoding).ToArray());
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(400));

    /// <summary>Equal UIDs become equal UIDs and different ones different ones, hashed or mapped, in whatever attribute and depth they stand.</summary>
    [Theory]
    [InlineData("hashUIDList[{*/(0008,0018), */(0020,000D), */(0008,1155)}]")]
    [InlineData("mapReferencedUIDs[\"1.2.826.0.1\", {*/(0008,0018), */(0020,000D), */(0008,1155)}]")]
    public void Mapping_of_uids_is_a_function(string statement)
    {
        var script = DicomEditScript.Compile("version \"6.7\"\n" + statement);
        var uids = Gen.Choose(1, 40).Select(n => $"1.2.3.{n}");
        var mapped = new Dictionary<string, string>();
        Prop.ForAll(uids.Zip(uids).Zip(uids).ToArbitrary(), three =>
        {
            var ((study, instance), reference) = three;
            var (dataSet, item) = (new DataSet(), new DataSet());
            dataSet.SetString(Tag.StudyInstanceUID, study);
            dataSet.SetString(Tag.SOPInstanceUID, instance);
            item.SetString(Tag.ReferencedSOPInstanceUID, reference);
            dataSet.Set(new SequenceElement(Tag.ReferencedImageSequence, [item]));
            script.Apply(dataSet, Context);
            foreach (var (old, changed) in new[] { (study, dataSet.GetString(Tag.StudyInstanceUID)!), (instance, dataSet.GetString(Tag.SOPInstanceUID)!), (reference, item.GetString(Tag.ReferencedSOPInstanceUID)!) })
            {
                Assert.NotEqual(old, changed);
                Assert.True(changed.Length <= 64 && changed.All(c => c == '.' || char.IsAsciiDigit(c)));
                Assert.Equal(changed, mapped.TryGetValue(old, out var before) ? before : mapped[old] = changed);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
        Assert.Equal(mapped.Count, mapped.Values.Distinct().Count());
    }

    /// <summary>Days between two dates of a subject are the same before and after, whatever the shift, for dates and date-times, nested ones too.</summary>
    [Fact]
    public void Days_between_dates_of_a_subject_are_kept()
    {
        var script = DicomEditScript.Compile(ProfileScript.Make(ProfileChoices.Templates["guys"]).Text);
        var days = Gen.Choose(0, 40000).Select(n => new DateOnly(1925, 1, 1).AddDays(n));
        Prop.ForAll(days.Zip(days).Zip(Gen.Choose(-400, 400)).ToArbitrary(), three =>
        {
            var ((first, second), shift) = three;
            var (dataSet, item) = (new DataSet(), new DataSet());
            dataSet.SetString(Tag.SOPClassUID, Uids.MRImageStorage);
            dataSet.SetString(Tag.StudyDate, first.ToString("yyyyMMdd", null));
            dataSet.SetString(Tag.AcquisitionDateTime, second.ToString("yyyyMMdd", null) + "101112.25");
            item.SetString(Tag.ScheduledProcedureStepStartDate, second.ToString("yyyyMMdd", null));
            dataSet.Set(new SequenceElement(Tag.RequestAttributesSequence, [item]));
            script.Apply(dataSet, Context with { Variables = new Dictionary<string, string>(Context.Variables) { ["dateShift"] = shift.ToString(System.Globalization.CultureInfo.InvariantCulture) } });
            DateOnly Day(string? text) => DateOnly.ParseExact(text![..8], "yyyyMMdd", null);
            var moved = Day(dataSet.GetString(Tag.StudyDate));
            Assert.Equal(shift, moved.DayNumber - first.DayNumber);
            Assert.Equal(second.DayNumber - first.DayNumber, Day(dataSet.GetString(Tag.AcquisitionDateTime)).DayNumber - moved.DayNumber);
            Assert.Equal("101112.25", dataSet.GetString(Tag.AcquisitionDateTime)![8..]);
            // The profile removes the request's content or shifts it; it never lets the true day stay.
            Assert.True(dataSet.GetSequence(Tag.RequestAttributesSequence)?.Items[0].GetString(Tag.ScheduledProcedureStepStartDate) is not { Length: > 0 } nested || Day(nested).DayNumber - second.DayNumber == shift);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }
}
