using System.Globalization;
using System.Text;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Profile;

/// <summary>A script made from the profile, and the list that conformance asks for (dicomedit §10).</summary>
/// <param name="Text">The script: version 6.7, commented, for people to read and change.</param>
/// <param name="Rules">What is done to each attribute of the table.</param>
/// <param name="Warnings">What a person has to see to.</param>
public sealed record ProfileScript(string Text, IReadOnlyList<ProfileRule> Rules, IReadOnlyList<string> Warnings)
{
    /// <summary>Edition of the table.</summary>
    public const string Edition = "2024b";

    /// <summary>Makes a script.</summary>
    /// <exception cref="ArgumentException">An option or keyword is not known, or two options exclude each other.</exception>
    public static ProfileScript Make(ProfileChoices choices)
    {
        ArgumentNullException.ThrowIfNull(choices);
        var options = Check(choices);
        var rules = ProfileRules.For(choices);
        var text = new ProfileWriter(choices, options, rules).Write();
        return new ProfileScript(text, rules, Advice(choices, options));
    }

    private static List<ProfileOption> Check(ProfileChoices choices)
    {
        var options = choices.Options.Select(n => ProfileOption.Find(n)
            ?? throw new ArgumentException($"The option '{n}' is not known; {string.Join(", ", ProfileOption.All.Select(o => o.Name))} are.")).Distinct().OrderBy(o => o.Code, StringComparer.Ordinal).ToList();
        if (options.Exists(o => o.Name == "retainFullDates") && options.Exists(o => o.Name == "retainModifiedDates"))
        {
            throw new ArgumentException("retainFullDates and retainModifiedDates exclude each other.");
        }

        if (choices.KeptDescriptors.FirstOrDefault(k => !ProfileTable.Rows.Any(r => r.Keyword.Equals(k, StringComparison.OrdinalIgnoreCase))) is { } unknown)
        {
            throw new ArgumentException($"'{unknown}' is no keyword of an attribute in the profile's table.");
        }

        if (choices.KeptDescriptors.FirstOrDefault(k => !ProfileTable.Rows.First(r => r.Keyword.Equals(k, StringComparison.OrdinalIgnoreCase)).Codes.Any(c => c.Value == 'C' && options.Exists(o => o.Name == c.Key))) is { } notFree)
        {
            throw new ArgumentException($"'{notFree}' is not a text that one of the chosen options lets stay.");
        }

        if (choices.UidRoot is { } root && (root.Length > 40 || !root.Split('.').All(p => p.Length > 0 && p.All(char.IsAsciiDigit) && (p.Length == 1 || p[0] != '0'))))
        {
            throw new ArgumentException("The UID root is no UID of at most 40 characters.");
        }

        return options;
    }

    private static List<string> Advice(ProfileChoices choices, List<ProfileOption> options)
    {
        var advice = new List<string>();
        if (options.Exists(o => o.Name is "cleanPixelData" or "cleanRecognizableVisualFeatures"))
        {
            advice.Add("The script records that pixels were cleaned; it does not clean them. The project's pixel rules must.");
        }

        if (options.Exists(o => o.Name == "cleanGraphics"))
        {
            advice.Add("Overlays, curves and graphic annotations stay; a person or text recognition must have looked at them.");
        }

        if (options.Exists(o => o.Name == "retainSafePrivate"))
        {
            advice.Add("The list of private elements is informative in the standard and may be wrong for a vendor's next release; a person must confirm it.");
        }

        if (choices.KeptDescriptors.Count > 0)
        {
            advice.Add("Descriptions that stay are free text; keep the residual check on.");
        }

        return advice;
    }
}

/// <summary>Writes a profile's script, section by section.</summary>
internal sealed class ProfileWriter(ProfileChoices choices, List<ProfileOption> options, IReadOnlyList<ProfileRule> rules)
{
    // Attributes that get labels (§10.1); the table's rule for them is not used.
    private static readonly (string Tag, string Label)[] Labels =
        [("00100010", "subject"), ("00100020", "subject"), ("00080050", "session"), ("00200010", "session"), ("00081030", "project")];

    private readonly StringBuilder _text = new();

    private bool Has(string option) => options.Exists(o => o.Name == option);

    public string Write()
    {
        Header();
        Documents();
        PrivateElements();
        Uids();
        Section("Removed", rules.Where(r => r.Action == ProfileAction.Remove && !IsLabel(r) && !IsGroup(r) && r.Tag[0] != 'g'), r => $"-*/{Path(r.Tag)}", Groups);
        Section("Emptied where present", rules.Where(r => r.Action == ProfileAction.Empty && !IsLabel(r)), r => $"*/{Path(r.Tag)} ?= \"\"");
        Section("Replaced where present by a value without meaning", rules.Where(r => r.Action == ProfileAction.Dummy && !IsLabel(r)), r => $"*/{Path(r.Tag)} ?= \"{r.Dummy}\"");
        Dates();
        WriteLabels();
        Record();
        return _text.ToString();
    }

    private static bool IsLabel(ProfileRule rule) => Labels.Any(l => l.Tag == rule.Tag);

    private static bool IsGroup(ProfileRule rule) => rule.Tag.Contains('x', StringComparison.Ordinal);

    private void Line(string text = "") => _text.Append(text).Append('\n');

    private void Title(string text)
    {
        Line();
        Line($"// ---- {text} ----");
    }

    private void Header()
    {
        Line("version \"6.7\"");
        Line($"// {ProfileOption.Basic.Meaning}, PS3.15 Table E.1-1, edition {ProfileScript.Edition}.");
        Line(options.Count == 0 ? "// No options." : "// Options:");
        foreach (var option in options)
        {
            Line($"//   {option.Code} {option.Meaning}");
        }

        Line("// The server gives project, subject, session and dateShift (days, constant for each subject and secret).");
    }

    private void Documents()
    {
        Title("Objects whose content is text");
        Line("(0008,0016) = \"1.2.840.10008.1.3.10\" ? reject[] // DICOMDIR");
        if (!Has("cleanStructuredContent"))
        {
            Line(choices.Documents == DocumentRule.Reject
                ? "(0008,0016) ~ \"1\\\\.2\\\\.840\\\\.10008\\\\.5\\\\.1\\\\.4\\\\.1\\\\.1\\\\.88\\\\..*\" ? reject[] // structured reports, key object selections"
                : "// structured reports lose their content below: (0040,A730)");
        }

        Line(choices.Documents == DocumentRule.Reject
            ? "(0008,0016) ~ \"1\\\\.2\\\\.840\\\\.10008\\\\.5\\\\.1\\\\.4\\\\.1\\\\.1\\\\.104\\\\..*\" ? reject[] // encapsulated documents"
            : "// encapsulated documents lose their content below: (0042,0011)");
    }

    private void PrivateElements()
    {
        Title("Private elements");
        if (!Has("retainSafePrivate"))
        {
            Line("removeAllPrivateTags");
            return;
        }

        Line("// PS3.15 Table E.3.10-1, informative: confirm it for your devices.");
        Line("retainPrivateTags[{");
        var safe = ProfileTable.SafePrivate;
        for (var i = 0; i < safe.Count; i++)
        {
            Line($"  */({safe[i].Group},{{{safe[i].Creator}}}{safe[i].Element}){(i < safe.Count - 1 ? "," : "")} // {safe[i].Meaning}");
        }

        Line("}]");
    }

    private void Uids()
    {
        // (0002,0003) follows (0008,0018) by itself.
        var uids = rules.Where(r => r.Action == ProfileAction.ReplaceUid && !r.Tag.StartsWith("0002", StringComparison.Ordinal)).ToList();
        if (uids.Count == 0)
        {
            return;
        }

        Title(choices.UidRoot is null ? "UIDs, hashed: equal UIDs stay equal in all objects" : "UIDs, mapped with the site's key: equal UIDs stay equal in all objects");
        Line(choices.UidRoot is null ? "hashUIDList[{" : $"mapReferencedUIDs[\"{choices.UidRoot}\", {{");
        List(uids);
        Line("}]");
    }

    private void List(List<ProfileRule> members)
    {
        for (var i = 0; i < members.Count; i++)
        {
            Line($"  */{Path(members[i].Tag)}{(i < members.Count - 1 ? "," : "")} // {members[i].Name}");
        }
    }

    private void Section(string title, IEnumerable<ProfileRule> chosen, Func<ProfileRule, string> statement, Action? more = null)
    {
        Title(title);
        foreach (var rule in chosen)
        {
            Line($"{statement(rule)} // {rule.Name}");
        }

        more?.Invoke();
    }

    private void Groups()
    {
        foreach (var rule in rules.Where(r => r.Action == ProfileAction.Remove && IsGroup(r)))
        {
            Line($"-*/{Path(rule.Tag)} // {rule.Name}");
        }

        Line("-*/(0004,XXXX) // leftovers of directories");
        foreach (var (tag, name) in new[] { ("0002,0016", "Source Application Entity Title"), ("0002,0017", "Sending Application Entity Title"), ("0002,0018", "Receiving Application Entity Title"),
            ("0002,0026", "Source Presentation Address"), ("0002,0027", "Sending Presentation Address"), ("0002,0028", "Receiving Presentation Address"),
            ("0002,0100", "Private Information Creator UID"), ("0002,0102", "Private Information") })
        {
            Line($"-({tag}) // {name}");
        }
    }

    private void Dates()
    {
        if (Has("retainFullDates"))
        {
            return;
        }

        // The standard suggests treating all dates alike, whether or not the table lists them (§10.2).
        var others = ProfileTable.UnlistedDates.Select(d => new ProfileRule(d.Tag, d.Vr, d.Name, ProfileAction.ShiftDate, "not in the table")).ToList();
        if (!Has("retainModifiedDates"))
        {
            Section("Dates that the table does not list", others, r => $"*/{Path(r.Tag)} ?= \"{ProfileRules.DummyOf(r.Vr)}\"");
            return;
        }

        Title("Dates, shifted by whole days; times of day stay");
        Line("shiftDateTimeListByIncrement[{");
        List([.. rules.Where(r => r.Action == ProfileAction.ShiftDate), .. others]);
        Line("}, dateShift, \"days\"]");
    }

    private void WriteLabels()
    {
        Title("Labels");
        foreach (var (tag, label) in Labels)
        {
            var name = ProfileTable.Rows.First(r => r.Tag == tag).Name;
            Line($"{Path(tag)} := {label} // {name}");
            Line($"+/{Path(tag)} ?= {label}");
        }
    }

    private void Record()
    {
        Title("Record");
        Line("(0012,0062) := \"YES\" // Patient Identity Removed");
        Line($"(0012,0063) := \"Vesalius profile script, PS3.15 {ProfileScript.Edition}\" // De-identification Method");
        var codes = new List<ProfileOption> { ProfileOption.Basic };
        codes.AddRange(options);
        Line("-(0012,0064) // De-identification Method Code Sequence; the server appends what it held before");
        for (var i = 0; i < codes.Count; i++)
        {
            Line($"(0012,0064)[{i.ToString(CultureInfo.InvariantCulture)}]/(0008,0100) := \"{codes[i].Code}\"");
            Line($"(0012,0064)[{i.ToString(CultureInfo.InvariantCulture)}]/(0008,0102) := \"DCM\"");
            Line($"(0012,0064)[{i.ToString(CultureInfo.InvariantCulture)}]/(0008,0104) := \"{codes[i].Meaning}\"");
        }

        Line($"(0028,0303) := \"{(Has("retainFullDates") ? "UNMODIFIED" : Has("retainModifiedDates") ? "MODIFIED" : "REMOVED")}\" // Longitudinal Temporal Information Modified");
        if (Has("cleanPixelData"))
        {
            // What has no pixels has no attributes of an image.
            Line("isPresent[(0028,0010)] ? (0028,0301) := \"NO\" // Burned In Annotation");
        }

        if (Has("cleanRecognizableVisualFeatures"))
        {
            Line("isPresent[(0028,0010)] ? (0028,0302) := \"NO\" // Recognizable Visual Features");
        }

        Line($"(0002,0012) := \"{Part10Writer.ImplementationClassUid}\" // Implementation Class UID");
        Line($"(0002,0013) := \"{Part10Writer.ImplementationVersionName}\" // Implementation Version Name");
    }

    // 60xx3000 → (60X@,3000): a repeating group is even.
    private static string Path(string tag)
    {
        var digits = tag.ToUpperInvariant().Replace("XX", "X@", StringComparison.Ordinal);
        return tag.StartsWith("50xx", StringComparison.Ordinal) ? "(50X@,XXXX)" : $"({digits[..4]},{digits[4..]})";
    }
}
