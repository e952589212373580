using System.Globalization;
using System.Text;
using System.Xml;

namespace Vesalius.Archive.Storage;

/// <summary>An entry of a catalog.</summary>
/// <param name="Path">Path relative to the resource.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Md5">MD5 in hexadecimal.</param>
/// <param name="SopInstanceUid">For DICOM instances.</param>
/// <param name="InstanceNumber">For DICOM instances.</param>
/// <param name="Format">Format, may be empty.</param>
/// <param name="Content">Content, may be empty.</param>
public sealed record CatalogEntry(string Path, long Size, string Md5, string? SopInstanceUid, int? InstanceNumber, string Format, string Content)
{
    /// <summary>Tags, joined by commas.</summary>
    public string Tags { get; init; } = "";

    /// <summary>Who stored the file.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>When it was stored.</summary>
    public DateTime? Created { get; init; }

    /// <summary>When its bytes last changed.</summary>
    public DateTime? Modified { get; init; }

    /// <summary>Address in place of the path; null for the path itself.</summary>
    public string? Uri { get; init; }
}

/// <summary>What a catalog says about itself.</summary>
/// <param name="Id">ID of the catalog.</param>
/// <param name="SeriesInstanceUid">For scans with images: makes it a DICOM catalog.</param>
/// <param name="Name">Name.</param>
/// <param name="Description">Description.</param>
/// <param name="Format">Format.</param>
/// <param name="Content">Content.</param>
/// <param name="Tags">Tags, joined by commas.</param>
public sealed record CatalogHeader(
    string Id, string? SeriesInstanceUid, string Name = "", string Description = "", string Format = "", string Content = "", string Tags = "");

/// <summary>Writes XNAT's catalog documents.</summary>
public static class CatalogWriter
{
    private const string Namespace = "http://nrg.wustl.edu/catalog";

    /// <summary>The catalog as XML text. It begins as clients expect it: declaration, line end, root element.</summary>
    /// <param name="id">ID of the catalog.</param>
    /// <param name="seriesInstanceUid">For scans: makes it a DICOM catalog.</param>
    /// <param name="entries">Files.</param>
    public static string Write(string id, string? seriesInstanceUid, IEnumerable<CatalogEntry> entries) => Write(new CatalogHeader(id, seriesInstanceUid), entries);

    /// <summary>The catalog as XML text. It begins as clients expect it: declaration, line end, root element.</summary>
    public static string Write(CatalogHeader header, IEnumerable<CatalogEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(entries);
        var text = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true, Indent = true, NewLineChars = "\n", CheckCharacters = false }))
        {
            xml.WriteStartElement("cat", header.SeriesInstanceUid is null ? "Catalog" : "DCMCatalog", Namespace);
            xml.WriteAttributeString("xmlns", "xsi", null, "http://www.w3.org/2001/XMLSchema-instance");
            xml.WriteAttributeString("ID", header.Id);
            WriteOptional(xml, "UID", header.SeriesInstanceUid, evenEmpty: true);
            WriteOptional(xml, "name", header.Name);
            WriteOptional(xml, "description", header.Description);
            WriteOptional(xml, "format", header.Format);
            WriteOptional(xml, "content", header.Content);
            WriteTags(xml, header.Tags);
            xml.WriteStartElement("entries", Namespace);
            foreach (var entry in entries)
            {
                WriteEntry(xml, entry);
            }

            xml.WriteEndElement();
            xml.WriteEndElement();
        }

        return text.ToString();
    }

    private static void WriteOptional(XmlWriter xml, string name, string? value, bool evenEmpty = false)
    {
        if (value is not null && (evenEmpty || value.Length > 0))
        {
            xml.WriteAttributeString(name, value);
        }
    }

    private static void WriteTags(XmlWriter xml, string tags)
    {
        if (tags.Length == 0)
        {
            return;
        }

        var parts = tags.Split(',').Select(t => t.Split('=', 2)).ToList();
        if (parts.Exists(p => p.Length == 2))
        {
            xml.WriteStartElement("metaFields", Namespace);
            foreach (var named in parts.Where(p => p.Length == 2))
            {
                WriteMeta(xml, named[0], named[1]);
            }

            xml.WriteEndElement();
        }

        if (parts.Exists(p => p.Length == 1))
        {
            xml.WriteStartElement("tags", Namespace);
            foreach (var plain in parts.Where(p => p.Length == 1))
            {
                xml.WriteElementString("tag", Namespace, plain[0]);
            }

            xml.WriteEndElement();
        }
    }

    private static void WriteEntry(XmlWriter xml, CatalogEntry entry)
    {
        xml.WriteStartElement("entry", Namespace);
        if (entry.SopInstanceUid is not null)
        {
            xml.WriteAttributeString("xsi", "type", "http://www.w3.org/2001/XMLSchema-instance", "cat:dcmEntry");
            xml.WriteAttributeString("UID", entry.SopInstanceUid);
        }

        xml.WriteAttributeString("URI", entry.Uri ?? entry.Path);
        xml.WriteAttributeString("ID", entry.Path);
        xml.WriteAttributeString("name", Path.GetFileName(entry.Path));
        xml.WriteAttributeString("cachePath", entry.Path);
        WriteOptional(xml, "instanceNumber", entry.InstanceNumber?.ToString(CultureInfo.InvariantCulture));
        WriteOptional(xml, "format", entry.Format);
        WriteOptional(xml, "content", entry.Content);
        WriteOptional(xml, "createdBy", entry.CreatedBy);
        WriteOptional(xml, "createdTime", Time(entry.Created));
        WriteOptional(xml, "modifiedTime", Time(entry.Modified));
        xml.WriteAttributeString("digest", entry.Md5);
        xml.WriteStartElement("metaFields", Namespace);
        WriteMeta(xml, "RELATIVE_PATH", entry.Path);
        WriteMeta(xml, "SIZE", entry.Size.ToString(CultureInfo.InvariantCulture));
        foreach (var named in entry.Tags.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(t => t.Split('=', 2)).Where(t => t.Length == 2))
        {
            WriteMeta(xml, named[0], named[1]);
        }

        xml.WriteEndElement();
        if (entry.Tags.Split(',', StringSplitOptions.RemoveEmptyEntries).Where(t => !t.Contains('=', StringComparison.Ordinal)).ToList() is { Count: > 0 } plain)
        {
            xml.WriteStartElement("tags", Namespace);
            foreach (var tag in plain)
            {
                xml.WriteElementString("tag", Namespace, tag);
            }

            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static string? Time(DateTime? at) => at?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static void WriteMeta(XmlWriter xml, string name, string value)
    {
        xml.WriteStartElement("metaField", Namespace);
        xml.WriteAttributeString("name", name);
        xml.WriteString(value);
        xml.WriteEndElement();
    }

    /// <summary>Name of the catalog file in its resource's folder.</summary>
    public static string FileName(string resourceLabel, string? scanId) =>
        scanId is null ? $"{resourceLabel}_catalog.xml" : $"scan_{ArchiveLayout.ScanFolder(scanId)}_catalog.xml";

    /// <summary>Replaces the catalog file of a resource in one step.</summary>
    public static async Task SaveAsync(string folder, string fileName, string catalog, CancellationToken cancellationToken)
    {
        var target = Path.Combine(folder, fileName);
        // Whoever writes the same catalog at the same time has a name of its own.
        var temporary = Path.Combine(folder, $".{Guid.NewGuid():N}.new");
        try
        {
            await File.WriteAllTextAsync(temporary, catalog, cancellationToken).ConfigureAwait(false);
            File.Move(temporary, target, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
