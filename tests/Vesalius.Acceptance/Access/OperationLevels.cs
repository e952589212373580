using System.Text.RegularExpressions;

namespace Vesalius.Acceptance.Access;

/// <summary>From whom on an operation is allowed, in the order of the roles.</summary>
internal enum Level
{
    /// <summary>Everybody, without signing in.</summary>
    Open,
    /// <summary>Whoever has signed in: what is shown is the caller's own, public in the site, or decided by what the body names.</summary>
    User,
    /// <summary>Collaborators of the project and above.</summary>
    Read,
    /// <summary>Members of the project and above.</summary>
    Edit,
    /// <summary>Owners of the project and administrators.</summary>
    Own,
    /// <summary>Administrators, and holders of roles that they give.</summary>
    Administrator,
    /// <summary>Nobody, as long as the object is not there.</summary>
    Nobody,
    /// <summary>The user in the address, and administrators.</summary>
    Self,
}

/// <summary>Who may call what (rest-api §1.13, xapi's levels): the first rule whose methods and address fit.</summary>
internal static class OperationLevels
{
    private const string Experiment = @"/data/(projects/\{project\}/)?(subjects/\{subject\}/)?experiments/\{experiment\}";
    private const string Subject = @"/data/(projects/\{project\}/)?subjects/\{subject\}";
    private const string Project = @"/data/projects/\{project\}";
    private const string Place = @"/data/prearchive/projects/\{project\}/\{timestamp\}/\{folder\}";

    private static readonly (string Methods, string Address, Level Level)[] Rules =
    [
        ("GET HEAD POST", @"/healthz|/app/template/(Login|ForgotLogin|XDATScreen_UpdateUser)\.vm|/openid-login|/data/version|/data/services/sendEmailVerification|/xapi/siteConfig/buildInfo.*|/xapi/users/authProviders", Level.Open),
        ("GET POST", "/data/JSESSION", Level.User),
        ("POST", "/app/action/ElementSecurityWizard", Level.Administrator),
        ("GET", @"/schemas/\{.*|/xapi/\{name\}\.xsd|/xapi/schemas(/\{name\})?", Level.User),

        ("GET", @"/app/template/VerifyEmail\.vm|/data/services/tokens/validate/\{alias\}", Level.Nobody),
        ("PUT POST", "/data/services/auth|/xapi/users/register", Level.Nobody),

        // What is not there for anybody: the answer says which address is meant.
        ("GET HEAD PUT POST DELETE", @"/data/.*/resources/\{resource\}/\{other\}/\{rest\}", Level.User),

        // Projects and what belongs to them.
        ("GET POST", "/data/projects|/data/(subjects|experiments|investigators|pars|users)", Level.User),
        ("PUT POST DELETE", Project, Level.Own),
        ("PUT", Project + @"/(prearchive_code|quarantine_code|current_arc|accessibility)/\{.*", Level.Own),
        ("PUT", Project + @"/scan_type_mapping/\{flag\}", Level.Own),
        ("GET", Project + "/(pars|automation/.*)", Level.Own),
        ("PUT POST DELETE", Project + "/(users|groups|config).*", Level.Own),
        ("GET PUT DELETE", Project + "/searches.*", Level.Read),
        ("GET HEAD", Project + "(/.*)?", Level.Read),
        ("GET HEAD", $"({Subject}|{Experiment})(/.*)?", Level.Read),
        ("PUT DELETE", $@"({Subject}|{Experiment}(/assessors/\{{assessor\}})?)/projects/\{{target\}}", Level.Read),
        ("PUT POST", $"({Subject}|{Experiment}|{Project})(/.*)?", Level.Edit),
        ("DELETE", $"({Project}|{Subject}|{Experiment})(/.*)?", Level.Own),
        ("POST", @"/xapi/projects/\{project\}/end", Level.Own),
        ("GET POST", @"/xapi/project-ends(/\{id\}(/verify)?)?", Level.User),

        // Custom fields and forms.
        ("PUT DELETE", @"/xapi/custom-fields/projects/\{project\}/fields.*", Level.Own),
        ("GET", "/xapi/custom-fields/.*", Level.Read),
        ("PUT DELETE", "/xapi/custom-fields/.*", Level.Edit),
        ("GET", "/xapi/customforms/element", Level.User),
        ("GET", "/xapi/customforms", Level.User),
        ("GET PUT POST DELETE", "/xapi/customforms.*", Level.Administrator),

        // Search.
        ("GET POST PUT DELETE", "/data/search.*", Level.User),

        // Files beside the archive, import, prearchive.
        ("GET HEAD PUT POST DELETE", @"/data/user/cache/.*|/data/services/move-files|/xapi/archive/(download|upload|catalogs).*|/data/services/(dicomdump|refresh/catalog|archive|validate-archive|import|prearchive/\w+)", Level.User),
        ("GET HEAD POST PATCH DELETE", @"/xapi/vesalius/uploads(/\{id\})?", Level.User),
        ("POST", "/xapi/archive/verify", Level.Administrator),
        ("GET", @"/data/prearchive(/projects|/experiments)?|/data/status/\{key\}|/xapi/event_tracking/.*|/xapi/dicom/(list/\w+|\{id\})|/xapi/vesalius/(changes|prearchive)", Level.User),
        ("PUT", "/data/prearchive", Level.Administrator),
        ("GET", @"/data/prearchive/projects/\{project\}", Level.Edit),
        ("GET POST DELETE", Place + ".*", Level.Edit),
        ("POST", "/xapi/direct-archive", Level.User),
        ("GET", @"/xapi/direct-archive/\{project\}/.*", Level.Read),
        ("POST", @"/xapi/direct-archive/\{project\}/.*", Level.Edit),
        ("DELETE", @"/xapi/direct-archive/\{id\}", Level.Nobody),
        ("GET POST DELETE", "/xapi/quarantine.*", Level.Own),

        // De-identification.
        ("GET", @"/data/config/edit/image/dicom/.*|/xapi/anonymize/(site.*|default|profile.*)|/xapi/pixels/default|/xapi/deidentification/site/policy", Level.User),
        ("PUT", "/data/config/edit/image/dicom/.*|/xapi/anonymize/site.*|/xapi/deidentification/site/policy", Level.Administrator),
        ("GET", @"/data/config/edit/projects/.*|/xapi/(anonymize|pixels)/projects/.*|/xapi/deidentification/projects/\{project\}/policy", Level.Read),
        ("PUT", "/data/config/edit/projects/.*|/xapi/(anonymize|pixels|deidentification)/projects/.*", Level.Own),
        ("GET", @"/xapi/deidentification/projects/\{project\}/report", Level.Own),
        ("GET", @"/xapi/deidentification/experiments/\{experiment\}/report", Level.Own),
        ("POST", @"/xapi/deidentification/experiments/\{experiment\}/check", Level.Own),
        ("POST", "/xapi/deidentification/prearchive/.*", Level.Edit),
        ("POST", "/xapi/anonymize/test", Level.User),

        // Pixels over the web.
        ("GET", @"/(xapi/dicomweb|dicom-web)/(studies|series|instances).*", Level.User),
        ("POST", @"/(xapi/dicomweb|dicom-web)/studies.*", Level.User),
        ("GET POST", "/xapi/dicomweb/prefs", Level.Administrator),
        ("GET PUT", @"/xapi/dicomweb/projects/\{project\}/config/site-wide", Level.Administrator),
        ("GET", @"/(xapi/dicomweb|dicom-web)/projects/.*|/xapi/(viewerDicomweb|viewer|snapshot)/.*", Level.Read),
        ("POST", @"/(xapi/dicomweb|dicom-web)/projects/.*", Level.Edit),
        ("POST", @"/xapi/(viewer|viewerDicomweb)/(projects/\{project\}|generate-all-.*)|/xapi/viewer/projects/\{project\}/subjects/.*", Level.Administrator),
        ("POST", "/xapi/(viewer|viewerDicomweb)/.*", Level.Edit),
        ("DELETE", "/xapi/viewerDicomweb/.*", Level.Administrator),
        ("GET", "/xapi/ohifaiaa/servers", Level.User),
        ("PUT", "/xapi/ohifaiaa/servers", Level.Administrator),
        ("GET", @"/xapi/ohifaiaa/projects/.*|/xapi/roi/.*", Level.Read),
        ("PUT", "/xapi/ohifaiaa/projects/.*", Level.Administrator),
        ("PUT", "/xapi/roi/.*", Level.Edit),
        ("DELETE", "/xapi/roi/.*", Level.Own),

        // Receivers, PACS, query-retrieve.
        ("GET", "/xapi/dicomscp(/identifiers)?|/xapi/processors/.*|/xapi/pacs", Level.User),
        ("GET POST PUT DELETE", "/xapi/(dicomscp|pacs|opt-outs).*", Level.Administrator),
        ("GET", @"/xapi/dqr/settings/project/\{project\}/enabled", Level.Read),
        ("GET POST PUT DELETE", "/xapi/dqr/.*", Level.Administrator),

        // Users, rights, settings.
        ("GET PUT", "/xapi/users/(username|profiles|profile|current|projects|update)", Level.User),
        ("GET", "/xapi/users", Level.User),
        ("POST", "/xapi/users", Level.Administrator),
        ("GET", "/xapi/users/(roles.*|rolemap|active)", Level.Administrator),
        ("GET", @"/xapi/users/profile/\{login\}", Level.User),
        ("GET", @"/xapi/users/\{login\}|/xapi/users/\{login\}/(training|roles|groups|enabled|verified)|/xapi/users/(active|authDetails)/\{login\}", Level.Self),
        ("PUT DELETE", @"/xapi/users/\{login\}|/xapi/users/active/\{login\}", Level.Self),
        ("PUT DELETE", @"/xapi/users/\{login\}/groups", Level.Own),
        ("PUT DELETE POST", @"/xapi/users/\{login\}/.*", Level.Administrator),
        ("GET", "/xapi/training", Level.Administrator),
        ("GET POST DELETE", @"/data/user/\{login\}/sessions|/data/services/sessions/\{login\}|/xapi/access/(\{login\}/.*|cache/flush/\{login\})", Level.Self),
        ("GET", @"/data/services/tokens/(issue|show)/user/\{login\}", Level.Self),
        ("GET", @"/data/services/tokens/.*", Level.User),
        ("GET PUT DELETE", @"/data/users/favorites/.*|/data/pars/\{id\}", Level.User),
        ("GET", @"/xapi/access/(displays.*|projects)|/xapi/role/.*|/xapi/themes.*|/xapi/theme|/xapi/plugins.*|/xapi/pipelines/autoRun", Level.User),
        ("GET POST DELETE", "/xapi/access/.*|/data/automation/.*", Level.Administrator),
        ("GET POST", "/(xapi|data)/audit.*|/data/services/audit/.*", Level.Administrator),
        ("GET", @"/xapi/siteConfig(/uptime.*|/values/\{names\})?", Level.User),
        ("GET POST PUT", "/xapi/siteConfig.*|/xapi/notifications.*|/xapi/prefs.*", Level.Administrator),
        ("POST", "/data/services/mail/send", Level.Administrator),
        ("GET", @"/data/services/scan-quality-labels/\{project\}", Level.Read),
        ("GET", @"/data/config/\{project\}/archive_spec", Level.Read),
        ("GET", @"/data/config(/\{tool\}.*)?|/data/(scan_types|scanners)", Level.User),
        ("PUT DELETE", @"/data/config/\{tool\}/.*", Level.Administrator),
        ("GET POST PUT", "/xapi/investigators.*", Level.User),
        ("DELETE", @"/xapi/investigators/\{id\}", Level.Administrator),
        ("GET PUT POST", "/data/workflows.*|/data/services/workflows.*|/xapi/workflows", Level.User),
        ("GET POST", "/xapi/schemas/.*|/xapi/datatypes.*", Level.User),
        ("GET", "/xapi/vesalius/(jobs|storage)", Level.Administrator),
        ("GET", "/data/auth", Level.User),
    ];

    /// <summary>Number of the rule that decides an operation; −1 if none does.</summary>
    public static int RuleOf(string method, string address) =>
        Array.FindIndex(Rules, r => r.Methods.Split(' ').Contains(method) && Regex.IsMatch(address, $"^({r.Address})$", RegexOptions.CultureInvariant));

    /// <summary>What a rule says.</summary>
    public static Level Of(int rule) => Rules[rule].Level;

    /// <summary>Rules that decide none of these.</summary>
    public static IEnumerable<string> Unused(IEnumerable<int> used) => Enumerable.Range(0, Rules.Length).Except(used).Select(i => $"{Rules[i].Methods} {Rules[i].Address}");
}
