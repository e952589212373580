using Vesalius.Archive.Downloads;
using Vesalius.Archive.Storage;
using Xunit;

namespace Vesalius.Archive.Tests;

/// <summary>Names of members in downloads (rest-api §11.1, R30).</summary>
public sealed class DownloadLayoutTests
{
    private static ResourcePlace Place(ResourceCategory category = ResourceCategory.Scan, string? owner = "3", string? type = "T1 MPRAGE", string label = "DICOM") =>
        new("P1", "S1", "S1_MR1", category, owner, type, "out", label, "arc001/S1_MR1/SCANS/3/DICOM");

    /// <summary>Scans in every structure.</summary>
    [Theory]
    [InlineData("default", "S1_MR1/scans/3-T1_MPRAGE/resources/DICOM/files/a/1.dcm")]
    [InlineData("simplified", "S1_MR1/scans/3/DICOM/a/1.dcm")]
    [InlineData("improved", "scans/3_T1_MPRAGE/DICOM/a/1.dcm")]
    [InlineData("legacy", "P1/arc001/S1_MR1/SCANS/3/DICOM/a/1.dcm")]
    [InlineData("flat", "S1_MR1/S1_MR1_3_DICOM_a_1.dcm")]
    [InlineData("bids", "sourcedata/sub-S1/ses-S1MR1/scans/3/DICOM/a/1.dcm")]
    public void Scan_file_is_named_as_the_structure_says(string structure, string expected) =>
        Assert.Equal(expected, new DownloadLayout(DownloadLayout.Parse(structure)!.Value).Name(Place(), "a/1.dcm"));

    /// <summary>Other owners in the default structure.</summary>
    [Theory]
    [InlineData(ResourceCategory.Own, null, "S1_MR1/resources/R/files/x")]
    [InlineData(ResourceCategory.Assessor, "A1", "S1_MR1/assessors/A1/out/resources/R/files/x")]
    [InlineData(ResourceCategory.Reconstruction, "R1", "S1_MR1/reconstructions/R1/out/resources/R/files/x")]
    [InlineData(ResourceCategory.Scan, "7", "S1_MR1/scans/7/resources/R/files/x")]
    public void Other_owners_have_their_own_segment(ResourceCategory category, string? owner, string expected) =>
        Assert.Equal(expected, new DownloadLayout(DownloadStructure.Default).Name(Place(category, owner, null, "R"), "x"));

    /// <summary>Volumes in a BIDS-like download.</summary>
    [Theory]
    [InlineData("T1 MPRAGE", "x.nii.gz", "sub-S1/ses-S1MR1/anat/sub-S1_ses-S1MR1_run-3_T1w.nii.gz")]
    [InlineData("rest fMRI", "x.json", "sub-S1/ses-S1MR1/func/sub-S1_ses-S1MR1_run-3_bold.json")]
    [InlineData("DTI 64", "x.bval", "sub-S1/ses-S1MR1/dwi/sub-S1_ses-S1MR1_run-3_dwi.bval")]
    [InlineData("localiser", "x.nii", "sub-S1/ses-S1MR1/other/sub-S1_ses-S1MR1_run-3_localiser.nii")]
    public void Volume_is_named_as_BIDS_does(string type, string file, string expected) =>
        Assert.Equal(expected, new DownloadLayout(DownloadStructure.Bids).Name(Place(type: type, label: "NIFTI"), file));

    /// <summary>Two files may not fall onto one name.</summary>
    [Fact]
    public void Names_that_would_meet_are_numbered()
    {
        var layout = new DownloadLayout(DownloadStructure.Flat);
        Assert.Equal("S1_MR1/S1_MR1_3_DICOM_a_b.nii.gz", layout.Name(Place(), "a/b.nii.gz"));
        Assert.Equal("S1_MR1/S1_MR1_3_DICOM_a_b_2.nii.gz", layout.Name(Place(), "a_b.nii.gz"));
    }

    /// <summary>A type is no path.</summary>
    [Fact]
    public void Type_with_path_characters_is_made_harmless() => Assert.Equal(
        "S1_MR1/scans/3-___x/resources/DICOM/files/1", new DownloadLayout(DownloadStructure.Default).Name(Place(type: "../x"), "1"));

    /// <summary>A path that leads out never gets into a download.</summary>
    [Fact]
    public void Path_that_leads_out_is_refused() => Assert.Throws<UnsafePathException>(() => new DownloadLayout(DownloadStructure.Default).Name(Place(), "../../x"));
}
