using System.Security.Cryptography;
using Vesalius.Anonymisation.Residual;
using Vesalius.Database;

namespace Vesalius.Prearchive;

/// <summary>Gathers what the objects of a session have to go through.</summary>
public sealed class ArchivingRuleBook(ScriptLibrary scripts, PixelCleaning pixels, PolicyLibrary policies, ArrivedIdentifiers identifiers, VesaliusDatabase database)
{
    /// <summary>The rules for a session that is to be archived.</summary>
    /// <param name="session">Session.</param>
    /// <param name="projectId">Target project.</param>
    /// <param name="labels">What project, subject and session are to be called.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<ArchivingRules> ForArchivingAsync(PrearchiveSession session, string projectId, IReadOnlyList<string> labels, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (session.PreventAnonymisation)
        {
            return new ArchivingRules { IsPrevented = true };
        }

        var rules = await ForObjectAsync(projectId, cancellationToken).ConfigureAwait(false);
        return rules.ResidualPolicy == ResidualPolicy.Off ? rules : WithCheck(rules, await KnownAsync(session.Id, cancellationToken).ConfigureAwait(false), labels);
    }

    /// <summary>The rules of a project without the search for identifiers, which needs a session.</summary>
    public async Task<ArchivingRules> ForObjectAsync(string projectId, CancellationToken cancellationToken)
    {
        var policy = await policies.InForceAsync(projectId, cancellationToken).ConfigureAwait(false);
        var script = await scripts.ActiveProjectAsync(projectId, cancellationToken).ConfigureAwait(false);
        return new ArchivingRules
        {
            Script = script,
            Pixels = await pixels.ActiveAsync(projectId, cancellationToken).ConfigureAwait(false),
            ResidualPolicy = policy.Residual, Failures = policy.Failures,
            Settings = await scripts.SettingsAsync(script?.Script.LooksUp == true, cancellationToken).ConfigureAwait(false),
        };
    }

    /// <summary>What identified a session's subject as its objects came.</summary>
    /// <exception cref="ArchivingException">It cannot be unsealed.</exception>
    public async Task<KnownIdentifiers> KnownAsync(long sessionId, CancellationToken cancellationToken)
    {
        try
        {
            return await identifiers.OpenAsync(sessionId, cancellationToken).ConfigureAwait(false);
        }
        catch (CryptographicException)
        {
            throw new ArchivingException(PrearchiveStatus.Error, "What identified the subject cannot be unsealed: identifier-key in the data folder is not the key it was sealed with.");
        }
    }

    /// <summary>Adds the search for identifiers.</summary>
    /// <param name="rules">Rules.</param>
    /// <param name="known">What is looked for.</param>
    /// <param name="labels">What project, subject and session are called: not looked for.</param>
    /// <exception cref="ArchivingException">There are more identifiers than can be looked for, so that nothing would be proved.</exception>
    public static ArchivingRules WithCheck(ArchivingRules rules, KnownIdentifiers known, IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(known);
        if (known.IsOverfull && rules.ResidualPolicy != ResidualPolicy.Flag)
        {
            throw new ArchivingException(
                PrearchiveStatus.Error, $"More than {KnownIdentifiers.MostValues} different identifiers came with this session; not all can be looked for. Send it in parts, or let the project's policy be flag or off.");
        }

        return rules with
        {
            Residual = new ResidualCheck(known, labels), Identifiers = known.Count, IsCheckIncomplete = known.IsOverfull,
            IdentifyingLabels = [.. labels.SelectMany(known.KindsOf).Distinct().Order(StringComparer.Ordinal)],
        };
    }

    /// <summary>Where scripts are kept: project, or null for the site, and version.</summary>
    public async Task<IReadOnlyDictionary<long, (string? Project, int Version)>> PlacesAsync(IReadOnlyCollection<long> numbers, CancellationToken cancellationToken) =>
        (await database.QueryAsync<(long Id, string? ProjectId, int Version)>(
            "select id, project_id, version from prearchive_configuration where id = any (@numbers)", new { numbers = numbers.ToArray() }, cancellationToken).ConfigureAwait(false))
        .ToDictionary(r => r.Id, r => (r.ProjectId, r.Version));
}
