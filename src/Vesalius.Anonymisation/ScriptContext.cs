using Vesalius.Dicom;
using Vesalius.Dicom.PixelData;

namespace Vesalius.Anonymisation;

/// <summary>Tables that the function <c>lookup</c> reads.</summary>
public interface ILookupTable
{
    /// <summary>The value of a line <c>kind/key = value</c>; null if there is none.</summary>
    string? Find(string kind, string key);
}

/// <summary>What a run of a script is given.</summary>
public sealed record ScriptContext
{
    /// <summary>The server's named values: <c>project</c>, <c>subject</c>, <c>session</c>, and where they are known <c>user</c> and <c>study</c>.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>Tables for <c>lookup</c>; null if the site has none.</summary>
    public ILookupTable? Lookup { get; init; }

    /// <summary>Secret that UID mapping is computed with.</summary>
    public ReadOnlyMemory<byte> SiteKey { get; init; }

    /// <summary>File meta information, so that a script can address group 0002; null if there is none.</summary>
    public DataSet? FileMeta { get; init; }

    /// <summary>Transfer syntax of the object, for pixels.</summary>
    public string? TransferSyntaxUid { get; init; }

    /// <summary>Codecs for compressed pixels.</summary>
    public CodecPool Codecs { get; init; } = CodecPool.Shared;

    /// <summary>Where altered pixels go that are too many for memory, in files without a name.</summary>
    public string ScratchFolder { get; init; } = Path.GetTempPath();

    /// <summary>Receives what <c>echo</c> says. It shows identities, so only the try-out view gives one.</summary>
    public Action<string>? Echo { get; init; }
}

/// <summary>How a run ended.</summary>
public enum ScriptOutcome
{
    /// <summary>The data set is edited as the script says.</summary>
    Edited,

    /// <summary>The script rejected the object: it is to be dropped.</summary>
    Rejected,
}

/// <summary>The result of a run.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="PixelsAltered">True if pixel data was changed; it then is native and the object Explicit VR Little Endian.</param>
public readonly record struct ScriptResult(ScriptOutcome Outcome, bool PixelsAltered);
