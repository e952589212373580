using System.Globalization;
using Vesalius.Anonymisation;
using Vesalius.Anonymisation.Profile;
using Vesalius.Anonymisation.Residual;
using Vesalius.Dicom;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>Our engine over a seeded set, as a project does it: script, then the residual check, which blanks what it finds.</summary>
internal static class OwnEngine
{
    /// <summary>De-identifies a set.</summary>
    /// <param name="key">The set's answers, of which only the subjects of files are used.</param>
    /// <param name="input">The set.</param>
    /// <param name="output">Where results go.</param>
    /// <param name="choices">What the script is made of.</param>
    /// <param name="check">True if what is left is looked for.</param>
    public static async Task RunAsync(AnswerKey key, string input, string output, ProfileChoices choices, bool check)
    {
        Directory.CreateDirectory(output);
        var script = DicomEditScript.CompileForSaving(ProfileScript.Make(choices).Text);
        var siteKey = new byte[32];
        foreach (var subject in key.Files.GroupBy(f => f.Subject))
        {
            // What identifies the subject is gathered over all objects of the session, as they came.
            var files = new List<(string Name, Part10File File)>();
            var known = new KnownIdentifiers();
            foreach (var answer in subject)
            {
                var file = Part10File.Read(await File.ReadAllBytesAsync(Path.Combine(input, answer.File)));
                known.Add(KnownIdentifiers.Of(file.DataSet));
                files.Add((answer.File, file));
            }

            var label = string.Create(CultureInfo.InvariantCulture, $"TRIAL_{subject.Key:D4}");
            var (project, session) = ("SEEDED", label + "_01");
            var residual = new ResidualCheck(known.Without([project, label, session]));
            foreach (var (name, file) in files)
            {
                var context = new ScriptContext
                {
                    Variables = new Dictionary<string, string>
                    {
                        ["project"] = project, ["subject"] = label, ["session"] = session, ["dateShift"] = DateShift.Days(siteKey, project, label).ToString(CultureInfo.InvariantCulture),
                    },
                    SiteKey = siteKey,
                    FileMeta = file.FileMeta,
                    TransferSyntaxUid = file.TransferSyntax.Uid,
                };
                try
                {
                    if (script.Apply(file.DataSet, context).Outcome == ScriptOutcome.Rejected)
                    {
                        continue;
                    }

                    if (check)
                    {
                        residual.Find(file.DataSet, file.FileMeta, blank: true);
                    }

                    await File.WriteAllBytesAsync(Path.Combine(output, name), file.Encode().ToArray());
                }
                catch (ScriptRunException e)
                {
                    // To the quarantine: nothing comes out.
                    await Console.Error.WriteLineAsync($"{name}: {e.Message}");
                }
            }
        }
    }
}
