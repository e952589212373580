using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Prearchive.Tests;

/// <summary>Types of sessions and scans, and who may be in a session at once (R18).</summary>
public sealed class PrearchiveRulesTests
{
    private const string Root = "1.2.840.10008.5.1.4.1.1.";

    /// <summary>Rows of the table of scan types.</summary>
    [Theory]
    [InlineData("xnat:mrScanData", "4")]
    [InlineData("xnat:ctScanData", "2", "7")]
    [InlineData("xnat:petScanData", "128", "4")]
    [InlineData("xnat:scScanData", "7")]
    [InlineData("xnat:srScanData", "88.22")]
    [InlineData("xnat:otherDicomScanData", "104.1")]
    public void Scan_type_follows_SOP_classes_by_precedence(string expected, params string[] suffixes) =>
        Assert.Equal(expected, DataTypes.ScanType(suffixes.Select(s => Root + s)));

    /// <summary>Rows of the rules for sessions.</summary>
    [Theory]
    [InlineData("xnat:petmrSessionData", "PT", "MR")]
    [InlineData("xnat:petSessionData", "CT", "PT")]
    [InlineData("xnat:ctSessionData", "CT", "OT")]
    [InlineData("xnat:ctSessionData", "RTSTRUCT", "CT")]
    [InlineData("xnat:rtSessionData", "RTPLAN", "RTSTRUCT")]
    [InlineData("xnat:otherDicomSessionData", "OT")]
    public void Session_type_follows_modalities(string expected, params string[] modalities) =>
        Assert.Equal(expected, DataTypes.SessionType([.. modalities.Select(m => (m, "xnat:otherDicomScanData"))]));

    /// <summary>The plane nearest to the slices, oblique ones too; nothing where the header is wrong.</summary>
    [Theory]
    [InlineData("Tra", "1\\0\\0\\0\\1\\0")]
    [InlineData("Cor", "1\\0\\0\\0\\0\\-1")]
    [InlineData("Sag", "0\\1\\0\\0\\0\\-1")]
    [InlineData("Tra", "0.99\\0.05\\0.1\\-0.06\\0.95\\0.3")]
    [InlineData(null, "1\\0\\0\\1\\0\\0")]
    [InlineData(null, "1\\0\\0")]
    [InlineData(null, "a\\b\\c\\d\\e\\f")]
    public void Orientation_is_the_plane_nearest_to_the_slices(string? expected, string cosines)
    {
        var header = new DataSet();
        header.SetString(Tag.ImageOrientationPatient, cosines);
        Assert.Equal(expected, SliceOrientation.Of(header));
    }

    /// <summary>Structured reports and RT objects are secondary, private classes primary.</summary>
    [Theory]
    [InlineData("DICOM", Root + "2")]
    [InlineData("secondary", Root + "7")]
    [InlineData("secondary", Root + "481.3")]
    [InlineData("DICOM", "1.3.12.2.1107.5.9.1")]
    public void Resource_follows_SOP_class(string expected, string sopClass) => Assert.Equal(expected, DataTypes.ResourceOf(sopClass));

    /// <summary>Whoever closes waits for those inside, and those who come wait for it.</summary>
    [Fact]
    public async Task Gate_lets_many_in_but_only_one_when_closed()
    {
        var token = TestContext.Current.CancellationToken;
        var gates = new SessionGates();
        var first = await gates.EnterAsync(1, token);
        var second = await gates.EnterAsync(1, token);
        var closing = gates.CloseAsync(1, token);
        first.Dispose();
        Assert.False(closing.IsCompleted);
        second.Dispose();
        var alone = await closing;
        var entering = gates.EnterAsync(1, token);
        Assert.False(entering.IsCompleted);
        using (await gates.EnterAsync(2, token))
        {
            alone.Dispose();
        }

        (await entering).Dispose();
    }
}
