using Vesalius.Anonymisation.Profile;

namespace Vesalius.Cli;

/// <summary><c>vesalius profile</c>: makes a script from the standard's confidentiality profile.</summary>
internal static class ProfileCommand
{
    /// <summary>Runs the command: the script goes to standard output, what a person has to see to goes to standard error.</summary>
    /// <returns>0, or 2 if the call is wrong.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var choices = new ProfileChoices();
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] is "--options")
            {
                foreach (var option in ProfileOption.All)
                {
                    await Console.Out.WriteLineAsync($"{option.Name,-32} {option.Code}  {option.Explanation}");
                }

                return 0;
            }

            if (i + 1 >= arguments.Length || With(choices, arguments[i], arguments[i + 1]) is not { } next)
            {
                return Usage.Show();
            }

            choices = next;
            i++;
        }

        try
        {
            var script = ProfileScript.Make(choices);
            await Console.Out.WriteAsync(script.Text);
            foreach (var warning in script.Warnings)
            {
                await Console.Error.WriteLineAsync(warning);
            }

            return 0;
        }
        catch (ArgumentException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 2;
        }
    }

    private static ProfileChoices? With(ProfileChoices choices, string name, string value) => name switch
    {
        "--template" => ProfileChoices.Templates.GetValueOrDefault(value),
        "--option" => choices with { Options = [.. choices.Options, value] },
        "--keep" => choices with { KeptDescriptors = [.. choices.KeptDescriptors, value] },
        "--documents" when value is "reject" or "strip" => choices with { Documents = value == "strip" ? DocumentRule.Strip : DocumentRule.Reject },
        "--uid-root" => choices with { UidRoot = value },
        _ => null,
    };
}
