using System.Net;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Import.Tests;

/// <summary>Routing expressions, whitelists, temporary files (R2, R1, R11).</summary>
public sealed class IdentificationTests
{
    private static DataSet Header(string accession)
    {
        var header = new DataSet();
        header.SetString(Tag.AccessionNumber, accession);
        return header;
    }

    /// <summary>Each form of a line.</summary>
    [Theory]
    [InlineData("(0008,0050):^(\\w+)-", "ABC-12", "ABC")]
    [InlineData("(0008,0050):^(\\w+)-(\\d+):2", "ABC-12", "12")]
    [InlineData("(0008,0050):\\d+", "ABC-12", "12")]
    [InlineData("(0008,0050):(.*) t:- r:_", "ABC-12", "ABC_12")]
    [InlineData("(0008,0050):(.*) t:$ r:_MR", "ABC", "ABC_MR")]
    [InlineData("# comment\n(0010,0010):(.*)\n(0008,0050):(.*)", "ABC", "ABC")]
    public void Expression_extracts(string text, string accession, string expected)
    {
        var (expression, fault) = RoutingExpression.Parse(text);
        Assert.Null(fault);
        Assert.Equal(expected, expression!.Candidates(Header(accession)).First());
    }

    /// <summary>Lines that are no rule are named.</summary>
    [Theory]
    [InlineData("0008,0050:(.*)")]
    [InlineData("(0008,0050):(")]
    [InlineData("(0008,0050):(a):5")]
    public void Line_that_is_no_rule_is_refused_with_its_number(string text) => Assert.StartsWith("Line 1:", RoutingExpression.Parse(text).Fault, StringComparison.Ordinal);

    /// <summary>Each form of an entry.</summary>
    [Theory]
    [InlineData("SCANNER1", "SCANNER1", "10.1.2.3", true)]
    [InlineData("SCANNER1", "SCANNER2", "10.1.2.3", false)]
    [InlineData("10.1.2.3", "ANY", "10.1.2.3", true)]
    [InlineData("10.1.0.0/16", "ANY", "10.1.2.3", true)]
    [InlineData("10.1.9.9/16", "ANY", "10.2.2.3", false)]
    [InlineData("PACS@10.0.0.0/8", "PACS", "10.2.2.3", true)]
    [InlineData("PACS@10.0.0.0/8", "OTHER", "10.2.2.3", false)]
    public void Whitelist_entry_fits(string entry, string title, string address, bool expected) =>
        Assert.Equal(expected, WhitelistEntry.Parse(entry)!.Fits(title, IPAddress.Parse(address)));

    /// <summary>Entries that are none.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("10.0.0.0/33")]
    [InlineData("A@B@C")]
    [InlineData("THIS_TITLE_IS_TOO_LONG")]
    public void Whitelist_entry_that_is_none_is_refused(string entry) => Assert.Null(WhitelistEntry.Parse(entry));

    /// <summary>What was written can be read at any place, and is not to be found on disk.</summary>
    [Fact]
    public void Temporary_stream_reads_back_but_leaves_nothing_readable()
    {
        var folder = Directory.CreateTempSubdirectory("vesalius-spool-").FullName;
        var text = System.Text.Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("Secret^Patient ", 5000)));
        using (var stream = new EncryptedTemporaryStream(folder))
        {
            stream.Write(text.AsSpan(0, 12345));
            stream.Write(text.AsSpan(12345));
            stream.Position = 33;
            var back = new byte[1000];
            stream.ReadExactly(back);
            Assert.Equal(text[33..1033], back);
            var file = Assert.Single(Directory.EnumerateFiles(folder));
            Assert.Equal(text.Length, new FileInfo(file).Length);
        }

        Assert.Empty(Directory.EnumerateFiles(folder));
        Directory.Delete(folder);
    }
}
