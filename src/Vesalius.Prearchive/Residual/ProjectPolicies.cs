namespace Vesalius.Prearchive;

/// <summary>What happens when an identifier is found after de-identification (R14).</summary>
public enum ResidualPolicy
{
    /// <summary>Nobody looks.</summary>
    Off,
    /// <summary>The report and the log tell it.</summary>
    Flag,
    /// <summary>The session stays out of the archive.</summary>
    Quarantine,
    /// <summary>The element is emptied, and the report tells it.</summary>
    Blank,
}

/// <summary>The rules of a project or of the site; null: not said here.</summary>
/// <param name="Residual">What happens to what is found.</param>
public sealed record StatedPolicies(ResidualPolicy? Residual);

/// <summary>The rules in force for a project.</summary>
/// <param name="Residual">What happens to what is found.</param>
public sealed record ProjectPolicies(ResidualPolicy Residual);

/// <summary>Each project's rules about what de-identification leaves or fails on, with the site's for projects that say nothing; kept in the configuration store, tool <c>deidentification</c>.</summary>
public sealed class PolicyLibrary(ConfigurationStore store)
{
    private const string Tool = "deidentification";
    private const string ResidualPath = "residual";

    /// <summary>In force where neither project nor site says anything.</summary>
    public static ProjectPolicies Default { get; } = new(ResidualPolicy.Flag);

    /// <summary>What a project, or the site, says itself.</summary>
    /// <param name="projectId">Project; null: the site.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<StatedPolicies> StatedAsync(string? projectId, CancellationToken cancellationToken) =>
        new(await FindAsync<ResidualPolicy>(ResidualPath, projectId, cancellationToken).ConfigureAwait(false));

    /// <summary>What is in force for a project.</summary>
    public async Task<ProjectPolicies> InForceAsync(string? projectId, CancellationToken cancellationToken)
    {
        var own = projectId is null ? new StatedPolicies(null) : await StatedAsync(projectId, cancellationToken).ConfigureAwait(false);
        var site = await StatedAsync(null, cancellationToken).ConfigureAwait(false);
        return new ProjectPolicies(own.Residual ?? site.Residual ?? Default.Residual);
    }

    /// <summary>Says what a project, or the site, wants.</summary>
    /// <param name="projectId">Project; null: the site.</param>
    /// <param name="policies">What it wants; null where it leaves it to the site, or the site to the product.</param>
    /// <param name="user">Who says so.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task PutAsync(string? projectId, StatedPolicies policies, string user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(policies);
        await store.PutAsync(Tool, ResidualPath, projectId, policies.Residual?.ToString() ?? "", policies.Residual is not null, user, "", cancellationToken).ConfigureAwait(false);
    }

    private async Task<T?> FindAsync<T>(string path, string? projectId, CancellationToken cancellationToken)
        where T : struct, Enum =>
        await store.FindAsync(Tool, path, projectId, cancellationToken).ConfigureAwait(false) is { Enabled: true } stored
            && Enum.TryParse<T>(stored.Contents, ignoreCase: true, out var policy) && Enum.IsDefined(policy) ? policy : null;
}
