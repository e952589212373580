using Vesalius.Anonymisation;
using Vesalius.Anonymisation.Profile;
using Vesalius.Anonymisation.Residual;
using Vesalius.Dicom;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Prearchive.Tests;

/// <summary>What is counted while objects are de-identified (R14).</summary>
public sealed class DeidentificationReportTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static DataSet Item(string description)
    {
        var item = new DataSet();
        item.SetString(Tag.StudyDescription, description);
        return item;
    }

    /// <summary>Changes, removals and additions at every level; items are known by what they are, not by their number.</summary>
    [Fact]
    public void Differences_name_places_at_every_level()
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.PatientName, "before");
        dataSet.SetString(Tag.PatientID, "gone");
        dataSet.SetString(Tag.Modality, "MR");
        var (first, second) = (Item("first"), Item("second"));
        dataSet.Set(new SequenceElement(Tag.ReferencedStudySequence, [first, second]));
        var snapshot = DataSetSnapshot.Of(dataSet);

        dataSet.SetString(Tag.PatientName, "after");
        dataSet.Remove(Tag.PatientID);
        dataSet.SetString(Tag.PatientSex, "O");
        dataSet.SetString(Tag.Modality, "MR");
        dataSet.Set(new SequenceElement(Tag.ReferencedStudySequence, [second, Item("third")]));
        second.SetString(Tag.StudyDescription, "changed");
        var found = new List<string>();
        snapshot.Differences(d => found.Add($"{d.Change} {d.Path}"));
        Assert.Equal(
            ["Removed (0008,1110)[0]/(0008,1030)", "Changed (0008,1110)[1]/(0008,1030)", "Added (0008,1110)[1]/(0008,1030)", "Changed (0010,0010)", "Removed (0010,0020)", "Added (0010,0040)"],
            found);
        Assert.Equal("first", Assert.IsType<ValueElement>(snapshot.Elements().Single(e => e.Path == "(0008,1110)[0]/(0008,1030)").Element) is { } e ? ElementText.Read(e, dataSet.CharacterSet) : null);
    }
}
