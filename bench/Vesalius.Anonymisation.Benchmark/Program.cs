using System.Globalization;
using Vesalius.Anonymisation.Benchmark;

switch (args)
{
    case ["compile", var script]:
        Console.WriteLine(CompileTime.Measure(script));
        return 0;
    case ["residual", var data]:
        Console.WriteLine(await ResidualTime.MeasureAsync(data));
        return 0;
    case ["make-nested", var folder, var count]:
        SyntheticObjects.WriteNested(folder, int.Parse(count, CultureInfo.InvariantCulture));
        return 0;
    case ["make-frames", var path, var mebibytes]:
        SyntheticObjects.WriteFrames(path, int.Parse(mebibytes, CultureInfo.InvariantCulture));
        return 0;
    default:
        Console.Error.WriteLine("compile SCRIPT | residual FOLDER | make-nested FOLDER COUNT | make-frames FILE MEBIBYTES");
        return 2;
}
