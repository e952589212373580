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

/// <summary>What happens to the rest of a session when objects of it cannot be de-identified.</summary>
public enum FailurePolicy
{
    /// <summary>It is archived, and says that it is incomplete.</summary>
    Apart,
    /// <summary>It waits until each of the objects is cleared up.</summary>
    Hold,
}

/// <summary>The rules of a project or of the site; null: not said here.</summary>
/// <param name="Residual">What happens to what is found.</param>
/// <param name="Failures">What happens to the rest of a session when objects of it fail.</param>
public sealed record StatedPolicies(ResidualPolicy? Residual, FailurePolicy? Failures);

/// <summary>The rules in force for a project.</summary>
/// <param name="Residual">What happens to what is found.</param>
/// <param name="Failures">What happens to the rest of a session when objects of it fail.</param>
public sealed record ProjectPolicies(ResidualPolicy Residual, FailurePolicy Failures);

/// <summary>Each project's rules about what de-identification leaves or fails on, with the site's for projects that say nothing; kept in the configuration store, tool <c>deidentification</c>.</summary>
public sealed class PolicyLibrary(ConfigurationStore store)
{
    private const string Tool = "deidentification";
    private const string ResidualPath = "residual";
    private const string FailuresPath = "failures";

    /// <summary>In force where neither project nor site says anything.</summary>
    public static ProjectPolicies Default { get; } = new(ResidualPolicy.Flag, FailurePolicy.Apart);

    /// <summary>What a project, or the site, says itself.</summary>
    /// <param name="projectId">Project; null: the site.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<StatedPolicies> StatedAsync(string? projectId, CancellationToken cancellationToken) =>
        new(
            await FindAsync<ResidualPolicy>(ResidualPath, projectId, cancellationToken).ConfigureAwait(false),
            await FindAsync<FailurePolicy>(FailuresPath, projectId, cancellationToken).ConfigureAwait(false));

    /// <summary>What is in force for a project.</summary>
    public async Task<ProjectPolicies> InForceAsync(string? projectId, CancellationToken cancellationToken)
    {
        var own = projectId is null ? new StatedPolicies(null, null) : await StatedAsync(projectId, cancellationToken).ConfigureAwait(false);
        var site = await StatedAsync(null, cancellationToken).ConfigureAwait(false);
        return new ProjectPolicies(own.Residual ?? site.Residual ?? Default.Residual, own.Failures ?? site.Failures ?? Default.Failures);
    }

    /// <summary>Says what a project, or the site, wants.</summary>
    /// <param name="projectId">Project; null: the site.</param>
    /// <param name="policies">What it wants; null where it leaves it to the site, or the site to the product.</param>
    /// <param name="user">Who says so.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task PutAsync(string? projectId, StatedPolicies policies, string user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(policies);
        var before = await StatedAsync(projectId, cancellationToken).ConfigureAwait(false);
        await PutAsync(ResidualPath, projectId, before.Residual, policies.Residual, user, cancellationToken).ConfigureAwait(false);
        await PutAsync(FailuresPath, projectId, before.Failures, policies.Failures, user, cancellationToken).ConfigureAwait(false);
    }

    private async Task PutAsync<T>(string path, string? projectId, T? before, T? now, string user, CancellationToken cancellationToken)
        where T : struct, Enum
    {
        if (!Nullable.Equals(before, now))
        {
            await store.PutAsync(Tool, path, projectId, now?.ToString() ?? "", now is not null, user, "", cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<T?> FindAsync<T>(string path, string? projectId, CancellationToken cancellationToken)
        where T : struct, Enum =>
        await store.FindAsync(Tool, path, projectId, cancellationToken).ConfigureAwait(false) is { Enabled: true } stored
            && Enum.TryParse<T>(stored.Contents, ignoreCase: true, out var policy) && Enum.IsDefined(policy) ? policy : null;
}
