using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Anonymisation.Tests;

/// <summary><c>vesalius anonymise</c> as a process: folders and archives in and out, going on after it was killed, report, exit codes.</summary>
[Trait("Speed", "Slow")]
public sealed class AnonymiseToolTests : IDisposable
{
    private const string Script = "version \"6.7\"\n(0010,0010) := subject\n(0010,0020) = \"REJECT\" ? reject[]\n(0010,0020) = \"FAIL\" ? (0008,1030) := substring[(0010,0020), 0, 99]\n";
    private readonly string _work = Directory.CreateTempSubdirectory("vesalius-tool-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string At(string name) => Path.Combine(_work, name);

    private static byte[] Object(string name, string id = "P1")
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.SOPClassUID, Uids.MRImageStorage);
        dataSet.SetString(Tag.SOPInstanceUID, "1.2.3");
        dataSet.SetString(Tag.PatientName, name);
        dataSet.SetString(Tag.PatientID, id);
        return Part10Writer.Encode(Part10Writer.MakeFileMeta(Uids.MRImageStorage, "1.2.3", Uids.ExplicitVRLittleEndian), dataSet, TransferSyntax.ExplicitVRLittleEndian).ToArray();
    }

    private sealed record Ended(int Code, string Output, string Error);

    private static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "vesalius-cli.dll"), "anonymise", .. arguments])
    {
        RedirectStandardError = true, RedirectStandardOutput = true,
    })!;

    private static async Task<Ended> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync(Token);
        var error = await process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Doe", error, StringComparison.Ordinal);
        return new Ended(process.ExitCode, await output, error);
    }

    private async Task<(int Code, JsonElement Report)> RunOverAsync(string input, string output, int jobs = 2)
    {
        await File.WriteAllTextAsync(At("script.das"), Script, Token);
        File.Delete(At("report.json"));
        var ended = await RunAsync(
            At(input), At(output), "--script", At("script.das"), "--subject", "S1", "--jobs", jobs.ToString(System.Globalization.CultureInfo.InvariantCulture), "--report", At("report.json"));
        return (ended.Code, File.Exists(At("report.json")) ? JsonDocument.Parse(await File.ReadAllBytesAsync(At("report.json"), Token)).RootElement : default);
    }

    private static string? Name(byte[] file) => Part10File.Read(file).DataSet.GetString(Tag.PatientName);

    private static string Outcome(JsonElement report, string file) => report.GetProperty("entries").EnumerateArray().Single(e => e.GetProperty("file").GetString() == file).GetProperty("outcome").GetString()!;

    private async Task PackAsync(string archive, params (string Name, byte[] Bytes)[] members)
    {
        await using var file = File.Create(At(archive));
        if (archive.EndsWith(".zip", StringComparison.Ordinal))
        {
            await using var zip = await ZipArchive.CreateAsync(file, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, Token);
            foreach (var (name, bytes) in members)
            {
                await using var member = await zip.CreateEntry(name).OpenAsync(Token);
                await member.WriteAsync(bytes, Token);
            }

            return;
        }

        await using var compressed = archive.EndsWith(".tar", StringComparison.Ordinal) ? (Stream)file : new GZipStream(file, CompressionLevel.Fastest);
        await using var tar = new TarWriter(compressed);
        foreach (var (name, bytes) in members)
        {
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(bytes) }, Token);
        }
    }

    private async Task<Dictionary<string, byte[]>> UnpackAsync(string archive)
    {
        var folder = Directory.CreateDirectory(At("unpacked")).FullName;
        await using var file = File.OpenRead(At(archive));
        if (archive.EndsWith(".zip", StringComparison.Ordinal))
        {
            await ZipFile.ExtractToDirectoryAsync(file, folder, Token);
        }
        else
        {
            await using var plain = archive.EndsWith(".tar", StringComparison.Ordinal) ? (Stream)file : new GZipStream(file, CompressionMode.Decompress);
            await TarFile.ExtractToDirectoryAsync(plain, folder, overwriteFiles: false, Token);
        }

        return Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(f => Path.GetRelativePath(folder, f), File.ReadAllBytes);
    }

    /// <summary>Members keep their names; what would be written outside is refused, and the others are done.</summary>
    [Theory]
    [InlineData("in.zip", "out.zip")]
    [InlineData("in.zip", "out.tar.gz")]
    [InlineData("in.tar", "out.tgz")]
    [InlineData("in.tgz", "out.tar")]
    [InlineData("in.tar.gz", "out.zip")]
    public async Task Archives_go_in_and_come_out(string input, string output)
    {
        await PackAsync(
            input, ("a/1.dcm", Object("Doe^Jane")), ("2.dcm", Object("Doe^John")), ("../evil.dcm", Object("Doe^Evil")), ("notes.txt", "no object"u8.ToArray()),
            ("3.dcm", Object("Doe^Jim", "REJECT")), ("4.dcm", Object("Doe^Joe", "FAIL")));
        var (code, report) = await RunOverAsync(input, output);
        Assert.Equal(4, code);
        Assert.Equal(
            ["written", "written", "failed", "failed", "rejected", "failed"], new[] { "a/1.dcm", "2.dcm", "../evil.dcm", "notes.txt", "3.dcm", "4.dcm" }.Select(f => Outcome(report, f)));
        Assert.Contains(report.GetProperty("entries").EnumerateArray(), e => e.GetProperty("reason").GetString()?.StartsWith("Line 4, column", StringComparison.Ordinal) == true);
        Assert.Equal((6, 2), (report.GetProperty("files").GetInt32(), report.GetProperty("outcomes").GetProperty("written").GetInt32()));
        var files = await UnpackAsync(output);
        Assert.Equal(["2.dcm", "a/1.dcm"], files.Keys.Order(StringComparer.Ordinal));
        Assert.All(files.Values, f => Assert.Equal("S1", Name(f)));
        Assert.False(Directory.Exists(At(output + ".parts")));
        Assert.False(File.Exists(At("evil.dcm")));
    }

    /// <summary>What a run that ended left is used: whole files stay, half ones are done again.</summary>
    [Fact]
    public async Task Whole_files_stay_and_half_ones_are_done_again()
    {
        Directory.CreateDirectory(At("in"));
        Directory.CreateDirectory(At("out"));
        await File.WriteAllBytesAsync(At("in/1.dcm"), Object("Doe^Jane"), Token);
        await File.WriteAllBytesAsync(At("in/2.dcm"), Object("Doe^John"), Token);
        await File.WriteAllBytesAsync(At("out/1.dcm"), Object("done before"), Token);
        await File.WriteAllBytesAsync(At("out/2.dcm.partial"), new byte[7000], Token);
        var (code, report) = await RunOverAsync("in", "out");
        Assert.Equal(0, code);
        Assert.Equal(("present", "written"), (Outcome(report, "1.dcm"), Outcome(report, "2.dcm")));
        Assert.Equal("done before", Name(await File.ReadAllBytesAsync(At("out/1.dcm"), Token)));
        Assert.Equal("S1", Name(await File.ReadAllBytesAsync(At("out/2.dcm"), Token)));
        Assert.Equal(["1.dcm", "2.dcm"], Directory.EnumerateFiles(At("out")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    /// <summary>A run that is killed in the middle is started again with the same line, and the archive is whole then.</summary>
    [Fact]
    public async Task Killed_run_goes_on_where_it_was()
    {
        const int Count = 3000;
        Directory.CreateDirectory(At("in"));
        for (var i = 0; i < Count; i++)
        {
            await File.WriteAllBytesAsync(At($"in/{i:D4}.dcm"), Object("Doe^Jane"), Token);
        }

        await File.WriteAllTextAsync(At("script.das"), Script, Token);
        using (var process = Start(At("in"), At("out.zip"), "--script", At("script.das"), "--subject", "S1", "--jobs", "1"))
        {
            while (!process.HasExited && !(Directory.Exists(At("out.zip.parts")) && Directory.EnumerateFiles(At("out.zip.parts")).Any()))
            {
                await Task.Delay(1, Token);
            }

            process.Kill();
            await process.WaitForExitAsync(Token);
        }

        Assert.False(File.Exists(At("out.zip")), "The run was over before it was killed.");
        var (code, report) = await RunOverAsync("in", "out.zip");
        Assert.Equal(0, code);
        var outcomes = report.GetProperty("outcomes");
        Assert.True(outcomes.GetProperty("present").GetInt32() > 0 && outcomes.GetProperty("written").GetInt32() > 0);
        Assert.Equal(Count, outcomes.GetProperty("present").GetInt32() + outcomes.GetProperty("written").GetInt32());
        var files = await UnpackAsync("out.zip");
        Assert.Equal(Count, files.Count);
        Assert.All(files.Values, f => Assert.Equal("S1", Name(f)));

        // Once more: the archive is never overwritten.
        Assert.Equal(2, (await RunOverAsync("in", "out.zip")).Code);
    }

    /// <summary>However many at once, the result is the same.</summary>
    [Fact]
    public async Task Jobs_change_nothing_of_the_result()
    {
        Directory.CreateDirectory(At("in/deep/er"));
        for (var i = 0; i < 40; i++)
        {
            await File.WriteAllBytesAsync(At($"in/{(i % 3 == 0 ? "deep/er/" : "")}{i}.dcm"), Object($"Doe^{i}", $"P{i}"), Token);
        }

        Assert.Equal(0, (await RunOverAsync("in", "one", 1)).Code);
        var (code, report) = await RunOverAsync("in", "many", 7);
        Assert.Equal((0, 40), (code, report.GetProperty("outcomes").GetProperty("written").GetInt32()));
        foreach (var file in Directory.EnumerateFiles(At("in"), "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(At("in"), f)))
        {
            Assert.Equal(await File.ReadAllBytesAsync(At($"one/{file}"), Token), await File.ReadAllBytesAsync(At($"many/{file}"), Token));
        }
    }

    /// <summary>Broken archives, and what is not there, are wrong calls.</summary>
    [Fact]
    public async Task Broken_archives_are_said_to_be_so()
    {
        await File.WriteAllTextAsync(At("in.zip"), "no archive", Token);
        await File.WriteAllTextAsync(At("in.tgz"), "no archive", Token);
        Assert.Equal(2, (await RunOverAsync("in.zip", "out")).Code);
        Assert.Equal(2, (await RunOverAsync("in.tgz", "out")).Code);
        Assert.Equal(2, (await RunOverAsync("nowhere", "out")).Code);
        Assert.Equal(2, (await RunAsync(At("in.zip"))).Code);
        Assert.Equal(2, (await RunAsync(At("in.zip"), At("out"), "--script", At("script.das"), "--jobs", "0")).Code);
    }

    /// <summary>Where everything was rejected.</summary>
    [Fact]
    public async Task Rejecting_every_object_has_its_exit_code()
    {
        await File.WriteAllBytesAsync(At("1.dcm"), Object("Doe^Jane", "REJECT"), Token);
        Assert.Equal(3, (await RunOverAsync("1.dcm", "out")).Code);
    }

    /// <summary>One object in the JSON model: result or reason, never both.</summary>
    [Theory]
    [InlineData("P1", Script, 0, "")]
    [InlineData("REJECT", Script, 3, "rejected")]
    [InlineData("FAIL", Script, 4, "Line 4, column ")]
    [InlineData("P1", "version \"6.7\"\n\n  (0010,0010 := subject\n", 4, "Line 3, column ")]
    [InlineData("P1", "version \"6.7\"\n(0010,0010) := nonsense[subject]\n", 4, "Line 2, column ")]
    public async Task Single_object_ends_with_its_exit_code(string id, string script, int code, string error)
    {
        await File.WriteAllTextAsync(At("script.das"), script, Token);
        await File.WriteAllTextAsync(At("in.json"), $$$"""{"00100010":{"vr":"PN","Value":[{"Alphabetic":"Doe^Jane"}]},"00100020":{"vr":"LO","Value":["{{{id}}}"]}}""", Token);
        var ended = await RunAsync("--json", At("in.json"), "--script", At("script.das"), "--project", "P", "--subject", "S1", "--session", "T");
        Assert.Equal(code, ended.Code);
        Assert.Contains(error, ended.Error, StringComparison.Ordinal);
        if (code == 0)
        {
            Assert.Equal("S1", JsonDocument.Parse(ended.Output).RootElement.GetProperty("00100010").GetProperty("Value")[0].GetProperty("Alphabetic").GetString());
            Assert.Empty(ended.Error);
        }
        else
        {
            Assert.Empty(ended.Output);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_work, recursive: true);
}
