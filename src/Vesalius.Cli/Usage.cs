namespace Vesalius.Cli;

/// <summary>What the tool can do.</summary>
internal static class Usage
{
    /// <summary>Shows it.</summary>
    /// <returns>The exit code of a wrong call.</returns>
    public static int Show()
    {
        Console.Error.WriteLine(
            """
            vesalius anonymise --json INPUT.json --script SCRIPT [--project P] [--subject S] [--session T] [--lookup TABLE.json]
                one object in the DICOM JSON model; the result goes to standard output
            vesalius anonymise IN OUT --script SCRIPT [--project P] [--subject S] [--session T] [--lookup TABLE.json] [--date-shift DAYS] [--jobs N] [--report REPORT.json]
                a folder of DICOM files, a single one, or an archive (.zip, .tar, .tar.gz, .tgz); OUT may be a folder or an archive too.
                What is done already is left alone, so a run that was stopped can be started again.
                Both forms: --missing-dates skip|fail (what a shift of a date that is missing does; fail unless said), --time-limit SECONDS
                (for one object; 300 unless said), --allow-url ADDRESS… (what getURL may read; nothing unless said)
            vesalius import --csv LIST --project P --pacs LABEL [--url http://127.0.0.1:8080] [--dry-run] [--receiver AE] [--priority N] [--append] [--retry] [--no-wait]
            vesalius import --batch ID [--retry]
                has a server import a list of studies from a PACS and shows how far it is; the same list again goes on watching.
                Who you are: VESALIUS_USER and VESALIUS_PASSWORD, or VESALIUS_TOKEN (alias:secret), or ~/.netrc
            vesalius profile [--template basic|guys] [--option NAME]… [--keep KEYWORD]… [--documents reject|strip] [--uid-root ROOT]
                a script made from the confidentiality profile of PS3.15, on standard output; --options lists the options
            vesalius send PATH… --to AETITLE@HOST:PORT [--as AETITLE] [--jobs N]
                files and folders to a receiver by C-STORE, as they are; N associations at once (1 unless said)

            Exit codes: 0 done; 2 wrong call; 3 the script rejected the object, or all of them; 4 the script is invalid or failed, or an object was not sent;
            5 some rows of a list are not complete; 6 the server does not answer or refuses.
            """);
        return 2;
    }
}
