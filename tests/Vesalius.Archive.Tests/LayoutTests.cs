using Vesalius.Archive.Storage;
using Xunit;

namespace Vesalius.Archive.Tests;

/// <summary>Names and places in the archive (R20, R38).</summary>
public sealed class LayoutTests
{
    /// <summary>Relative paths that must not be followed.</summary>
    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a/./b")]
    [InlineData("a\\b")]
    [InlineData("a\0b")]
    [InlineData("a%2fb")]
    [InlineData("")]
    [InlineData("a\nb")]
    public void Path_that_leads_out_or_is_no_name_is_refused(string path) => Assert.Throws<UnsafePathException>(() => ArchiveLayout.Join("/data/r", path));

    /// <summary>Ordinary names pass.</summary>
    [Theory]
    [InlineData("a.dcm", "/data/r/a.dcm")]
    [InlineData("sub folder/ä.txt", "/data/r/sub folder/ä.txt")]
    [InlineData("..a", "/data/r/..a")]
    public void Ordinary_path_is_joined(string path, string expected) => Assert.Equal(expected, ArchiveLayout.Join("/data/r", path));

    /// <summary>XNAT's layout.</summary>
    [Fact]
    public void Scan_resource_lies_where_XNAT_puts_it() =>
        Assert.Equal("/a/P1/arc001/S1_MR1/SCANS/4-MR1/DICOM", new ArchiveLayout("/a").Resource(new ResourceOwner("P1", null, "S1_MR1", "4-MR1"), "DICOM"));

    /// <summary>Labels that the header gives.</summary>
    [Theory]
    [InlineData("  Doe^John ", "Doe_John")]
    [InlineData("ÄÖ/..", "_____")]
    [InlineData(null, "")]
    public void Label_is_made_of_what_is_allowed(string? text, string expected) => Assert.Equal(expected, Label.From(text));

    /// <summary>Clients recognise a catalog by its first bytes.</summary>
    [Fact]
    public void Catalog_begins_exactly_as_clients_expect()
    {
        Assert.StartsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<cat:Catalog ", CatalogWriter.Write("R", null, []), StringComparison.Ordinal);
        Assert.StartsWith(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<cat:DCMCatalog ", CatalogWriter.Write("1", "1.2", [new CatalogEntry("a.dcm", 1, "00", "1.2.3", 1, "DICOM", "RAW")]), StringComparison.Ordinal);
    }
}
