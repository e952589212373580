using System.Globalization;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>What to measure.</summary>
internal sealed record Options
{
    /// <summary>Decides what is put where. The search for text was tuned on 1, 2 and 11; take another.</summary>
    public int Seed { get; init; } = 23;

    /// <summary>Pictures with text; a third as many clean ones are added. 0 for none.</summary>
    public int Pictures { get; init; } = 90;

    /// <summary>Most objects; 0 for all.</summary>
    public int Objects { get; init; }

    /// <summary>Real objects that the set is made of.</summary>
    public string Data { get; init; } = "";

    /// <summary>Where the set, its key and all results go.</summary>
    public string Work { get; init; } = "";

    /// <summary>Where the fonts are.</summary>
    public string Fonts { get; init; } = "/usr/share/fonts/truetype";

    /// <summary>True to run the peers too.</summary>
    public bool WithPeers { get; init; }

    public static Options? Read(string[] arguments)
    {
        var options = new Options();
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == "--peers")
            {
                options = options with { WithPeers = true };
                continue;
            }

            if (i + 1 >= arguments.Length)
            {
                return null;
            }

            var value = arguments[i + 1];
            var isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
            switch (arguments[i])
            {
                case "--seed" when isNumber:
                    options = options with { Seed = number };
                    break;
                case "--pictures" when isNumber:
                    options = options with { Pictures = number };
                    break;
                case "--objects" when isNumber:
                    options = options with { Objects = number };
                    break;
                case "--data":
                    options = options with { Data = value };
                    break;
                case "--work":
                    options = options with { Work = value };
                    break;
                case "--fonts":
                    options = options with { Fonts = value };
                    break;
                default:
                    return null;
            }

            i++;
        }

        return options.Data.Length > 0 && options.Work.Length > 0 ? options : null;
    }
}
