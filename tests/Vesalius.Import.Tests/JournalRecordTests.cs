using Vesalius.Import.Journal;
using Vesalius.Prearchive;
using Xunit;

namespace Vesalius.Import.Tests;

public sealed class JournalRecordTests
{
    private static readonly PrearchiveObject Row = new(7, "1.2.3", "1.2.840.10008.5.1.4.1.1.2", "1.2", "4", "DICOM", "a.dcm", 5, 5000, "");

    private static byte[] Make(int fileLength, long sequence)
    {
        var record = new byte[JournalRecord.LengthOf(fileLength)];
        new Random(3).NextBytes(record);
        JournalRecord.Prepare(record, fileLength, JournalRecord.EncodeRow(new JournalRow(Row, "/p/s"))!);
        JournalRecord.Seal(record, sequence);
        return record;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(5000)]
    public void Record_is_read_as_it_was_written(int fileLength)
    {
        var record = Make(fileLength, 42);
        Assert.Equal((42L, fileLength), JournalRecord.ReadHeader(record.AsSpan(0, JournalRecord.FileStart)));
        Assert.True(JournalRecord.IsWhole(record, record.AsSpan(JournalRecord.FileStart, fileLength)));
        Assert.Equal(new JournalRow(Row, "/p/s"), JournalRecord.ReadRow(record));
    }

    [Fact]
    public void Record_with_any_byte_of_header_or_file_changed_is_not_whole()
    {
        const int Length = 300;
        for (var at = 0; at < JournalRecord.FileStart + Length; at++)
        {
            var record = Make(Length, 42);
            record[at] ^= 1;
            Assert.True(
                JournalRecord.ReadHeader(record.AsSpan(0, JournalRecord.FileStart)) is null || !JournalRecord.IsWhole(record, record.AsSpan(JournalRecord.FileStart, Length)),
                $"Byte {at} was changed unnoticed.");
        }
    }

    [Fact]
    public void Text_that_the_database_refuses_is_not_taken_into_the_journal()
    {
        Assert.Null(JournalRecord.EncodeRow(new JournalRow(Row with { SopInstanceUid = "1.2\0" }, "/p/s")));
        Assert.Null(JournalRecord.EncodeRow(new JournalRow(Row with { FileName = "a" + (char)0xD800 }, "/p/s")));
        Assert.NotNull(JournalRecord.EncodeRow(new JournalRow(Row with { FileName = "a" + char.ConvertFromUtf32(0x1F600) }, "/p/s")));
    }

    [Fact]
    public void Row_that_is_too_long_is_not_taken_into_the_journal() =>
        Assert.Null(JournalRecord.EncodeRow(new JournalRow(Row with { FileName = new string('x', 5000) }, "/p/s")));
}
