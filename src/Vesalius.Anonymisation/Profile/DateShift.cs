using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Vesalius.Anonymisation.Profile;

/// <summary>By how many days the dates of a subject are shifted: the variable <c>dateShift</c>.</summary>
public static class DateShift
{
    private const int Fewest = 30;
    private const int Most = 365;

    /// <summary>Days, positive or negative, between 30 and 365; the same for every object of a subject in a project, and not to be told without the key.</summary>
    /// <param name="key">Secret of the site.</param>
    /// <param name="project">Project.</param>
    /// <param name="subject">Subject's label in the project.</param>
    public static int Days(ReadOnlySpan<byte> key, string project, string subject)
    {
        var hash = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"dateShift\n{project}\n{subject}"));
        var days = Fewest + (int)(BinaryPrimitives.ReadUInt32BigEndian(hash) % (Most - Fewest + 1));
        return (hash[4] & 1) == 0 ? days : -days;
    }
}
