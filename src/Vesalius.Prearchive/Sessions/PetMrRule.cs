using Vesalius.Access;

namespace Vesalius.Prearchive;

/// <summary>What becomes of a study with PET and MR series (xapi B.9).</summary>
public enum PetMrHandling
{
    /// <summary>One PET MR session.</summary>
    Joint,
    /// <summary>One PET session.</summary>
    Pet,
    /// <summary>A PET session and an MR session.</summary>
    Separate,
}

/// <summary>What project and site say about studies with PET and MR series.</summary>
public sealed class PetMrRule(SiteSettings settings, ConfigurationStore configuration)
{
    /// <summary>Site setting.</summary>
    public const string Setting = "sitewidePetMr";

    /// <summary>Tool of the project's configuration.</summary>
    public const string Tool = "separatePETMR";

    /// <summary>Its path.</summary>
    public const string Place = "config";

    /// <summary>What is in force: the project's word, else the site's, else one session.</summary>
    public async Task<PetMrHandling> OfAsync(string? projectId, CancellationToken cancellationToken)
    {
        var own = projectId is null ? null : await configuration.FindAsync(Tool, Place, projectId, cancellationToken).ConfigureAwait(false);
        return (own is { Enabled: true } ? Parse(own.Contents) : null) ?? Parse(await settings.TextAsync(Setting, cancellationToken).ConfigureAwait(false)) ?? PetMrHandling.Joint;
    }

    /// <summary>True for words that say what becomes of such a study.</summary>
    public static bool IsKnown(string text) => Parse(text ?? "") is not null;

    // XNAT's words, those of its settings page and those of its sources.
    private static PetMrHandling? Parse(string text) => text.Trim().ToLowerInvariant() switch
    {
        "separate" or "split" => PetMrHandling.Separate,
        "pet" or "as_pet" => PetMrHandling.Pet,
        "petmr" or "as_pet_mr" => PetMrHandling.Joint,
        _ => null,
    };
}
