namespace Vesalius.Prearchive;

/// <summary>Which scan of the archive a series becomes (rest-api §13.5).</summary>
internal static class ScanNumbers
{
    /// <summary>Scan IDs in the archive by scan IDs in the prearchive. A scan number that another series has already becomes number-MODALITYk.</summary>
    /// <param name="archived">Series by scan of the archived session.</param>
    /// <param name="description">What comes.</param>
    public static Dictionary<string, string> Assign(IReadOnlyDictionary<string, string> archived, SessionDescription description)
    {
        var taken = new Dictionary<string, string>(archived);
        var ids = new Dictionary<string, string>();
        foreach (var scan in description.Scans)
        {
            var id = taken.FirstOrDefault(t => t.Value == scan.SeriesInstanceUid).Key ?? scan.Id;
            for (var k = 1; taken.TryGetValue(id, out var owner) && owner != scan.SeriesInstanceUid; k++)
            {
                id = $"{scan.Id}-{(scan.Modality.Length > 0 ? scan.Modality : "OT")}{k}";
            }

            taken[id] = scan.SeriesInstanceUid;
            ids[scan.Id] = id;
        }

        return ids;
    }
}
