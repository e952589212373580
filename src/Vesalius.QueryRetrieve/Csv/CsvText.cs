using System.Text;

namespace Vesalius.QueryRetrieve;

/// <summary>Text of an uploaded list, whatever program wrote it.</summary>
/// <param name="Lines">Lines with their numbers in the file, from 1; blank ones are left out.</param>
/// <param name="Encoding">How it was encoded, for people.</param>
public sealed record CsvText(IReadOnlyList<(int Number, string Text)> Lines, string Encoding)
{
    static CsvText() => System.Text.Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>Decodes a file: by its byte order mark, else by what its bytes look like.</summary>
    public static CsvText Decode(ReadOnlySpan<byte> bytes)
    {
        var (text, encoding) = bytes switch
        {
            [0xEF, 0xBB, 0xBF, .. var rest] => (System.Text.Encoding.UTF8.GetString(rest), "UTF-8"),
            [0xFF, 0xFE, 0x00, 0x00, .. var rest] => (System.Text.Encoding.UTF32.GetString(rest), "UTF-32"),
            [0xFF, 0xFE, .. var rest] => (System.Text.Encoding.Unicode.GetString(rest), "UTF-16"),
            [0xFE, 0xFF, .. var rest] => (System.Text.Encoding.BigEndianUnicode.GetString(rest), "UTF-16"),
            _ => DecodeUnmarked(bytes),
        };
        return new CsvText(Split(text), encoding);
    }

    private static (string Text, string Encoding) DecodeUnmarked(ReadOnlySpan<byte> bytes)
    {
        // Every other byte of Western text in UTF-16 is zero.
        var sample = bytes[..Math.Min(bytes.Length, 4096)];
        int even = 0, odd = 0;
        for (var i = 0; i < sample.Length; i++)
        {
            if (sample[i] == 0)
            {
                _ = i % 2 == 0 ? even++ : odd++;
            }
        }

        if (odd > sample.Length / 4 || even > sample.Length / 4)
        {
            return (odd > even ? System.Text.Encoding.Unicode.GetString(bytes) : System.Text.Encoding.BigEndianUnicode.GetString(bytes), "UTF-16");
        }

        return System.Text.Unicode.Utf8.IsValid(bytes)
            ? (System.Text.Encoding.UTF8.GetString(bytes), "UTF-8")
            : (System.Text.Encoding.GetEncoding(1252).GetString(bytes), "Windows-1252");
    }

    // CR, LF and CRLF end a line. A cell never spans lines: then a lost quote spoils one row, not the rest of the file.
    private static List<(int, string)> Split(string text)
    {
        var lines = new List<(int, string)>();
        var number = 1;
        var start = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] is not ('\r' or '\n'))
            {
                continue;
            }

            var line = text[start..i];
            if (!string.IsNullOrWhiteSpace(CsvCell.WithoutInvisible(line)))
            {
                lines.Add((number, line));
            }

            number++;
            i += i + 1 < text.Length && text[i] == '\r' && text[i + 1] == '\n' ? 1 : 0;
            start = i + 1;
        }

        return lines;
    }
}
