using Vesalius.Dicom;
using Vesalius.Dicom.PixelData;

namespace Vesalius.Anonymisation;

/// <summary>Tables that the function <c>lookup</c> reads.</summary>
public interface ILookupTable
{
    /// <summary>The value of a line <c>kind/key = value</c>; null if there is none.</summary>
    string? Find(string kind, string key);
}

/// <summary>Web pages that an administrator allows scripts to read.</summary>
public interface IWebText
{
    /// <summary>The text of a page, its lines joined without line ends.</summary>
    /// <exception cref="InvalidOperationException">The address is not allowed, not reachable, or gives nothing.</exception>
    string Read(string url);
}

/// <summary>Follows a run statement by statement.</summary>
public interface IScriptObserver
{
    /// <summary>A statement was carried out.</summary>
    /// <param name="position">Where it stands.</param>
    /// <param name="statement">The statement as typed.</param>
    void Executed(ScriptPosition position, string statement);

    /// <summary>Something that the author may not expect.</summary>
    /// <param name="position">Where.</param>
    /// <param name="reason">What, without values.</param>
    void Noticed(ScriptPosition position, string reason);
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

    /// <summary>True if a shift of a date that is missing or empty, assigned to the very element it was read from, does nothing instead of failing
    /// (site setting <c>missingDate</c> = <c>skip</c>).</summary>
    public bool SkipsMissingDates { get; init; }

    /// <summary>Fetches the text of a web page for <c>getURL</c>; null where no address is allowed.</summary>
    public IWebText? Web { get; init; }

    /// <summary>The longest that a script may run over one object; what takes longer fails at the statement that it was in.</summary>
    public TimeSpan TimeLimit { get; init; } = DefaultTimeLimit;

    /// <summary>The limit where nobody said another: enough for large pixel data.</summary>
    public static TimeSpan DefaultTimeLimit { get; } = TimeSpan.FromMinutes(5);

    /// <summary>What measures <see cref="TimeLimit"/>.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Is told of every statement that was carried out; for the try-out view.</summary>
    public IScriptObserver? Observer { get; init; }

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
