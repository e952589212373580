using FsCheck;
using FsCheck.Fluent;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.QueryRetrieve.Tests;

/// <summary>Opening hours, relabelling, completeness.</summary>
public sealed class ScheduleTests
{
    /// <summary>Times as XNAT writes them.</summary>
    [Theory]
    [InlineData("8:00", false, 480)]
    [InlineData("00:00", true, 1440)]
    [InlineData("24:00", true, 1440)]
    [InlineData("24:00", false, null)]
    [InlineData("24:01", true, null)]
    [InlineData("12:60", false, null)]
    [InlineData("noon", false, null)]
    public void Time_is_read(string text, bool isEnd, int? expected) => Assert.Equal(expected, Availability.ReadTime(text, isEnd));

    /// <summary>Between two changes the answer stays the same, so that sleeping until the next is enough.</summary>
    [Fact]
    public void Schedule_changes_only_when_it_says() => Prop.ForAll(
        Gen.Zip(Gen.Zip(Gen.Choose(1, 7), Gen.Choose(0, 1438)), Gen.Choose(0, 10_079)).ToArbitrary(),
        given =>
        {
            var ((day, start), minute) = given;
            var schedule = new AvailabilitySchedule([new Availability { Day = day, StartMinute = start, EndMinute = start + 1 + (minute % (1440 - start)), Threads = 2, UtilizationPercent = 100 }]);
            var now = new DateTime(2026, 11, 23).AddMinutes(minute);
            var next = schedule.NextChange(now)!.Value;
            Assert.InRange(next, now.AddTicks(1), now.AddDays(7));
            for (var at = now; at < next; at += (next - now) / 10)
            {
                Assert.Equal(schedule.At(now), schedule.At(at));
            }
        }).QuickCheckThrowOnFailure();

    /// <summary>The particular column wins over the one that sets two attributes.</summary>
    [Fact]
    public void Relabelling_sets_each_attribute_and_blanks_what_is_to_be_blank()
    {
        var set = new DataSet();
        set.SetString(Tag.PatientBirthDate, "19500101");
        RelabelMap.Apply(new Dictionary<string, string> { ["Subject"] = "S1", ["Session"] = "E1", ["Relabel Patient ID"] = "P1", ["Relabel Patient Birth Date"] = "", ["unknown"] = "x" }, set);
        Assert.Equal(("S1", "P1", "E1", "E1"), (set.GetString(Tag.PatientName), set.GetString(Tag.PatientID), set.GetString(Tag.StudyID), set.GetString(Tag.AccessionNumber)));
        Assert.Equal("", set.GetString(Tag.PatientBirthDate) ?? "");
    }

    /// <summary>What identifies is sealed, hashes are keyed, a changed seal is refused.</summary>
    [Fact]
    public void Sealed_text_opens_with_its_key_only()
    {
        var seal = new SecretSeal(new byte[32]);
        var secret = seal.Seal("1.2.3");
        Assert.Equal("1.2.3", seal.Open(secret));
        Assert.NotEqual(secret, seal.Seal("1.2.3"));
        Assert.Throws<System.Security.Cryptography.AuthenticationTagMismatchException>(() => new SecretSeal([.. Enumerable.Repeat((byte)1, 32)]).Open(secret));
        Assert.NotEqual(seal.Hash("1.2.3"), new SecretSeal([.. Enumerable.Repeat((byte)1, 32)]).Hash("1.2.3"));
    }

    /// <summary>By name where the PACS names instances, by count where it counts, by series where it says nothing.</summary>
    [Fact]
    public void Missing_is_told_as_exactly_as_the_PACS_allows()
    {
        static ExpectedSeries Series(string uid, int? count, params string[] named) =>
            new(new SeriesAnswer { SeriesInstanceUid = uid }, named.Length > 0 ? named : null) { Count = named.Length > 0 ? named.Length : count };
        TrackedInstance Came(string series, string instance, string? outcome = "Stored") => new(instance, series, true, outcome);
        var expected = new Completeness([Series("1", null, "1.1", "1.2"), Series("2", 2), Series("3", null)]);
        Assert.Null(expected.Count);
        Assert.Equal([("1", "1.1"), ("1", "1.2"), ("2", null), ("3", null)], expected.Missing([]));
        Assert.Equal([("1", "1.2"), ("2", null)], expected.Missing([Came("1", "1.1"), Came("1", "1.2", null), Came("2", "2.1"), Came("3", "3.1", "Duplicate")]));
        Assert.Empty(expected.Missing([Came("1", "1.1"), Came("1", "1.2", "Rejected"), Came("2", "2.1"), Came("2", "2.2"), Came("3", "3.1")]));
    }
}
