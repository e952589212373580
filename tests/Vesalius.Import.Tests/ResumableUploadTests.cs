using System.IO.Pipelines;
using Xunit;

namespace Vesalius.Import.Tests;

/// <summary>Files that come in parts (R3): they go on where they broke off, nobody else reads them, and there is an end to them.</summary>
public sealed class ResumableUploadTests : IDisposable
{
    private static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private readonly string _root = Directory.CreateTempSubdirectory("vesalius-parts-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ResumableUploads Uploads(UploadLimits? limits = null) => new(_root, Key, limits ?? new UploadLimits(), TimeProvider.System);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static byte[] Content(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i % 251))];

    [Fact]
    public async Task Parts_of_any_size_make_the_file_that_was_sent_and_the_disk_shows_nothing_of_it()
    {
        var content = Content(100_000);
        var uploads = Uploads();
        var id = uploads.Create(1, content.Length).Id;
        long offset = 0;
        foreach (var size in (int[])[1, 16, 17, 50_000, 49_966])
        {
            var now = await uploads.AppendAsync(1, id, offset, new MemoryStream(content, (int)offset, size), Token);
            Assert.Equal(offset += size, now!.Offset);
        }

        // Another process, after a restart.
        var later = Uploads();
        Assert.True(Assert.Single(later.List(1)).IsComplete);
        await using (var whole = later.OpenRead(1, id)!)
        {
            using var read = new MemoryStream();
            await whole.CopyToAsync(read, Token);
            Assert.Equal(content, read.ToArray());
        }

        var stored = await File.ReadAllBytesAsync(Assert.Single(Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories)), Token);
        Assert.Equal(-1, stored.AsSpan().IndexOf(content.AsSpan(0, 12)));
        Assert.Null(later.OpenRead(2, id));
        Assert.False(later.Remove(2, id));
        Assert.Null(await later.AppendAsync(2, id, content.Length, Stream.Null, Token));
        Assert.True(later.Remove(1, id));
        Assert.Empty(Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Part_that_breaks_off_is_kept_as_far_as_it_came()
    {
        var uploads = Uploads();
        var id = uploads.Create(1, 1000).Id;
        await Assert.ThrowsAsync<IOException>(() => uploads.AppendAsync(1, id, 0, new BreakingStream(Content(600)), Token));
        Assert.Equal(600, uploads.Find(1, id)!.Offset);
        Assert.Null(uploads.OpenRead(1, id));
        var wrong = await Assert.ThrowsAsync<ResumableUploadException>(() => uploads.AppendAsync(1, id, 0, new MemoryStream(Content(10)), Token));
        Assert.Equal(ResumableRefusal.WrongOffset, wrong.Refusal);
        var over = await Assert.ThrowsAsync<ResumableUploadException>(() => uploads.AppendAsync(1, id, 600, new MemoryStream(Content(401)), Token));
        Assert.Equal(ResumableRefusal.TooLong, over.Refusal);
        Assert.True((await uploads.AppendAsync(1, id, 600, new MemoryStream(Content(400)), Token))!.IsComplete);
    }

    [Fact]
    public async Task Two_requests_do_not_write_one_file()
    {
        var uploads = Uploads();
        var id = uploads.Create(1, 1000).Id;
        var slow = new Pipe();
        var first = uploads.AppendAsync(1, id, 0, slow.Reader.AsStream(), Token);
        await slow.Writer.WriteAsync(Content(10), Token);
        var second = await Assert.ThrowsAsync<ResumableUploadException>(() => uploads.AppendAsync(1, id, 0, new MemoryStream(Content(10)), Token));
        Assert.Equal(ResumableRefusal.Busy, second.Refusal);
        await slow.Writer.CompleteAsync();
        Assert.Equal(10, (await first)!.Offset);
    }

    [Fact]
    public void Size_of_a_file_and_of_all_files_of_a_user_has_an_end()
    {
        var uploads = Uploads(new UploadLimits { InParts = 1000, InPartsOfUser = 1500, InPartsAtATime = 3 });
        ResumableRefusal Refused(long userId, long length) => Assert.Throws<ResumableUploadException>(() => uploads.Create(userId, length)).Refusal;
        Assert.Equal(ResumableRefusal.TooLarge, Refused(1, 1001));
        var first = uploads.Create(1, 1000);
        Assert.Equal(ResumableRefusal.OverQuota, Refused(1, 501));
        uploads.Create(1, 100);
        uploads.Create(2, 1000);
        uploads.Create(1, 100);
        Assert.Equal(ResumableRefusal.OverQuota, Refused(1, 1));
        uploads.Remove(1, first.Id);
        Assert.Equal(1000, uploads.Create(1, 1000).Length);
        Assert.Equal(ResumableRefusal.NoRoom, Assert.Throws<ResumableUploadException>(() => Uploads(new UploadLimits { InParts = long.MaxValue, InPartsOfUser = long.MaxValue }).Create(3, 1L << 60)).Refusal);
    }

    [Fact]
    public void What_waits_too_long_is_removed_and_the_rest_stays()
    {
        var uploads = Uploads();
        var (old, recent) = (uploads.Create(1, 10), uploads.Create(2, 10));
        File.SetLastWriteTimeUtc(Directory.EnumerateFiles(_root, $"{old.Id:N}.*", SearchOption.AllDirectories).Single(), DateTime.UtcNow.AddDays(-7.1));
        Assert.Equal(1, uploads.RemoveExpired());
        Assert.Null(uploads.Find(1, old.Id));
        Assert.NotNull(uploads.Find(2, recent.Id));
    }

    private sealed class BreakingStream(byte[] first) : MemoryStream(first)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position < Length ? await base.ReadAsync(buffer, cancellationToken) : throw new IOException("The connection broke.");
    }
}
