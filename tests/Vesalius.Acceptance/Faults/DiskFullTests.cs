using System.Diagnostics;
using Xunit;

namespace Vesalius.Acceptance.Faults;

[Trait("Speed", "Slow")]
public sealed class DiskFullTests
{
    private const ushort OutOfResources = 0xA700;

    [Fact]
    public Task Disk_full_is_answered_out_of_resources_and_with_space_again_every_object_is_there_once() => OnSmallDiskAsync(process => process.Prearchive, "2m", async (process, token) =>
    {
        var objects = SmallObjects.Make(600, seed: 7);
        await process.StartAsync(token);
        var acknowledged = new HashSet<string>(StringComparer.Ordinal);
        Assert.True(await Resending.PassAsync(process.Port, objects, acknowledged, _ => { }, OutOfResources, token));
        Assert.InRange(acknowledged.Count, 1, objects.Count - 1);
        await StoredObjects.AssertExactlyAsync(process, [.. objects.Where(o => acknowledged.Contains(o.SopInstanceUid))], token);

        Assert.Equal(0, await RunAsync("mount", ["-o", "remount,size=64m", process.Prearchive], token));
        await Resending.FinishAsync(process.Port, objects, acknowledged, null, token);
        await StoredObjects.AssertExactlyAsync(process, objects, token);
        await StoredObjects.AssertNoSecretAsync(process, token);
    });

    [Fact]
    public Task Journal_whose_disk_is_full_is_gone_past() => OnSmallDiskAsync(process => Path.Combine(process.Data, "cache", "journal"), "1m", async (process, token) =>
    {
        var objects = SmallObjects.Make(60, seed: 8);
        await process.StartAsync(token);
        await Resending.FinishAsync(process.Port, objects, new HashSet<string>(StringComparer.Ordinal), null, token);
        await StoredObjects.AssertExactlyAsync(process, objects, token);
        await StoredObjects.AssertNoSecretAsync(process, token);
    });

    // Runs with one of the server's folders on a file system of a few blocks; the server ends before that goes.
    private static async Task OnSmallDiskAsync(Func<IntakeProcess, string> choose, string size, Func<IntakeProcess, CancellationToken, Task> run)
    {
        var token = TestContext.Current.CancellationToken;
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "A small file system can be mounted by root only.");
        var process = new IntakeProcess();
        await using (process.ConfigureAwait(false))
        {
            var folder = choose(process);
            Directory.CreateDirectory(folder);
            Assert.SkipUnless(await RunAsync("mount", ["-t", "tmpfs", "-o", $"size={size}", "tmpfs", folder], token) == 0, "Mounting is not allowed here.");
            try
            {
                await run(process, token);
                await process.KillAsync(token);
            }
            finally
            {
                await RunAsync("umount", ["-l", folder], CancellationToken.None);
            }
        }
    }

    private static async Task<int> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode;
    }
}
