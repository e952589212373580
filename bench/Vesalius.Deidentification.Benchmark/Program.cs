using Vesalius.Deidentification.Benchmark;
if (Options.Read(args) is not { } options)
{
    Console.Error.WriteLine("""
        --data FOLDER --work FOLDER [--seed N] [--objects N] [--pictures N] [--fonts FOLDER] [--peers]
            makes a set of objects with identifiers of people who do not exist (WORK/set, WORK/key.json), de-identifies it and prints the scores
        """);
    return 2;
}

if (options.Pictures > 0)
{
    var pictures = await PictureRun.RunAsync(options.Data, options.Fonts, options.Seed, options.Pictures);
    await File.WriteAllLinesAsync(Path.Combine(options.Work, "pictures.faults.txt"), pictures.Faults.Order(StringComparer.Ordinal));
    Print(ReportTable.Pictures(pictures));
}

var key = await HeaderRun.MakeSetAsync(options.Data, options.Work, options.Seed, options.Objects);
Console.WriteLine($"{key.Files.Count} objects of {key.Files.Select(f => f.Subject).Distinct().Count()} subjects, seed {key.Seed}");
var results = new List<HeaderResult>();
foreach (var check in new[] { false, true })
{
    results.Add(await HeaderRun.OwnAsync(key, options.Work, "basic", HeaderRun.Basic, check));
    results.Add(await HeaderRun.OwnAsync(key, options.Work, "research", HeaderRun.Research, check));
}

if (options.WithPeers)
{
    results.AddRange(await HeaderRun.PeersAsync(key, options.Work));
}

Print(ReportTable.Headers(results));
return 0;

static void Print(IEnumerable<string> lines)
{
    Console.WriteLine();
    foreach (var line in lines)
    {
        Console.WriteLine(line);
    }

    Console.WriteLine();
}
