using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Vesalius.Import.Tests;

/// <summary>Files that users stage (rest-api §10.6) do not stay for ever, since they may be images as they came from a hospital.</summary>
public sealed class UserCacheTests : IDisposable
{
    private static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private readonly string _root = Directory.CreateTempSubdirectory("vesalius-cache-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static MemoryStream Content() => new(Encoding.ASCII.GetBytes("staged"));

    private string PathOf(params string[] parts) => Path.Combine([_root, "users", .. parts]);

    [Fact]
    public async Task Files_that_nobody_came_back_for_are_removed_and_the_rest_stays()
    {
        var cache = new UserCache(PathOf(), Key, TimeProvider.System);
        Assert.Equal(0, cache.RemoveOlderThan(TimeSpan.FromDays(30)));
        await cache.StoreAsync(1, "OLD", "a/b.dcm", Content(), Token);
        await cache.StoreAsync(1, "OLD", "c.dcm", Content(), Token);
        await cache.StoreAsync(2, "NEW", "d.dcm", Content(), Token);
        cache.Create(2, "EMPTY");
        cache.Create(2, "JUST");
        var old = DateTime.UtcNow.AddDays(-30.1);
        // A crash while a file was written.
        await File.WriteAllTextAsync(PathOf("1", "OLD", ".0123.new"), "half", Token);
        foreach (var file in (string[])["a/b.dcm", ".0123.new"])
        {
            File.SetLastWriteTimeUtc(PathOf("1", "OLD", file), old);
        }

        Directory.SetLastWriteTimeUtc(PathOf("2", "EMPTY"), old);
        Assert.Equal(2, cache.RemoveOlderThan(TimeSpan.FromDays(30)));
        Assert.Equal("c.dcm", Assert.Single(cache.Files(1, "OLD")).Path);
        Assert.Null(cache.OpenRead(1, "OLD", "a/b.dcm"));
        Assert.Equal("d.dcm", Assert.Single(cache.Files(2, "NEW")).Path);
        Assert.Equal(["JUST", "NEW"], cache.Resources(2));
        Directory.SetLastWriteTimeUtc(PathOf("1", "OLD", "a"), old);
        Assert.Equal(0, cache.RemoveOlderThan(TimeSpan.FromDays(30)));
        Assert.False(Directory.Exists(PathOf("1", "OLD", "a")));
        Assert.True(cache.HasResource(1, "OLD"));
    }

    [Fact]
    public async Task Upkeep_removes_what_waits_longer_than_the_limits_say()
    {
        var cache = new UserCache(PathOf(), Key, TimeProvider.System);
        var limits = new UploadLimits { CacheWait = TimeSpan.FromDays(2) };
        foreach (var (name, days) in ((string, double)[])[("old.dcm", 2.1), ("recent.dcm", 1.9)])
        {
            await cache.StoreAsync(1, "R", name, Content(), Token);
            File.SetLastWriteTimeUtc(PathOf("1", "R", name), DateTime.UtcNow.AddDays(-days));
        }

        var parts = new ResumableUploads(Path.Combine(_root, "parts"), Key, limits, TimeProvider.System);
        var part = parts.Create(1, 10);
        File.SetLastWriteTimeUtc(Directory.EnumerateFiles(_root, $"{part.Id:N}.*", SearchOption.AllDirectories).Single(), DateTime.UtcNow.AddDays(-7.1));
        using var upkeep = new UploadUpkeep(parts, cache, limits, TimeProvider.System, NullLogger<UploadUpkeep>.Instance);
        await upkeep.StartAsync(Token);
        for (var watch = System.Diagnostics.Stopwatch.StartNew(); (cache.Files(1, "R").Count > 1 || parts.List(1).Count > 0) && watch.Elapsed < TimeSpan.FromSeconds(30);)
        {
            await Task.Delay(20, Token);
        }

        await upkeep.StopAsync(Token);
        Assert.Equal("recent.dcm", Assert.Single(cache.Files(1, "R")).Path);
        Assert.Empty(parts.List(1));
    }
}
