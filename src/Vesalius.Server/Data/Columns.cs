using System.Globalization;

namespace Vesalius.Server.Data;

/// <summary>Values of tables that are made by hand rather than by the list engine.</summary>
internal static class Columns
{
    /// <summary>A point in time as tables give it (rest-api §1.6.1).</summary>
    public static string Timestamp(DateTime at) => at.ToString("yyyy-MM-dd HH:mm:ss.f", CultureInfo.InvariantCulture);
}
