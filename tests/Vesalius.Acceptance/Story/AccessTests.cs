using System.Net;
using System.Text;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>Who may do what: guest, outsider, collaborator, member, owner, administrator (R23, R24, R38).</summary>
public sealed class AccessTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static readonly string[] Roles = ["guest", "outsider", "collaborator", "member", "owner", "admin"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // Method, address, and the status for each role in the order of Roles. A = any success.
    private static readonly (string Method, string Address, string[] Statuses)[] Matrix =
    [
        ("GET", "/data/projects/MATRIX", ["401", "404", "200", "200", "200", "200"]),
        ("GET", "/data/projects/MATRIX/subjects", ["401", "404", "200", "200", "200", "200"]),
        ("GET", "/data/projects/MATRIX/experiments", ["401", "404", "200", "200", "200", "200"]),
        ("GET", "/data/projects/MATRIX/resources", ["401", "404", "200", "200", "200", "200"]),
        ("GET", "/data/projects/MATRIX/users", ["401", "404", "200", "200", "200", "200"]),
        ("GET", "/data/projects/MATRIX/accessibility", ["401", "404", "200", "200", "200", "200"]),
        ("PUT", "/data/projects/MATRIX/subjects/S-{role}", ["401", "422", "403", "201", "201", "201"]),
        ("PUT", "/data/projects/MATRIX/subjects/S0/experiments/E-{role}?xsiType=xnat:mrSessionData", ["401", "404", "403", "201", "201", "201"]),
        ("PUT", "/data/projects/MATRIX/resources/R-{role}", ["401", "404", "403", "200", "200", "200"]),
        ("PUT", "/data/projects/MATRIX/prearchive_code/4", ["401", "404", "403", "403", "200", "200"]),
        ("PUT", "/data/projects/MATRIX/accessibility/private", ["401", "404", "403", "403", "200", "200"]),
        ("DELETE", "/data/projects/MATRIX/subjects/S0", ["401", "404", "403", "403", "200", "404"]),
        ("GET", "/data/prearchive/projects/MATRIX", ["401", "404", "403", "200", "200", "200"]),
        ("GET", "/data/prearchive/projects/Unassigned", ["401", "403", "403", "403", "403", "200"]),
        ("GET", "/xapi/anonymize/projects/MATRIX", ["401", "403", "204", "204", "204", "204"]),
        ("PUT", "/xapi/anonymize/projects/MATRIX/enabled?enable=false", ["401", "403", "403", "403", "200", "200"]),
        ("GET", "/xapi/pixels/default", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/xapi/pixels/projects/MATRIX/rules", ["401", "403", "204", "204", "204", "204"]),
        ("PUT", "/xapi/pixels/projects/MATRIX/rules", ["401", "403", "403", "403", "200", "200"]),
        ("GET", "/xapi/pixels/projects/MATRIX/rules/enabled", ["401", "403", "200", "200", "200", "200"]),
        ("PUT", "/xapi/pixels/projects/MATRIX/rules/enabled?enable=false", ["401", "403", "403", "403", "200", "200"]),
        ("GET", "/xapi/pixels/projects/MATRIX/text", ["401", "403", "200", "200", "200", "200"]),
        ("PUT", "/xapi/pixels/projects/MATRIX/text/off", ["401", "403", "403", "403", "200", "200"]),
        ("POST", "/xapi/anonymize/test?project=MATRIX", ["401", "403", "403", "403", "400", "400"]),
        ("POST", "/xapi/anonymize/test?step=site", ["401", "403", "403", "403", "403", "400"]),
        ("GET", "/xapi/deidentification/site/policy", ["401", "200", "200", "200", "200", "200"]),
        ("PUT", "/xapi/deidentification/site/policy", ["401", "403", "403", "403", "403", "400"]),
        ("GET", "/xapi/deidentification/projects/MATRIX/policy", ["401", "403", "200", "200", "200", "200"]),
        ("PUT", "/xapi/deidentification/projects/MATRIX/policy", ["401", "403", "403", "403", "400", "400"]),
        ("GET", "/xapi/deidentification/projects/MATRIX/report", ["401", "403", "403", "403", "200", "200"]),
        ("GET", "/xapi/deidentification/experiments/MATRIX_X/report", ["401", "404", "404", "404", "404", "404"]),
        ("POST", "/xapi/deidentification/experiments/MATRIX_X/check", ["401", "404", "404", "404", "404", "404"]),
        ("POST", "/xapi/deidentification/prearchive/MATRIX/2020/X/check", ["401", "404", "404", "404", "404", "404"]),
        ("PUT", "/xapi/anonymize/site/enabled?enable=true", ["401", "403", "403", "403", "403", "200"]),
        ("GET", "/xapi/anonymize/profile?template=guys", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/xapi/anonymize/profile/options", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/xapi/dicomscp", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/xapi/dicomscp/1", ["401", "403", "403", "403", "403", "200"]),
        ("DELETE", "/xapi/dicomscp/9999", ["401", "403", "403", "403", "403", "404"]),
        ("GET", "/xapi/quarantine", ["401", "403", "403", "403", "200", "200"]),
        ("GET", "/xapi/quarantine?project=MATRIX", ["401", "403", "403", "403", "200", "200"]),
        ("GET", "/xapi/quarantine/0bd2e8a0-0000-0000-0000-000000000000", ["401", "403", "403", "403", "404", "404"]),
        ("GET", "/xapi/quarantine/0bd2e8a0-0000-0000-0000-000000000000/attributes", ["401", "403", "403", "403", "404", "404"]),
        ("POST", "/xapi/quarantine/0bd2e8a0-0000-0000-0000-000000000000/retry", ["401", "403", "403", "403", "404", "404"]),
        ("DELETE", "/xapi/quarantine/0bd2e8a0-0000-0000-0000-000000000000", ["401", "403", "403", "403", "404", "404"]),
        ("POST", "/xapi/quarantine/retry", ["401", "403", "403", "403", "400", "400"]),
        ("POST", "/xapi/quarantine/delete", ["401", "403", "403", "403", "400", "400"]),
        ("GET", "/xapi/pacs", ["401", "200", "200", "200", "200", "200"]),
        ("POST", "/xapi/pacs", ["401", "403", "403", "403", "403", "400"]),
        ("DELETE", "/xapi/pacs/9999", ["401", "403", "403", "403", "403", "404"]),
        ("GET", "/xapi/pacs/9999/rules", ["401", "403", "403", "403", "403", "404"]),
        ("GET", "/xapi/pacs/9999/credentials", ["401", "403", "403", "403", "403", "404"]),
        ("PUT", "/xapi/pacs/9999/credentials", ["401", "403", "403", "403", "403", "404"]),
        ("DELETE", "/xapi/pacs/9999/credentials", ["401", "403", "403", "403", "403", "404"]),
        ("POST", "/xapi/pacs/dicom-web/status", ["401", "403", "403", "403", "403", "400"]),
        ("GET", "/xapi/dqr/import/queue", ["401", "403", "403", "403", "403", "200"]),
        ("GET", "/xapi/dqr/import/batches", ["401", "403", "403", "403", "403", "200"]),
        ("POST", "/xapi/dqr/import", ["401", "403", "403", "403", "403", "400"]),
        ("PUT", "/xapi/dqr/export?pacsId=9999&session=NOWHERE", ["401", "403", "403", "403", "403", "404"]),
        ("POST", "/xapi/dqr/import/lists/preview", ["401", "403", "403", "403", "403", "400"]),
        ("GET", "/xapi/users/admin/roles", ["401", "403", "403", "403", "403", "200"]),
        ("PUT", "/xapi/users/m-outsider/roles/Dqr", ["401", "403", "403", "403", "403", "200"]),
        ("GET", "/xapi/siteConfig/adminEmail", ["401", "403", "403", "403", "403", "200"]),
        ("GET", "/xapi/siteConfig/buildInfo", ["200", "200", "200", "200", "200", "200"]),
        ("POST", "/data/services/import?project=MATRIX", ["401", "400", "400", "400", "400", "400"]),
        ("POST", "/data/services/import?import-handler=inbox&path=none&project=MATRIX", ["401", "403", "403", "403", "403", "404"]),
        ("GET", "/xapi/dicom/list/active", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/xapi/dicom/list/all", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/xapi/dicom/9999", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/data/status/none", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/event_tracking/none", ["401", "404", "404", "404", "404", "404"]),
        ("PUT", "/data/prearchive", ["401", "403", "403", "403", "403", "200"]),
        ("POST", "/data/services/archive", ["401", "400", "400", "400", "400", "400"]),
        ("POST", "/data/services/validate-archive", ["401", "400", "400", "400", "400", "400"]),
        ("POST", "/xapi/direct-archive", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/xapi/direct-archive/MATRIX/1.2/E", ["401", "403", "404", "404", "404", "404"]),
        ("POST", "/xapi/direct-archive/MATRIX/1.2/E", ["401", "403", "403", "404", "404", "404"]),
        ("DELETE", "/xapi/direct-archive/9999", ["401", "403", "403", "403", "403", "404"]),
        ("GET", "/data/projects/MATRIX/users/true", ["401", "404", "200", "200", "200", "200"]),
        ("PUT", "/data/projects/MATRIX/users/Members/m-member", ["401", "404", "403", "403", "200", "200"]),
        ("DELETE", "/data/projects/MATRIX/users/Members/nobody", ["401", "404", "403", "403", "404", "404"]),
        ("GET", "/data/projects/MATRIX/groups", ["401", "404", "200", "200", "200", "200"]),
        ("GET", "/data/projects/MATRIX/groups/MATRIX_owner", ["401", "404", "200", "200", "200", "200"]),
        ("PUT", "/data/projects/MATRIX/groups?displayName=Readers", ["401", "404", "403", "403", "200", "200"]),
        ("DELETE", "/data/projects/MATRIX/groups/MATRIX_owner", ["401", "404", "403", "403", "403", "403"]),
        ("GET", "/data/projects/MATRIX/pars", ["401", "404", "403", "403", "200", "200"]),
        ("GET", "/data/pars", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/data/pars/9999", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/data/projects/MATRIX/config", ["401", "404", "200", "200", "200", "200"]),
        ("GET", "/data/projects/MATRIX/config/t/p", ["401", "404", "404", "404", "404", "404"]),
        ("PUT", "/data/projects/MATRIX/config/t/p?status=enabled", ["401", "403", "403", "403", "400", "400"]),
        ("DELETE", "/data/projects/MATRIX/config/t/p", ["401", "403", "403", "403", "404", "404"]),
        ("GET", "/data/config", ["401", "200", "200", "200", "200", "200"]),
        ("PUT", "/data/config/t/p?status=enabled", ["401", "403", "403", "403", "403", "400"]),
        ("GET", "/xapi/audit", ["401", "403", "403", "403", "403", "200"]),
        ("GET", "/data/audit", ["401", "403", "403", "403", "403", "200"]),
        ("GET", "/xapi/audit/verify", ["401", "403", "403", "403", "403", "200"]),
        ("GET", "/xapi/vesalius/jobs", ["401", "403", "403", "403", "403", "200"]),
        ("GET", "/xapi/vesalius/storage", ["401", "403", "403", "403", "403", "200"]),
        ("GET", "/xapi/training", ["401", "403", "403", "403", "403", "200"]),
        ("GET", "/xapi/users/m-owner/training", ["401", "403", "403", "403", "200", "200"]),
        ("DELETE", "/xapi/users/m-owner/training/9999", ["401", "403", "403", "403", "403", "404"]),
        ("GET", "/xapi/users/rolemap", ["401", "403", "403", "403", "403", "200"]),
        ("GET", "/xapi/users/active", ["401", "403", "403", "403", "403", "200"]),
        ("GET", "/xapi/users/authDetails/m-owner", ["401", "403", "403", "403", "200", "200"]),
        ("GET", "/data/services/tokens/show/user/m-owner", ["401", "403", "403", "403", "200", "200"]),
        ("GET", "/data/user/m-owner/sessions", ["401", "403", "403", "403", "200", "200"]),
        ("GET", "/xapi/notifications", ["401", "403", "403", "403", "403", "200"]),
        ("GET", "/xapi/prefs", ["401", "403", "403", "403", "403", "200"]),
        ("GET", "/data/workflows/9999", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/openapi.json", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/xapi/datatypes", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/xapi/datatypes/xnat:subjectData", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/data/search?text=MATRIX", ["401", "200", "200", "200", "200", "200"]),
        ("POST", "/data/search", ["401", "422", "422", "422", "422", "422"]),
        ("GET", "/data/search/s0", ["401", "410", "410", "410", "410", "410"]),
        ("GET", "/data/search/s0/label", ["401", "410", "410", "410", "410", "410"]),
        ("GET", "/data/search/elements", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/data/search/elements/xnat:subjectData", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/data/search/elements/xnat:subjectData?projectScope=MATRIX", ["401", "404", "200", "200", "200", "200"]),
        ("GET", "/data/search/elements/xnat:subjectData/versions", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/data/search/saved", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/data/search/saved/none", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/data/search/saved/none/results", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/data/search/saved/@xnat:subjectData", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/data/search/saved/@xnat:petSessionData/results", ["401", "403", "200", "200", "200", "200"]),
        ("PUT", "/data/search/saved/none", ["401", "422", "422", "422", "422", "422"]),
        ("DELETE", "/data/search/saved/none", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/data/projects/MATRIX/searches", ["401", "404", "200", "200", "200", "200"]),
        ("GET", "/data/projects/MATRIX/searches/@xnat:subjectData", ["401", "404", "200", "200", "200", "200"]),
        ("GET", "/data/projects/MATRIX/searches/none", ["401", "404", "404", "404", "404", "404"]),
        ("PUT", "/data/projects/MATRIX/searches/none", ["401", "404", "422", "422", "422", "422"]),
        ("DELETE", "/data/projects/MATRIX/searches/none", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies", ["401", "404", "200", "200", "200", "200"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series", ["401", "404", "200", "200", "200", "200"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3/instances", ["401", "404", "200", "200", "200", "200"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/series", ["401", "404", "200", "200", "200", "200"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/instances", ["401", "404", "200", "200", "200", "200"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/metadata", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/rendered", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/thumbnail", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/bulkdata", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/pixeldata", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3/metadata", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3/rendered", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3/thumbnail", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3/bulkdata", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3/pixeldata", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3/instances/1.4", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3/instances/1.4/metadata", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3/instances/1.4/rendered", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3/instances/1.4/thumbnail", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3/instances/1.4/bulkdata", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3/instances/1.4/pixeldata", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3/instances/1.4/frames/1", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3/instances/1.4/frames/1/rendered", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3/instances/1.4/frames/1/thumbnail", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/studies/1.2/series/1.3/instances/1.4/bulkdata/7FE00010", ["401", "404", "404", "404", "404", "404"]),
        ("POST", "/xapi/dicomweb/projects/MATRIX/studies", ["401", "403", "403", "415", "415", "415"]),
        ("POST", "/xapi/dicomweb/projects/MATRIX/studies/1.2", ["401", "403", "403", "415", "415", "415"]),
        ("GET", "/xapi/dicomweb/studies", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/studies/1.2/metadata", ["401", "404", "404", "404", "404", "404"]),
        ("POST", "/xapi/dicomweb/studies", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/dicom-web/projects/MATRIX/studies/1.2", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/dicom-web/projects/MATRIX/studies/1.2/metadata", ["401", "404", "404", "404", "404", "404"]),
        ("POST", "/dicom-web/projects/MATRIX/studies", ["401", "403", "403", "415", "415", "415"]),
        ("POST", "/dicom-web/projects/MATRIX/studies/1.2", ["401", "403", "403", "415", "415", "415"]),
        ("GET", "/dicom-web/studies", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/dicom-web/studies/1.2/metadata", ["401", "404", "404", "404", "404", "404"]),
        ("POST", "/dicom-web/studies", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/dicomweb/test", ["200", "200", "200", "200", "200", "200"]),
        ("GET", "/xapi/dicomweb/prefs", ["401", "403", "403", "403", "403", "200"]),
        ("POST", "/xapi/dicomweb/prefs", ["401", "403", "403", "403", "403", "400"]),
        ("GET", "/xapi/dicomweb/projects/MATRIX/config/site-wide", ["401", "403", "403", "403", "403", "200"]),
        ("PUT", "/xapi/dicomweb/projects/MATRIX/config/site-wide", ["401", "403", "403", "403", "403", "400"]),
        ("GET", "/xapi/viewerDicomweb/aets/MATRIX/none/rs/studies", ["401", "403", "404", "404", "404", "404"]),
        ("GET", "/xapi/viewerDicomweb/aets/MATRIX/none/rs/instances", ["401", "403", "404", "404", "404", "404"]),
        ("GET", "/xapi/viewerDicomweb/aets/MATRIX/none/rs/studies/1.2/metadata", ["401", "403", "404", "404", "404", "404"]),
        ("GET", "/data/projects/MATRIX/experiments/none/scans/1/snapshots", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/snapshot/experiments/none/scan/1/snapshot", ["401", "404", "404", "404", "404", "404"]),
        ("GET", "/xapi/viewer/projects/MATRIX/experiments/none", ["401", "403", "404", "404", "404", "404"]),
        ("POST", "/xapi/viewer/projects/MATRIX/experiments/none", ["401", "403", "404", "404", "404", "404"]),
        ("DELETE", "/xapi/viewerDicomweb/projects/MATRIX/experiments/none", ["401", "403", "403", "403", "403", "404"]),
        ("POST", "/xapi/viewerDicomweb/projects/MATRIX/subjects/none", ["401", "403", "404", "404", "404", "404"]),
        ("POST", "/xapi/viewer/projects/MATRIX", ["401", "403", "403", "403", "403", "201"]),
        ("POST", "/xapi/viewerDicomweb/projects/MATRIX", ["401", "403", "403", "403", "403", "201"]),
        ("POST", "/xapi/viewer/projects/MATRIX/subjects/none", ["401", "403", "403", "403", "403", "404"]),
        ("POST", "/xapi/viewer/generate-all-metadata", ["401", "403", "403", "403", "403", "201"]),
        ("POST", "/xapi/viewerDicomweb/generate-all-dicomweb", ["401", "403", "403", "403", "403", "201"]),
        ("GET", "/xapi/ohifaiaa/servers", ["401", "404", "404", "404", "404", "404"]),
        ("PUT", "/xapi/ohifaiaa/servers", ["401", "403", "403", "403", "403", "400"]),
        ("GET", "/xapi/ohifaiaa/projects/MATRIX/servers", ["401", "404", "404", "404", "404", "404"]),
        ("PUT", "/xapi/ohifaiaa/projects/MATRIX/servers", ["401", "403", "403", "403", "403", "400"]),
        ("GET", "/xapi/roi/projects/MATRIX/permissions/RoiCollection", ["401", "403", "200", "200", "200", "200"]),
        ("PUT", "/xapi/roi/projects/MATRIX/sessions/none/collections/R?type=SEG", ["401", "403", "403", "404", "404", "404"]),
        ("GET", "/xapi/roi/projects/MATRIX/collections/none", ["401", "403", "422", "422", "422", "422"]),
        ("DELETE", "/xapi/roi/projects/MATRIX/collections/none", ["401", "403", "422", "422", "422", "422"]),
        ("PUT", "/data/projects/MATRIX", ["401", "403", "403", "403", "200", "200"]),
        ("POST", "/xapi/projects/MATRIX/end", ["401", "403", "403", "403", "400", "400"]),
        ("GET", "/xapi/project-ends", ["401", "200", "200", "200", "200", "200"]),
        ("GET", "/xapi/project-ends/00000000-0000-0000-0000-000000000000", ["401", "404", "404", "404", "404", "404"]),
        ("POST", "/xapi/project-ends/00000000-0000-0000-0000-000000000000/verify", ["401", "404", "404", "404", "404", "404"]),
        ("DELETE", "/data/projects/MATRIX", ["401", "404", "403", "403", "200", "404"]),
    ];

    private async Task<Dictionary<string, HttpClient>> ClientsAsync()
    {
        var clients = new Dictionary<string, HttpClient> { ["guest"] = server.Client(null), ["admin"] = server.Client() };
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/MATRIX", null, Token);
        await admin.PutAsync("/data/projects/MATRIX/subjects/S0", null, Token);
        foreach (var role in Roles[1..^1])
        {
            clients[role] = await server.UserAsync($"m-{role}");
            if (role != "outsider")
            {
                using var response = await admin.PutAsync($"/data/projects/MATRIX/users/{role}/m-{role}", null, Token);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            }
        }

        return clients;
    }

    /// <summary>Walks endpoints × roles on a private project.</summary>
    [Fact]
    public async Task Every_role_gets_the_status_that_its_rights_give_on_each_endpoint()
    {
        var clients = await ClientsAsync();
        var wrong = new List<string>();
        foreach (var (method, address, statuses) in Matrix)
        {
            for (var i = 0; i < Roles.Length; i++)
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), address.Replace("{role}", Roles[i], StringComparison.Ordinal));
                using var response = await clients[Roles[i]].SendAsync(request, Token);
                var status = ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
                if (status != statuses[i])
                {
                    wrong.Add($"{method} {address} as {Roles[i]}: {status}, not {statuses[i]}");
                }

                if (status == "401")
                {
                    Assert.Contains("Basic", response.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
                }
            }
        }

        Assert.Empty(wrong);
    }

    /// <summary>A deleted project's ID stays reserved (R19).</summary>
    [Fact]
    public async Task Project_ID_is_never_used_twice()
    {
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/ONCE", null, Token);
        await admin.DeleteAsync("/data/projects/ONCE", Token);
        using var again = await admin.PutAsync("/data/projects/ONCE", null, Token);
        Assert.Equal(HttpStatusCode.Forbidden, again.StatusCode);
        using var illegal = await admin.PutAsync("/data/projects/ON%20CE", null, Token);
        Assert.Equal(417, (int)illegal.StatusCode);
    }

    /// <summary>After 20 failures even the right password is refused.</summary>
    [Fact]
    public async Task Account_is_locked_after_twenty_failures()
    {
        using var right = await server.UserAsync("locked");
        for (var i = 0; i < 20; i++)
        {
            using var wrong = server.Client("locked", $"wrong-{i}");
            using var refused = await wrong.GetAsync("/data/auth", Token);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }

        using var response = await right.GetAsync("/data/auth", Token);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    /// <summary>Session cookie: opened, used, closed; the idle cookie has its quotes.</summary>
    [Fact]
    public async Task Session_cookie_works_until_it_is_closed()
    {
        using var admin = server.Client();
        using var opened = await admin.PostAsync("/data/JSESSION", null, Token);
        var id = await opened.Content.ReadAsStringAsync(Token);
        Assert.Matches("^[0-9A-F]{32}$", id);
        Assert.Contains(opened.Headers.GetValues("Set-Cookie"), c => System.Text.RegularExpressions.Regex.IsMatch(c, "^SESSION_EXPIRATION_TIME=\"\\d+,\\d+\""));
        using var browser = server.Client(null);
        browser.DefaultRequestHeaders.Add("Cookie", $"JSESSIONID={id}");
        Assert.Equal("User 'admin' is logged in", await browser.GetStringAsync("/data/auth", Token));
        await browser.DeleteAsync("/data/JSESSION", Token);
        using var after = await browser.GetAsync("/data/auth", Token);
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
    }

    /// <summary>A browser's change needs the session's token.</summary>
    [Fact]
    public async Task Change_from_a_browser_without_CSRF_token_is_refused()
    {
        using var admin = server.Client();
        var id = (await admin.GetStringAsync("/data/JSESSION?CSRF=true", Token)).Split("; XNAT_CSRF=");
        using var browser = server.Client(null);
        browser.DefaultRequestHeaders.Add("Cookie", $"JSESSIONID={id[0]}");
        browser.DefaultRequestHeaders.UserAgent.ParseAdd("Mozilla/5.0");
        using var refused = await browser.PutAsync("/data/projects/CSRF1", null, Token);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        using var allowed = await browser.PutAsync($"/data/projects/CSRF1?XNAT_CSRF={id[1]}", null, Token);
        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
    }

    /// <summary>Names that lead out of their folder.</summary>
    [Theory]
    [InlineData("..%2f..%2fescaped.txt")]
    [InlineData("a/..%2f..%2f..%2fescaped.txt")]
    [InlineData("%00.txt")]
    public async Task File_name_that_leads_out_is_refused(string name)
    {
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/PATHS", null, Token);
        using var body = new StringContent("x");
        using var response = await admin.PutAsync($"/data/projects/PATHS/resources/R/files/{name}?inbody=true", body, Token);
        Assert.InRange((int)response.StatusCode, 400, 499);
        Assert.Empty(Directory.EnumerateFiles(server.Data, "escaped.txt", SearchOption.AllDirectories));
    }

    /// <summary>Zip-slip and a zip-bomb in an upload that is unpacked.</summary>
    [Fact]
    public async Task Hostile_archives_are_refused()
    {
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/ZIPS", null, Token);
        foreach (var (name, length) in ((string, int)[])[("../../../slip.txt", 10), ("bomb.bin", 200_000_000)])
        {
            using var zip = new MemoryStream();
            using (var archive = new System.IO.Compression.ZipArchive(zip, System.IO.Compression.ZipArchiveMode.Create, leaveOpen: true))
            {
                using var entry = archive.CreateEntry(name).Open();
                await entry.WriteAsync(new byte[length], Token);
            }

            using var body = new ByteArrayContent(zip.ToArray());
            using var response = await admin.PutAsync("/data/projects/ZIPS/resources/R/files/up.zip?inbody=true&extract=true", body, Token);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }

        Assert.Empty(Directory.EnumerateFiles(server.Data, "slip.txt", SearchOption.AllDirectories));
    }

    /// <summary>A document type declaration is refused, whatever it refers to.</summary>
    [Fact]
    public async Task XML_with_external_entity_is_refused()
    {
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/XXE", null, Token);
        using var body = new StringContent(
            "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><xnat:Subject xmlns:xnat=\"http://nrg.wustl.edu/xnat\" label=\"S1\"><xnat:group>&e;</xnat:group></xnat:Subject>", Encoding.UTF8, "text/xml");
        using var response = await admin.PutAsync("/data/projects/XXE/subjects/S1", body, Token);
        Assert.Equal(422, (int)response.StatusCode);
    }

    /// <summary>pyxnat's own calls: create, put and get a file, list, delete.</summary>
    [Fact]
    public async Task Pyxnat_drives_a_project_through_its_life()
    {
        const string Python = "/usr/bin/python3";
        Assert.SkipUnless(Directory.Exists("/usr/lib/python3/dist-packages/pyxnat"), "pyxnat is not installed.");
        var start = new System.Diagnostics.ProcessStartInfo(Python) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "pyxnat_story.py"));
        start.ArgumentList.Add(server.Address.ToString().TrimEnd('/'));
        using var process = System.Diagnostics.Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Token);
        var errors = process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 0, await output + await errors);
        Assert.Contains("STORY OK", await output, StringComparison.Ordinal);
    }
}
