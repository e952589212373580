using Npgsql;
using Xunit;

namespace Vesalius.Database.Tests;

/// <summary>What a connection string says is kept, however it spells it.</summary>
public sealed class ConnectionTests
{
    [Theory]
    [InlineData("Host=nowhere", 200, true)]
    [InlineData("Host=nowhere;Max Auto Prepare=0;No Reset On Close=false", 0, false)]
    [InlineData("Host=nowhere;MaxAutoPrepare=0;noresetonclose=false", 0, false)]
    public async Task Statements_are_planned_once_unless_the_connection_string_says_otherwise(string given, int prepared, bool keepsSession)
    {
        await using var database = new VesaliusDatabase(given);
        var used = new NpgsqlConnectionStringBuilder(database.DataSource.ConnectionString);
        Assert.Equal((prepared, keepsSession), (used.MaxAutoPrepare, used.NoResetOnClose));
    }
}
