namespace Vesalius.Anonymisation.Profile;

/// <summary>An option of the basic profile (PS3.15 §E.3), with what it is recorded as (PS3.16 CID 7050).</summary>
/// <param name="Name">Name in commands and requests.</param>
/// <param name="Code">Code value, coding scheme DCM.</param>
/// <param name="Meaning">Code meaning.</param>
/// <param name="Explanation">What choosing it does here.</param>
public sealed record ProfileOption(string Name, string Code, string Meaning, string Explanation)
{
    /// <summary>The basic profile itself.</summary>
    public static ProfileOption Basic { get; } = new("basic", "113100", "Basic Application Confidentiality Profile", "Always applied; options override single rules of it.");

    /// <summary>All options, in the order of their codes.</summary>
    public static IReadOnlyList<ProfileOption> All { get; } =
    [
        new("cleanPixelData", "113101", "Clean Pixel Data Option", "Records that burned-in text was removed or looked for; choose it only where the project's pixel rules do that."),
        new("cleanRecognizableVisualFeatures", "113102", "Clean Recognizable Visual Features Option", "Records that faces were removed; choose it only where that is done."),
        new("cleanGraphics", "113103", "Clean Graphics Option", "Keeps overlays, curves and graphic annotations; a person or text recognition must have looked at them."),
        new("cleanStructuredContent", "113104", "Clean Structured Content Option", "Keeps the content of structured reports; the rules apply inside it. Without it such objects are refused or emptied."),
        new("cleanDescriptors", "113105", "Clean Descriptors Option", "Keeps the descriptions that are listed; the residual check looks through them. All others go."),
        new("retainFullDates", "113106", "Retain Longitudinal Temporal Information Full Dates Option", "Keeps dates and times as they are."),
        new("retainModifiedDates", "113107", "Retain Longitudinal Temporal Information Modified Dates Option", "Shifts dates by a number of days that is constant and secret for each subject."),
        new("retainPatientCharacteristics", "113108", "Retain Patient Characteristics Option", "Keeps sex, age, size, weight, ethnic group, smoking and pregnancy status."),
        new("retainDeviceIdentity", "113109", "Retain Device Identity Option", "Keeps what identifies the device."),
        new("retainUids", "113110", "Retain UIDs Option", "Keeps UIDs as they are."),
        new("retainSafePrivate", "113111", "Retain Safe Private Option", "Keeps private elements that the standard's list holds safe; a person must confirm the list for the devices at hand."),
        new("retainInstitutionIdentity", "113112", "Retain Institution Identity Option", "Keeps what identifies the institution."),
    ];

    /// <summary>Finds an option by its name, in any case; null if there is none.</summary>
    public static ProfileOption? Find(string name) => All.FirstOrDefault(o => o.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}

/// <summary>What becomes of structured reports, encapsulated documents and directories where their content may not stay.</summary>
public enum DocumentRule
{
    /// <summary>The object is refused.</summary>
    Reject,

    /// <summary>The object stays without its content.</summary>
    Strip,
}

/// <summary>What a profile script is made from.</summary>
public sealed record ProfileChoices
{
    /// <summary>Names of options (<see cref="ProfileOption.Name"/>).</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>With <c>cleanDescriptors</c>, <c>retainPatientCharacteristics</c> or <c>retainDeviceIdentity</c>: keywords of the free texts that stay.</summary>
    public IReadOnlyList<string> KeptDescriptors { get; init; } = [];

    /// <summary>What becomes of documents.</summary>
    public DocumentRule Documents { get; init; }

    /// <summary>A UID root of the site's own, for UIDs that are mapped with the site's key; null to hash them as XNAT did (§7.1 of the language).</summary>
    public string? UidRoot { get; init; }

    /// <summary>Templates by name: choices that projects begin with.</summary>
    public static IReadOnlyDictionary<string, ProfileChoices> Templates { get; } = new Dictionary<string, ProfileChoices>(StringComparer.OrdinalIgnoreCase)
    {
        ["basic"] = new(),
        // Guy's: what research needs of the patient stays, labels stand for names, intervals survive.
        ["guys"] = new()
        {
            Options = ["cleanDescriptors", "retainModifiedDates", "retainPatientCharacteristics"],
            KeptDescriptors = ["SeriesDescription", "ProtocolName", "RequestedProcedureDescription", "PerformedProcedureStepDescription"],
        },
    };
}
