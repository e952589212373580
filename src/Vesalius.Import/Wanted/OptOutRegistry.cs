using System.Collections.Concurrent;
using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using Vesalius.Database;
using Vesalius.Dicom;

namespace Vesalius.Import;

/// <summary>A row of a list that was not taken.</summary>
/// <param name="Row">Its number, from 1, the heading counted.</param>
/// <param name="Reason">Why, without its content.</param>
public sealed record OptOutFault(int Row, string Reason);

/// <summary>What became of a list.</summary>
/// <param name="Added">Identifiers that are new.</param>
/// <param name="Known">Identifiers that were there.</param>
/// <param name="Faults">Rows that were not taken.</param>
public sealed record OptOutChange(int Added, int Known, IReadOnlyList<OptOutFault> Faults);

/// <summary>Patients who opted out of secondary use (R8). Only keyed hashes are kept: without the key nobody can even test an identifier against the table.</summary>
/// <param name="database">Database.</param>
/// <param name="key">The site's opt-out key.</param>
/// <param name="time">Clock.</param>
public sealed class OptOutRegistry(VesaliusDatabase database, ReadOnlyMemory<byte> key, TimeProvider time)
{
    private const int MostFaults = 1000;
    private const int Batch = 5000;
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(1);
    private static readonly string[] NhsHeadings = ["nhs_number", "nhsnumber", "nhs number", "nhs no", "nhs"];
    private static readonly string[] Headings = ["patient_id", "patientid", "patient id", "identifier", "mrn", "hospital number", "hospital_number", "id", .. NhsHeadings];

    // The objects of one patient come one after the other.
    private readonly ConcurrentDictionary<string, (bool OptedOut, DateTimeOffset Until)> _known = new(StringComparer.Ordinal);

    /// <summary>True if an identifier of the object's patient is in the registry.</summary>
    public Task<bool> HasAsync(DataSet header, CancellationToken cancellationToken) => HasAsync(OptOutIdentifier.Of(header), cancellationToken);

    private async Task<bool> HasAsync(IReadOnlyList<string> identifiers, CancellationToken cancellationToken)
    {
        if (identifiers.Count == 0)
        {
            return false;
        }

        var hashes = identifiers.Select(i => OptOutIdentifier.Hash(key.Span, i)).ToArray();
        var cacheKey = string.Join('/', hashes.Select(Convert.ToBase64String));
        var now = time.GetUtcNow();
        if (_known.TryGetValue(cacheKey, out var known) && known.Until > now)
        {
            return known.OptedOut;
        }

        var found = await database.FindAsync<bool>("select exists (select 1 from import_opt_out where hash = any (@hashes))", new { hashes }, cancellationToken).ConfigureAwait(false);
        if (_known.Count > 10_000)
        {
            _known.Clear();
        }

        _known[cacheKey] = (found, now + Kept);
        return found;
    }

    /// <summary>True if an identifier is in the registry.</summary>
    public Task<bool> HasAsync(string identifier, CancellationToken cancellationToken) =>
        HasAsync(OptOutIdentifier.Normalise(identifier) is { } normalised ? [normalised] : [], cancellationToken);

    /// <summary>Identifiers in the registry.</summary>
    public Task<long> CountAsync(CancellationToken cancellationToken) => database.FindAsync<long>("select count(*) from import_opt_out", null, cancellationToken);

    /// <summary>Adds identifiers.</summary>
    public Task<OptOutChange> AddAsync(IEnumerable<string> identifiers, string user, CancellationToken cancellationToken) =>
        AddAsync(Rows(identifiers), user, cancellationToken);

    private static async IAsyncEnumerable<(int Row, string Text, bool IsNhs)> Rows(IEnumerable<string> identifiers)
    {
        var row = 0;
        foreach (var text in identifiers)
        {
            yield return (++row, text, false);
        }

        await Task.CompletedTask.ConfigureAwait(false);
    }

    private async Task<OptOutChange> AddAsync(IAsyncEnumerable<(int Row, string Text, bool IsNhs)> rows, string user, CancellationToken cancellationToken)
    {
        var (added, known) = (0, 0);
        var faults = new List<OptOutFault>();
        var batch = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var (row, text, isNhs) in rows.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            var fault = isNhs && !OptOutIdentifier.IsNhsNumber(text) ? "It is no NHS number: ten digits with a right check digit are needed."
                : OptOutIdentifier.Normalise(text) is null ? $"An identifier has {OptOutIdentifier.Shortest} to 64 letters and digits." : null;
            if (fault is not null)
            {
                if (faults.Count < MostFaults)
                {
                    faults.Add(new OptOutFault(row, fault));
                }

                continue;
            }

            if (!batch.Add(OptOutIdentifier.Normalise(text)!))
            {
                known++;
            }

            if (batch.Count >= Batch)
            {
                await StoreAsync().ConfigureAwait(false);
            }
        }

        await StoreAsync().ConfigureAwait(false);
        return new OptOutChange(added, known, faults);

        async Task StoreAsync()
        {
            var hashes = batch.Select(i => OptOutIdentifier.Hash(key.Span, i)).ToArray();
            var stored = await database.ExecuteAsync(
                "insert into import_opt_out (hash, added_by) select h, @user from unnest(@hashes) h on conflict do nothing", new { hashes, user }, cancellationToken).ConfigureAwait(false);
            added += stored;
            known += hashes.Length - stored;
            batch.Clear();
            _known.Clear();
        }
    }

    /// <summary>Takes identifiers out.</summary>
    /// <returns>How many were there.</returns>
    public async Task<int> RemoveAsync(IEnumerable<string> identifiers, CancellationToken cancellationToken)
    {
        var hashes = identifiers.Select(OptOutIdentifier.Normalise).OfType<string>().Select(i => OptOutIdentifier.Hash(key.Span, i)).ToArray();
        var removed = await database.ExecuteAsync("delete from import_opt_out where hash = any (@hashes)", new { hashes }, cancellationToken).ConfigureAwait(false);
        _known.Clear();
        return removed;
    }

    /// <summary>Adds a list in CSV: columns named <c>patient_id</c>, <c>mrn</c>, <c>nhs_number</c>, <c>identifier</c> and alike; without such a heading the first column, every row.</summary>
    /// <param name="text">The list; its byte order mark is honoured, else UTF-8.</param>
    /// <param name="user">Who adds it.</param>
    /// <param name="cancellationToken">Cancels; what was added stays.</param>
    public async Task<OptOutChange> AddCsvAsync(Stream text, string user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(text);
        using var reader = new StreamReader(text, detectEncodingFromByteOrderMarks: true, leaveOpen: true);
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture) { HasHeaderRecord = false, DetectDelimiter = true, BadDataFound = null, MissingFieldFound = null, MaxFieldSize = 4096 };
        using var csv = new CsvReader(reader, configuration);
        try
        {
            return await AddAsync(ReadCsv(csv), user, cancellationToken).ConfigureAwait(false);
        }
        catch (CsvHelperException)
        {
            throw new FormatException("The list is no CSV.");
        }
    }

    private static async IAsyncEnumerable<(int Row, string Text, bool IsNhs)> ReadCsv(CsvReader csv)
    {
        List<(int Column, bool IsNhs)>? columns = null;
        var row = 0;
        while (await csv.ReadAsync().ConfigureAwait(false))
        {
            row++;
            if (columns is null)
            {
                var headings = Enumerable.Range(0, csv.Parser.Count).Select(i => csv.GetField(i)?.Trim().ToLowerInvariant() ?? "").ToList();
                columns = [.. headings.Select((h, i) => (Column: i, Heading: h)).Where(h => Headings.Contains(h.Heading)).Select(h => (h.Column, NhsHeadings.Contains(h.Heading)))];
                if (columns.Count > 0)
                {
                    continue;
                }

                columns = [(0, false)];
            }

            foreach (var (column, isNhs) in columns)
            {
                if (csv.GetField(column)?.Trim() is { Length: > 0 } text)
                {
                    yield return (row, text, isNhs);
                }
            }
        }
    }
}
