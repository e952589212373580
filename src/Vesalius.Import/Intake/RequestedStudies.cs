using Vesalius.Dicom;

namespace Vesalius.Import;

/// <summary>Knows which studies were asked for, so that what arrives gets the labels of its request. The room that asks implements it.</summary>
public interface IRequestedStudies
{
    /// <summary>The request that an object answers; null if nobody asked for anything that it could belong to.</summary>
    /// <param name="header">The header as it came.</param>
    /// <param name="source">Where it comes from.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<RequestedStudy?> FindAsync(DataSet header, IntakeSource source, CancellationToken cancellationToken);
}

/// <summary>A study that somebody asked for.</summary>
public abstract class RequestedStudy
{
    /// <summary>Project that it is for; null for none.</summary>
    public abstract string? ProjectId { get; }

    /// <summary>Edits an object of it in place, as the request wants.</summary>
    /// <returns>Its labels; null to leave the object out.</returns>
    /// <exception cref="Anonymisation.ScriptRunException">The request's script failed; the object goes into quarantine.</exception>
    public abstract GivenLabels? Relabel(DataSet dataSet, CancellationToken cancellationToken);

    /// <summary>Told once the outcome is durable.</summary>
    /// <param name="seriesInstanceUid">Series as it came.</param>
    /// <param name="sopInstanceUid">Instance as it came.</param>
    /// <param name="result">What became of it.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public abstract ValueTask ArrivedAsync(string seriesInstanceUid, string sopInstanceUid, IntakeResult result, CancellationToken cancellationToken);
}

/// <summary>Where nothing is ever asked for.</summary>
public sealed class NoRequestedStudies : IRequestedStudies
{
    /// <inheritdoc/>
    public ValueTask<RequestedStudy?> FindAsync(DataSet header, IntakeSource source, CancellationToken cancellationToken) => default;
}
