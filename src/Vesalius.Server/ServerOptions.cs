using Vesalius.Access;

namespace Vesalius.Server;

/// <summary>What the server is started with: <c>vesalius.json</c> in the data folder &lt; environment <c>VESALIUS__KEY</c> &lt; command line.</summary>
public sealed record ServerOptions
{
    /// <summary>Data folder. Default <c>data</c> below the current folder.</summary>
    public string Data { get; init; } = "data";

    /// <summary>Port of HTTP. Default 8080; 0 takes a free one.</summary>
    public int HttpPort { get; init; } = 8080;

    /// <summary>Port of the default receiver, when it is made. Default 8104.</summary>
    public int DicomPort { get; init; } = 8104;

    /// <summary>Password of <c>admin</c> at the first start; null makes a random one.</summary>
    public string? AdminPassword { get; init; }

    /// <summary>PostgreSQL to use; null runs a private one in the data folder.</summary>
    public string? ConnectionString { get; init; }

    /// <summary>False leaves the private PostgreSQL alone when it dies under the server, for those who look after it themselves. Default true.</summary>
    public bool KeepsPostgres { get; init; } = true;

    /// <summary>Folder of the built web site; null serves the interfaces only. Default the <c>web</c> folder beside the program, where there is one.</summary>
    public string? WebSite { get; init; }

    /// <summary>Folder of the built viewer; null serves none. Default the <c>viewer</c> folder beside the program, where there is one.</summary>
    public string? Viewer { get; init; }

    /// <summary>LDAP directories whose users may sign in: <c>Ldap:0:Id</c>, <c>Ldap:0:Host</c>, <c>Ldap:0:SearchBase</c> and so on.</summary>
    public IReadOnlyList<LdapOptions> Ldap { get; init; } = [];

    /// <summary>OpenID Connect providers whose users may sign in: <c>OpenId:0:Id</c>, <c>OpenId:0:Authority</c>, <c>OpenId:0:ClientId</c> and so on.</summary>
    public IReadOnlyList<OpenIdOptions> OpenId { get; init; } = [];

    /// <summary>Certificate of DICOM receivers with TLS: <c>DicomTls:Certificate</c>, <c>DicomTls:Key</c>, <c>DicomTls:Password</c>, <c>DicomTls:RequireClientCertificate</c>, <c>DicomTls:Authorities</c>.</summary>
    public Import.ReceiverTlsOptions DicomTls { get; init; } = new();

    /// <summary>Certificate that PACS with TLS are shown: <c>DicomTls:ClientCertificate</c>, <c>DicomTls:ClientKey</c>, <c>DicomTls:ClientPassword</c>.</summary>
    public QueryRetrieve.PacsCertificateOptions PacsTls { get; init; } = new();

    /// <summary>Reads the options.</summary>
    /// <exception cref="FormatException">An option is unknown or no number.</exception>
    public static ServerOptions Read(string[] arguments)
    {
        var command = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < arguments.Length; i += 2)
        {
            var key = arguments[i] switch
            {
                "--data" => "Data",
                "--http-port" => "HttpPort",
                "--dicom-port" => "DicomPort",
                "--admin-password" => "AdminPassword",
                _ => throw new FormatException($"Unknown option {arguments[i]}. Known: --data DIR, --http-port N, --dicom-port N, --admin-password P."),
            };
            command[key] = i + 1 < arguments.Length ? arguments[i + 1] : throw new FormatException($"{arguments[i]} needs a value.");
        }

        var environment = new ConfigurationBuilder().AddEnvironmentVariables("VESALIUS__").Build();
        var data = Path.GetFullPath(command.GetValueOrDefault("Data") ?? environment["Data"] ?? "data");
        var configuration = new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(data, "vesalius.json"), optional: true)
            .AddConfiguration(environment)
            .AddInMemoryCollection(command.Select(c => new KeyValuePair<string, string?>(c.Key, c.Value)))
            .Build();
        return new ServerOptions
        {
            Data = data,
            HttpPort = Port(configuration, "HttpPort", 8080),
            DicomPort = Port(configuration, "DicomPort", 8104),
            AdminPassword = configuration["AdminPassword"],
            ConnectionString = configuration["ConnectionString"],
            KeepsPostgres = Flag(configuration, "KeepsPostgres", true),
            DicomTls = Tls(configuration.GetSection("DicomTls"), data),
            PacsTls = PacsTlsOf(configuration.GetSection("DicomTls"), data),
            OpenId = [.. configuration.GetSection("OpenId").GetChildren().Select(Provider)],
            Ldap = [.. configuration.GetSection("Ldap").GetChildren().Select(Directory)],
            WebSite = configuration["WebSite"] ?? Beside("web"),
            Viewer = configuration["Viewer"] ?? Beside("viewer"),
        };
    }

    private static string? Beside(string name) => Path.Combine(AppContext.BaseDirectory, name) is var folder && System.IO.Directory.Exists(folder) ? folder : null;

    private static string Needed(IConfigurationSection section, string key) => section[key] is { Length: > 0 } text ? text : throw new FormatException($"{section.Path}:{key} is missing.");

    private static bool Flag(IConfiguration section, string key, bool fallback) =>
        section[key] is not { } text ? fallback : bool.TryParse(text, out var flag) ? flag
        : throw new FormatException($"{(section is IConfigurationSection part ? part.Path + ":" : "")}{key} must be true or false.");

    // Relative paths are meant within the data folder.
    private static string? InData(IConfigurationSection section, string key, string data) => section[key] is { Length: > 0 } path ? Path.Combine(data, path) : null;

    private static Import.ReceiverTlsOptions Tls(IConfigurationSection section, string data) => new()
    {
        Certificate = InData(section, "Certificate", data), Key = InData(section, "Key", data), Password = section["Password"],
        RequiresClientCertificate = Flag(section, "RequireClientCertificate", false), Authorities = InData(section, "Authorities", data),
    };

    private static QueryRetrieve.PacsCertificateOptions PacsTlsOf(IConfigurationSection section, string data) => new()
    {
        Certificate = InData(section, "ClientCertificate", data), Key = InData(section, "ClientKey", data), Password = section["ClientPassword"],
    };

    private static OpenIdOptions Provider(IConfigurationSection section) => new()
    {
        Id = Needed(section, "Id"), Name = section["Name"] ?? "OpenID Connect", Authority = Needed(section, "Authority"), ClientId = Needed(section, "ClientId"), ClientSecret = section["ClientSecret"] ?? "",
        Scopes = section["Scopes"] ?? "openid profile email", LoginClaim = section["LoginClaim"] ?? "preferred_username", CreatesUsers = Flag(section, "CreatesUsers", true), RequiresHttps = Flag(section, "RequiresHttps", true),
    };

    private static LdapOptions Directory(IConfigurationSection section) => new()
    {
        Id = Needed(section, "Id"), Name = section["Name"] ?? "LDAP", Host = Needed(section, "Host"), Port = section["Port"] is null ? null : Port(section, "Port", 0), Tls = Flag(section, "Tls", true), BindDn = section["BindDn"] ?? "",
        BindPassword = section["BindPassword"] ?? "", SearchBase = Needed(section, "SearchBase"), SearchFilter = section["SearchFilter"] ?? "(uid={0})", CreatesUsers = Flag(section, "CreatesUsers", true),
    };

    private static int Port(IConfiguration configuration, string key, int fallback) =>
        configuration[key] is not { } text ? fallback
        : int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var port) && port is >= 0 and <= 65535 ? port
        : throw new FormatException($"{key} is not a port number.");
}
