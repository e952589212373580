using System.Xml.Linq;
using Xunit;

namespace Vesalius.House.Tests;

/// <summary>The rooms may look only where the architecture lets them (docs/architecture/README.md).</summary>
public sealed class RoomArrowsTests
{
    // Each room with the rooms that it may refer to directly. A room that is not in the table may refer to nothing.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Vesalius.Dicom"] = [],
        ["Vesalius.Dicom.PixelData.Worker"] = [],
        ["Vesalius.Dicom.PixelData"] = ["Vesalius.Dicom", "Vesalius.Dicom.PixelData.Worker"],
        ["Vesalius.Dicom.Network"] = ["Vesalius.Dicom"],
        ["Vesalius.Anonymisation"] = ["Vesalius.Dicom", "Vesalius.Dicom.PixelData"],
        ["Vesalius.Database"] = [],
        ["Vesalius.Jobs"] = ["Vesalius.Database"],
        ["Vesalius.Access"] = ["Vesalius.Database"],
        ["Vesalius.Archive"] = ["Vesalius.Dicom", "Vesalius.Dicom.PixelData", "Vesalius.Access", "Vesalius.Jobs"],
        ["Vesalius.Prearchive"] = ["Vesalius.Archive", "Vesalius.Anonymisation"],
        ["Vesalius.Import"] = ["Vesalius.Prearchive", "Vesalius.Dicom.Network"],
        ["Vesalius.QueryRetrieve"] = ["Vesalius.Import", "Vesalius.Dicom.Network", "Vesalius.Jobs"],
        ["Vesalius.Server"] =
        [
            "Vesalius.Dicom", "Vesalius.Dicom.PixelData", "Vesalius.Dicom.Network", "Vesalius.Anonymisation", "Vesalius.Database",
            "Vesalius.Jobs", "Vesalius.Access", "Vesalius.Archive", "Vesalius.Prearchive", "Vesalius.Import", "Vesalius.QueryRetrieve",
        ],
        ["Vesalius.Cli"] = ["Vesalius.Anonymisation", "Vesalius.Dicom", "Vesalius.Dicom.PixelData", "Vesalius.Dicom.Network"],
    };

    /// <summary>Every room of the source tree.</summary>
    public static TheoryData<string> Rooms => [.. House.SourceProjects.Select(p => Path.GetFileNameWithoutExtension(p))];

    /// <summary>Reads each project file and compares its references with the table.</summary>
    [Theory]
    [MemberData(nameof(Rooms))]
    public void Room_refers_only_to_rooms_below_it(string room)
    {
        Assert.True(Allowed.ContainsKey(room), $"{room} is not in the table of rooms.");
        var references = References(House.SourceProjects.Single(p => Path.GetFileNameWithoutExtension(p) == room));
        Assert.Empty(references.Except(Allowed[room]));
    }

    /// <summary>A circle could hide in the table itself.</summary>
    [Fact]
    public void Allowed_arrows_form_no_circle()
    {
        var done = new HashSet<string>();
        var open = new HashSet<string>();
        foreach (var room in Allowed.Keys)
        {
            Visit(room);
        }

        void Visit(string room)
        {
            if (done.Contains(room))
            {
                return;
            }

            Assert.True(open.Add(room), $"{room} reaches itself.");
            foreach (var next in Allowed[room])
            {
                Visit(next);
            }

            open.Remove(room);
            done.Add(room);
        }
    }

    private static IEnumerable<string> References(string project) =>
        XDocument.Load(project).Descendants("ProjectReference")
            .Select(r => Path.GetFileNameWithoutExtension(((string)r.Attribute("Include")!).Replace('\\', '/')));
}
