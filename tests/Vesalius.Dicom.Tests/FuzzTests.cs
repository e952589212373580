using System.Diagnostics;
using Xunit;

namespace Vesalius.Dicom.Tests;

/// <summary>Mutated real files: whatever comes, the answer is a data set or a named error.</summary>
public sealed class FuzzTests
{
    /// <summary>Flips, cuts and copies bytes of real files for a few seconds; the seed is fixed, so a failure comes again.</summary>
    [Fact]
    public void Mutated_files_never_crash_the_reader()
    {
        var random = new Random(20261120);
        var seeds = SampleFiles.Readable().Concat(SampleFiles.Malformed()).Where(f => new FileInfo(f).Length < 60_000).Select(File.ReadAllBytes).ToList();
        var watch = Stopwatch.StartNew();
        var tried = 0;
        var before = GC.GetTotalAllocatedBytes();
        while (watch.Elapsed < TimeSpan.FromSeconds(5))
        {
            var bytes = Mutate(seeds[random.Next(seeds.Count)], random);
            try
            {
                var file = Part10File.Read(bytes);
                foreach (var element in file.DataSet)
                {
                    file.DataSet.GetString(element.Tag);
                }

                file.Encode();
            }
            catch (MalformedDicomException)
            {
                // A named error is an answer.
            }

            tried++;
        }

        // No claimed length decides how much is allocated: on average far below a megabyte per file.
        Assert.True((GC.GetTotalAllocatedBytes() - before) / tried < 4_000_000);
        Assert.True(tried > 100);
    }

    /// <summary>The same for the JSON model.</summary>
    [Fact]
    public void Mutated_json_never_crashes_the_reader()
    {
        var random = new Random(1);
        var seed = """{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00100010":{"vr":"PN","Value":[{"Alphabetic":"A^B","Ideographic":"x"}]},"00081140":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.2"]}}]},"00280010":{"vr":"US","Value":[1,2]},"7FE00010":{"vr":"OW","InlineBinary":"AAAA"}}"""u8.ToArray();
        var refused = 0;
        for (var i = 0; i < 50_000; i++)
        {
            try
            {
                Assert.NotNull(DicomJsonReader.Read(Mutate(seed, random)));
            }
            catch (MalformedDicomException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 1, 49_999);
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        var bytes = (byte[])seed.Clone();
        for (var n = random.Next(1, 8); n > 0; n--)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    Array.Fill(bytes, (byte)0xFF, at, Math.Min(4, bytes.Length - at));
                    break;
                default:
                    bytes = random.Next(4) == 0 ? bytes[..Math.Max(16, at)] : bytes;
                    break;
            }
        }

        return bytes;
    }
}
