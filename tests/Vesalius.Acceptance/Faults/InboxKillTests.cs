using System.Globalization;
using System.Text.Json;
using Vesalius.Acceptance.Story;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Acceptance.Faults;

/// <summary>An import from the inbox goes on after the process died (rest-api §13.2).</summary>
[Trait("Speed", "Slow")]
public sealed class InboxKillTests
{
    private const int Files = 1500;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<JsonElement> RowAsync(IntakeProcess process, string address)
    {
        using var client = process.Client();
        return JsonDocument.Parse(await client.GetStringAsync(address, Token)).RootElement;
    }

    private static async Task<JsonElement> UntilAsync(IntakeProcess process, string address, Func<JsonElement, bool> isSo)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Token);
        deadline.CancelAfter(TimeSpan.FromMinutes(5));
        while (true)
        {
            var row = await RowAsync(process, address);
            if (isSo(row))
            {
                return row;
            }

            await Task.Delay(20, deadline.Token);
        }
    }

    [Fact]
    public async Task Killed_twice_while_it_reads_it_goes_on_and_every_object_is_there_once()
    {
        var process = new IntakeProcess();
        await using (process.ConfigureAwait(false))
        {
            var box = Directory.CreateDirectory(Path.Combine(process.Data, "inbox", "many")).FullName;
            var first = Part10File.Read(Uploads.Objects("mr-epi-phantom-ge", most: 1).Single());
            for (var number = 1; number <= Files; number++)
            {
                first.DataSet.SetString(Tag.SOPInstanceUID, string.Create(CultureInfo.InvariantCulture, $"2.25.8833.{number}"));
                await File.WriteAllBytesAsync(Path.Combine(box, $"{number:D5}.dcm"), first.Encode().ToArray(), Token);
            }

            await process.StartAsync(Token);
            string address;
            using (var client = process.Client())
            {
                await client.PutAsync("/data/projects/KILLBOX", null, Token);
                var (status, text) = await Uploads.SendAsync(client, "POST", "/data/services/import?import-handler=inbox&path=many&project=KILLBOX&subject=S&session=E&dest=/archive");
                Assert.True(status == 200, text);
                address = text.Trim();
            }

            var read = 0;
            for (var kill = 1; kill <= 2; kill++)
            {
                var before = read;
                var row = await UntilAsync(process, address, r => r.GetProperty("read").GetInt32() > before);
                read = row.GetProperty("read").GetInt32();
                // Else it was killed too late to mean anything.
                Assert.InRange(read, 1, Files - 1);
                await process.KillAsync(Token);
                await process.StartAsync(Token);
                Assert.True((await RowAsync(process, address)).GetProperty("read").GetInt32() >= read);
            }

            var ended = await UntilAsync(process, address, r => r.GetProperty("status").GetString() is "Completed" or "Failed");
            Assert.True(ended.GetProperty("status").GetString() == "Completed", ended.ToString());
            Assert.Equal((Files, 0), (ended.GetProperty("read").GetInt32(), ended.GetProperty("skipped").GetInt32()));
            var place = Assert.Single(ended.GetProperty("uris").EnumerateArray()).GetString()!;
            using var admin = process.Client();
            var files = JsonDocument.Parse(await admin.GetStringAsync($"{place}/scans/ALL/files?format=json", Token)).RootElement.GetProperty("ResultSet").GetProperty("Result");
            Assert.Equal(Files, files.EnumerateArray().Count(f => f.GetProperty("Name").GetString()!.EndsWith(".dcm", StringComparison.Ordinal)));
            Assert.False(Directory.Exists(box));
        }
    }
}
