using System.Buffers.Binary;
using Vesalius.Database;
using Vesalius.Dicom;
using Vesalius.Import;
using Vesalius.Prearchive;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Faults;

[Trait("Speed", "Slow")]
public sealed class MalformedTests
{
    private const int PreambleAndMark = 132;
    private const ushort CannotUnderstand = 0xC000;

    [Fact]
    public async Task Every_malformed_file_sent_is_stored_or_refused_as_not_understood_and_the_next_object_is_taken()
    {
        var token = TestContext.Current.CancellationToken;
        var files = Directory.EnumerateFiles(SharedData.Require("data", "dicom", "malformed")).Order(StringComparer.Ordinal).ToList();
        var neighbours = SmallObjects.Make(files.Count, seed: 11);
        var process = new IntakeProcess();
        await using (process.ConfigureAwait(false))
        {
            await process.StartAsync(token);
            var wrong = new List<string>();
            foreach (var (path, neighbour) in files.Zip(neighbours))
            {
                var bytes = await File.ReadAllBytesAsync(path, token);
                var (dataSet, syntax) = Split(bytes);
                var name = Path.GetFileName(path);
                try
                {
                    var sender = await AcknowledgedSender.OpenAsync(process.Port, token, transferSyntax: syntax);
                    await using (sender.ConfigureAwait(false))
                    {
                        var status = await sender.StoreAsync(SmallObjects.SopClass, neighbour.SopInstanceUid + ".9", dataSet, token);
                        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {status:X4}");
                        if (status is not (0 or CannotUnderstand))
                        {
                            wrong.Add($"{name}: {status:X4}");
                        }

                        // On the same association, whatever syntax it has: an empty data set is refused, and answered.
                        Assert.Equal(CannotUnderstand, await sender.StoreAsync(SmallObjects.SopClass, neighbour.SopInstanceUid + ".8", new byte[2], token));
                    }
                }
                catch (IOException)
                {
                    wrong.Add($"{name}: association lost");
                }

                Assert.True(process.IsRunning);
                var next = await AcknowledgedSender.OpenAsync(process.Port, token);
                await using (next.ConfigureAwait(false))
                {
                    Assert.Equal(0, await next.StoreAsync(neighbour, token));
                }
            }

            Assert.Empty(wrong);
        }
    }

    [Fact]
    public async Task Every_malformed_file_uploaded_is_stored_or_refused_with_a_reason()
    {
        var token = TestContext.Current.CancellationToken;
        var files = Directory.EnumerateFiles(SharedData.Require("data", "dicom", "malformed")).Order(StringComparer.Ordinal).ToList();
        var process = new IntakeProcess();
        await using (process.ConfigureAwait(false))
        {
            await process.StartAsync(token);
            var database = new VesaliusDatabase(process.Postgres.ConnectionString());
            await using (database.ConfigureAwait(false))
            {
                var limits = new IntakeLimits();
                var importer = new UploadImporter(IntakeRooms.MakeIntake(process.Data, database, new PrearchiveStore(process.Prearchive, Path.Combine(process.Data, "cache", "unrecorded"), database)), new UploadLimits(), limits, new MemoryBudget(limits.Memory));
                var wrong = new List<string>();
                foreach (var path in files)
                {
                    var name = Path.GetFileName(path);
                    try
                    {
                        using var upload = File.OpenRead(path);
                        var result = await importer.ImportAsync(upload, new IntakeSource { Door = "upload" }, false, Path.Combine(process.Data, "spool"), token);
                        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: stored {result.Stored}");
                    }
                    catch (UploadRefusedException e)
                    {
                        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: refused, {e.Message}");
                    }
                    catch (Exception e)
                    {
                        wrong.Add($"{name}: {e.GetType().Name}");
                    }
                }

                Assert.Empty(wrong);
            }
        }
    }

    // The data set as C-STORE carries it; where the meta group cannot be trusted, all bytes as they are.
    private static (ReadOnlyMemory<byte> DataSet, string TransferSyntax) Split(byte[] bytes)
    {
        string syntax;
        try
        {
            syntax = Part10File.Read(bytes).TransferSyntax.Uid;
        }
        catch (MalformedDicomException)
        {
            syntax = TransferSyntax.ExplicitVRLittleEndian.Uid;
        }

        if (bytes.Length < PreambleAndMark + 12 || !bytes.AsSpan(128, 4).SequenceEqual("DICM"u8))
        {
            return (bytes, syntax);
        }

        var hasGroupLength = bytes.AsSpan(PreambleAndMark, 8).SequenceEqual((ReadOnlySpan<byte>)[2, 0, 0, 0, (byte)'U', (byte)'L', 4, 0]);
        var begin = hasGroupLength ? PreambleAndMark + 12 + (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(PreambleAndMark + 8)) : PreambleAndMark;
        return begin < bytes.Length ? (bytes.AsMemory((int)begin), syntax) : (bytes, syntax);
    }
}
