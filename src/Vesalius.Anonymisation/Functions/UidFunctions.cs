using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Vesalius.Anonymisation.Evaluation;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Functions;

/// <summary>Functions on UIDs (§7.1).</summary>
internal static partial class UidFunctions
{
    [GeneratedRegex(@"\A(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*\z")]
    private static partial Regex Root();

    public static ScriptValue HashUid(FunctionCall call) => call.Text(0) is { } text ? ScriptValue.Of(Hash(text)) : ScriptValue.Missing;

    /// <summary>A name-based UUID (RFC 4122 version 5, without namespace) as a UID under 2.25.</summary>
    public static string Hash(string text)
    {
        Span<byte> bytes = SHA1.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x50);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return "2.25." + new BigInteger(bytes, isUnsigned: true, isBigEndian: true).ToString(CultureInfo.InvariantCulture);
    }

    public static string NewUid() =>
        "2.25." + new BigInteger(Guid.NewGuid().ToByteArray(bigEndian: true), isUnsigned: true, isBigEndian: true).ToString(CultureInfo.InvariantCulture);

    public static ScriptValue HashUidList(FunctionCall call)
    {
        EachValue(call, 0, Hash);
        return ScriptValue.Missing;
    }

    public static ScriptValue MapUid(FunctionCall call) =>
        call.Text(0) is not { } text ? ScriptValue.Missing : ScriptValue.Of(text.Length == 0 ? text : Map(call, text, call.RequiredText(1)));

    public static ScriptValue MapReferencedUids(FunctionCall call)
    {
        var prefix = call.RequiredText(0);
        EachValue(call, 1, text => Map(call, text, prefix));
        return ScriptValue.Missing;
    }

    private static string Map(FunctionCall call, string uid, string prefix)
    {
        var root = prefix.TrimEnd('.');
        var room = 64 - root.Length - 1;
        if (room < 16 || !Root().IsMatch(root))
        {
            throw new EvaluationException("the prefix is no UID root, or too long.");
        }

        var hash = HMACSHA256.HashData(call.Run.Context.SiteKey.Span, Encoding.UTF8.GetBytes(root + "\n" + uid));
        var digits = new BigInteger(hash, isUnsigned: true, isBigEndian: true).ToString(CultureInfo.InvariantCulture);
        return root + "." + (digits.Length > room ? digits[..room] : digits);
    }

    // Replaces each value of each element found, once. Changes are made after all were found, so none is hashed twice.
    private static void EachValue(FunctionCall call, int from, Func<string, string> change)
    {
        var seen = new HashSet<(DataSet, Tag)>();
        foreach (var place in call.Places(from).SelectMany(p => PathLookup.Find(call.Run, p)).ToList())
        {
            call.Run.Visit();
            if (place.Element is not ValueElement || place.Element.Tag.IsPrivateCreator || !seen.Add((place.Owner, place.Element.Tag)))
            {
                continue;
            }

            var text = place.Owner.GetString(place.Element.Tag);
            if (!string.IsNullOrEmpty(text))
            {
                Editing.Put(place.Owner, place.Element.Tag, string.Join('\\', text.Split('\\').Select(v => v.Trim(' ', '\0') is { Length: > 0 } uid ? change(uid) : v)), place.Element.Vr);
            }
        }
    }
}
