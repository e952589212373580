using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Vesalius.Archive.Downloads;
using Xunit;

namespace Vesalius.Archive.Tests;

/// <summary>Zips without compression: readable by others, the same bytes every time, continued at any byte (R30).</summary>
public sealed class StoredZipTests
{
    private static readonly DateTime At = new(2026, 3, 1, 12, 30, 2, DateTimeKind.Utc);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<byte[]> WriteAsync(StoredZip zip, long from, long count)
    {
        using var output = new MemoryStream();
        await zip.WriteAsync(PipeWriter.Create(output), from, count, Token);
        return output.ToArray();
    }

    private static DownloadEntry[] Entries(byte[][] contents) => [.. contents.Select((c, i) => DownloadEntry.Of($"a/{i}-ä.bin", c, At))];

    /// <summary>What others read out of it is what was put in, and its length is as said.</summary>
    [Fact]
    public void Members_read_by_another_implementation_are_those_put_in() => Prop.ForAll<byte[][]>(contents =>
    {
        var given = (contents ?? []).Select(c => c ?? []).ToArray();
        var zip = new StoredZip(Entries(given));
        var bytes = WriteAsync(zip, 0, zip.Length).GetAwaiter().GetResult();
        using var read = new ZipArchive(new MemoryStream(bytes));
        return bytes.Length == zip.Length && read.Entries.Count == given.Length
            && read.Entries.Select((e, i) => e.FullName == $"a/{i}-ä.bin" && Content(e).AsSpan().SequenceEqual(given[i])).All(x => x);
    }).QuickCheckThrowOnFailure();

    private static byte[] Content(ZipArchiveEntry entry)
    {
        using var source = entry.Open();
        using var bytes = new MemoryStream();
        source.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>Any part equals the same part of the whole, whole and streamed members alike.</summary>
    [Fact]
    public async Task Any_range_equals_the_same_bytes_of_the_whole()
    {
        var folder = Directory.CreateTempSubdirectory("vesalius-zip-").FullName;
        try
        {
            var large = Path.Combine(folder, "large.bin");
            var content = new byte[5 << 20];
            new Random(1).NextBytes(content);
            await File.WriteAllBytesAsync(large, content, Token);
            var zip = new StoredZip([DownloadEntry.Of("small", "abc"u8.ToArray(), At), new DownloadEntry("large", large, content.Length, At), DownloadEntry.Of("empty", default, At)]);
            var whole = await WriteAsync(zip, 0, zip.Length);
            var random = new Random(2);
            for (var i = 0; i < 40; i++)
            {
                var from = random.NextInt64(zip.Length);
                var count = random.NextInt64(1, zip.Length - from + 1);
                var part = await WriteAsync(zip, from, count);
                Assert.True(whole.AsSpan((int)from, (int)count).SequenceEqual(part), $"{from}+{count}");
            }

            using var read = new ZipArchive(new MemoryStream(whole));
            Assert.Equal(content, Content(read.GetEntry("large")!));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A file that shrank meanwhile ends the download instead of shifting what follows.</summary>
    [Fact]
    public async Task File_that_is_not_as_recorded_ends_the_download()
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, "short", Token);
            var zip = new StoredZip([new DownloadEntry("x", path, 500, At)]);
            await Assert.ThrowsAsync<ChangedWhileReadException>(() => WriteAsync(zip, 0, zip.Length));
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>More members than the old form can count.</summary>
    [Fact]
    public async Task More_than_65535_members_use_Zip64()
    {
        var zip = new StoredZip([.. Enumerable.Range(0, 70_000).Select(i => DownloadEntry.Of($"{i}", default, At))]);
        Assert.True(zip.NeedsZip64);
        using var read = new ZipArchive(new MemoryStream(await WriteAsync(zip, 0, zip.Length)));
        Assert.Equal(70_000, read.Entries.Count);
    }

    /// <summary>One member above 4 GiB and one behind it; sparse, so that it costs time only.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Member_above_4_GiB_and_those_behind_it_use_Zip64()
    {
        var folder = Directory.CreateTempSubdirectory("vesalius-zip64-").FullName;
        try
        {
            var huge = Path.Combine(folder, "huge.bin");
            const long Size = (4L << 30) + 5;
            using (var file = File.Create(huge))
            {
                file.SetLength(Size);
            }

            var zip = new StoredZip([new DownloadEntry("huge.bin", huge, Size, At), DownloadEntry.Of("behind.txt", Encoding.ASCII.GetBytes("behind"), At)]);
            var target = Path.Combine(folder, "all.zip");
            using (var output = new SparseStream(target))
            {
                await zip.WriteAsync(PipeWriter.Create(output), 0, zip.Length, Token);
            }

            using var read = ZipFile.OpenRead(target);
            Assert.Equal(zip.Length, new FileInfo(target).Length);
            Assert.Equal(Size, read.GetEntry("huge.bin")!.Length);
            Assert.Equal("behind"u8.ToArray(), Content(read.GetEntry("behind.txt")!));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Writes zeros as holes.</summary>
    private sealed class SparseStream(string path) : Stream
    {
        private readonly FileStream _file = File.Create(path);
        private long _position;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => _position;

        public override long Position
        {
            get => _position;
            set => throw new NotSupportedException();
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (buffer.Span.ContainsAnyExcept((byte)0))
            {
                RandomAccess.Write(_file.SafeFileHandle, buffer.Span, _position);
            }

            _position += buffer.Length;
            return ValueTask.CompletedTask;
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

        protected override void Dispose(bool disposing)
        {
            _file.Dispose();
            base.Dispose(disposing);
        }
    }
}
