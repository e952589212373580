using Microsoft.AspNetCore.Http.Metadata;

namespace Vesalius.Server.Rendering;

/// <summary>How large bodies may be: what is read into memory has an end, what goes straight to the disk has none.</summary>
internal static class LargeBodies
{
    /// <summary>Bytes that a body may have where an endpoint says nothing else: documents, lists, scripts, settings.</summary>
    public const long Usual = 64L << 20;

    /// <summary>This endpoint streams: its bodies may be as large as the disk.</summary>
    public static TBuilder TakesFiles<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new BodyLimit(null));

    /// <summary>This endpoint takes so many bytes at most.</summary>
    public static TBuilder TakesAtMost<TBuilder>(this TBuilder builder, long bytes)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new BodyLimit(bytes));

    private sealed record BodyLimit(long? MaxRequestBodySize) : IRequestSizeLimitMetadata;
}
