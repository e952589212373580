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
public sealed record CatalogEntry(string Path, long Size, string Md5, string? SopInstanceUid, int? InstanceNumber, string Format, string Content);

/// <summary>Writes XNAT's catalog documents.</summary>
public static class CatalogWriter
{
    private const string Namespace = "http://nrg.wustl.edu/catalog";

    /// <summary>The catalog as XML text. It begins as clients expect it: declaration, line end, root element.</summary>
    /// <param name="id">ID of the catalog.</param>
    /// <param name="seriesInstanceUid">For scans: makes it a DICOM catalog.</param>
    /// <param name="entries">Files.</param>
    public static string Write(string id, string? seriesInstanceUid, IEnumerable<CatalogEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var text = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true, Indent = true, NewLineChars = "\n", CheckCharacters = false }))
        {
            xml.WriteStartElement("cat", seriesInstanceUid is null ? "Catalog" : "DCMCatalog", Namespace);
            xml.WriteAttributeString("xmlns", "xsi", null, "http://www.w3.org/2001/XMLSchema-instance");
            xml.WriteAttributeString("ID", id);
            if (seriesInstanceUid is not null)
            {
                xml.WriteAttributeString("UID", seriesInstanceUid);
            }

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

    private static void WriteEntry(XmlWriter xml, CatalogEntry entry)
    {
        xml.WriteStartElement("entry", Namespace);
        if (entry.SopInstanceUid is not null)
        {
            xml.WriteAttributeString("xsi", "type", "http://www.w3.org/2001/XMLSchema-instance", "cat:dcmEntry");
            xml.WriteAttributeString("UID", entry.SopInstanceUid);
        }

        xml.WriteAttributeString("URI", entry.Path);
        xml.WriteAttributeString("ID", entry.Path);
        xml.WriteAttributeString("name", Path.GetFileName(entry.Path));
        if (entry.InstanceNumber is { } number)
        {
            xml.WriteAttributeString("instanceNumber", number.ToString(CultureInfo.InvariantCulture));
        }

        if (entry.Format.Length > 0)
        {
            xml.WriteAttributeString("format", entry.Format);
        }

        if (entry.Content.Length > 0)
        {
            xml.WriteAttributeString("content", entry.Content);
        }

        xml.WriteAttributeString("digest", entry.Md5);
        xml.WriteStartElement("metaFields", Namespace);
        WriteMeta(xml, "RELATIVE_PATH", entry.Path);
        WriteMeta(xml, "SIZE", entry.Size.ToString(CultureInfo.InvariantCulture));
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

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
        var temporary = target + ".new";
        await File.WriteAllTextAsync(temporary, catalog, cancellationToken).ConfigureAwait(false);
        File.Move(temporary, target, overwrite: true);
    }
}
