using System.Security.Cryptography.X509Certificates;
using Vesalius.Dicom.Network;

namespace Vesalius.QueryRetrieve;

/// <summary>How objects are fetched from a PACS.</summary>
public enum RetrievalWay
{
    /// <summary>C-MOVE to one of our receivers.</summary>
    Move,
    /// <summary>C-GET: objects come back over our own association, no receiver is needed.</summary>
    Get,
    /// <summary>DICOMweb (WADO-RS).</summary>
    DicomWeb,
}

/// <summary>Order of day, month and year in dates that are written with separators.</summary>
public enum DateOrder
{
    /// <summary>As the other dates of the file show; a date that fits both is ambiguous.</summary>
    Unknown,
    /// <summary>Day first.</summary>
    DayMonthYear,
    /// <summary>Month first.</summary>
    MonthDayYear,
}

/// <summary>How a PACS names and counts things, and how to fetch from it (R4).</summary>
public sealed record IdentityRules
{
    /// <summary>Accession numbers find the study that they were given to. False for PACS that make them up: there patient ID and study date are used.</summary>
    public bool TrustsAccessionNumber { get; init; } = true;

    /// <summary>Patient IDs find their patient.</summary>
    public bool TrustsPatientId { get; init; } = true;

    /// <summary>Digits of a patient ID; 0 if they vary. A shorter number has lost leading zeros, which are put back.</summary>
    public int PatientIdDigits { get; init; }

    /// <summary>Digits of an accession number; 0 if they vary.</summary>
    public int AccessionNumberDigits { get; init; }

    /// <summary>Order of day and month in this hospital's lists.</summary>
    public DateOrder DateOrder { get; init; }

    /// <summary>It names instances when asked at image level.</summary>
    public bool AnswersImageLevel { get; init; } = true;

    /// <summary>Its numbers of related instances are right.</summary>
    public bool CountsInstances { get; init; } = true;

    /// <summary>How to fetch; null for C-MOVE, or DICOMweb where that is enabled.</summary>
    public RetrievalWay? Retrieval { get; init; }

    /// <summary>Most retrievals at once, whatever the schedule says; 0 leaves it to the schedule.</summary>
    public int ParallelRetrievals { get; init; }

    /// <summary>Character set of answers that name none, for example <c>ISO_IR 100</c>; null to leave them.</summary>
    public string? AssumedCharacterSet { get; init; }

    /// <summary>User of its DICOMweb; null for none.</summary>
    public string? DicomWebUser { get; init; }

    /// <summary>Its DIMSE is spoken over TLS. DICOMweb is, where its address says https.</summary>
    public bool Tls { get; init; }

    /// <summary>SHA-256 fingerprint of the one certificate to accept, hexadecimal; replaces the check of chain and name. Null to check those.</summary>
    public string? TlsCertificateSha256 { get; init; }

    /// <summary>Authorities to trust instead of the system's, PEM; null for the system's.</summary>
    public string? TlsAuthorities { get; init; }

    /// <summary>Name that its certificate must carry; null for the host.</summary>
    public string? TlsName { get; init; }

    /// <summary>Hours after a complete retrieval at which it is looked at again for more; none to never look.</summary>
    public int[] RecheckHours { get; init; } = [24, 168];

    /// <summary>How its certificate is checked, and which of ours it is shown; null if the authorities cannot be read.</summary>
    /// <exception cref="PacsException">Our certificate cannot be read.</exception>
    internal RequestorTls? Trust(PacsCertificate? certificate)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            if (TlsAuthorities is not null)
            {
                authorities.ImportFromPem(TlsAuthorities);
            }
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            return null;
        }

        return new RequestorTls { TrustedAuthorities = authorities, PinnedCertificateSha256 = TlsCertificateSha256, PeerName = TlsName, ClientCertificate = certificate?.Get() };
    }

    /// <summary>What is wrong with them; null if nothing.</summary>
    public string? Fault()
    {
        if (PatientIdDigits is < 0 or > 64 || AccessionNumberDigits is < 0 or > 16)
        {
            return "Digits of a patient ID are 0 to 64, of an accession number 0 to 16.";
        }

        if (ParallelRetrievals is < 0 or > 64)
        {
            return "parallelRetrievals must be 0 to 64.";
        }

        if (TlsCertificateSha256 is { } pin && (pin.Replace(":", "", StringComparison.Ordinal) is var digits && (digits.Length != 64 || !digits.All(char.IsAsciiHexDigit))))
        {
            return "tlsCertificateSha256 must have 64 hexadecimal digits.";
        }

        if (TlsAuthorities is not null && Trust(null) is not { TrustedAuthorities.Count: > 0 })
        {
            return "tlsAuthorities must be certificates in PEM.";
        }

        return RecheckHours.Any(h => h is < 1 or > 24 * 365) || RecheckHours.Length > 10 ? "recheckHours are at most ten numbers from 1 to 8760." : null;
    }
}

/// <summary>A PACS (xapi A.4).</summary>
public sealed record Pacs
{
    /// <summary>Key.</summary>
    public long Id { get; init; }

    /// <summary>AE title; of a DICOMweb PACS its label.</summary>
    public string AeTitle { get; init; } = "";

    /// <summary>Host of DIMSE; null for a DICOMweb PACS.</summary>
    public string? Host { get; init; }

    /// <summary>Port of DIMSE; null for a DICOMweb PACS.</summary>
    public int? QueryRetrievePort { get; init; }

    /// <summary>Name for people.</summary>
    public string Label { get; init; } = "";

    /// <summary>May be asked.</summary>
    public bool Queryable { get; init; } = true;

    /// <summary>Asked where a request names none.</summary>
    public bool DefaultQueryRetrievePacs { get; init; }

    /// <summary>May be sent to.</summary>
    public bool Storable { get; init; }

    /// <summary>Sent to where a request names none.</summary>
    public bool DefaultStoragePacs { get; init; }

    /// <summary>Kept as given.</summary>
    public string OrmStrategySpringBeanId { get; init; } = "dicomOrmStrategy";

    /// <summary>Relational queries and fuzzy names are proposed.</summary>
    public bool SupportsExtendedNegotiations { get; init; }

    /// <summary>Spoken to by DICOMweb.</summary>
    public bool DicomWebEnabled { get; init; }

    /// <summary>Root of its DICOMweb.</summary>
    public string? DicomWebRootUrl { get; init; }

    /// <summary>Identifier of what comes by DICOMweb.</summary>
    public string? DicomObjectIdentifier { get; init; }

    /// <summary>False: scripts do not run on what comes by C-GET or DICOMweb.</summary>
    public bool AnonymizationEnabled { get; init; } = true;

    /// <summary><c>STUDY</c> or <c>SERIES</c>.</summary>
    public string RetrieveLevel { get; init; } = "STUDY";

    /// <summary>In use.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>When it was made.</summary>
    public DateTime Created { get; init; }

    /// <summary>Last change.</summary>
    public DateTime Timestamp { get; init; }

    /// <summary>How it names, counts and delivers.</summary>
    public IdentityRules Rules { get; init; } = new();

    /// <summary>How objects are fetched.</summary>
    public RetrievalWay Way => Rules.Retrieval ?? (DicomWebEnabled ? RetrievalWay.DicomWeb : RetrievalWay.Move);

    /// <summary>Lane of its jobs.</summary>
    public string Lane => Jobs.JobStore.LaneOf("pacs", Id);

    /// <summary>What is wrong with it; null if nothing.</summary>
    public string? Fault()
    {
        if (string.IsNullOrWhiteSpace(Label))
        {
            return "A PACS needs a label.";
        }

        if (RetrieveLevel is not ("STUDY" or "SERIES"))
        {
            return "retrieveLevel must be STUDY or SERIES.";
        }

        if (DicomWebEnabled && (!Uri.TryCreate(DicomWebRootUrl, UriKind.Absolute, out var root) || root.Scheme is not ("http" or "https") || root.UserInfo.Length > 0))
        {
            return "dicomWebRootUrl must be an http or https address without user name.";
        }

        if (Way == RetrievalWay.DicomWeb && !DicomWebEnabled)
        {
            return "Retrieval by DICOMweb needs dicomWebEnabled and dicomWebRootUrl.";
        }

        if (DicomWebEnabled && Host is null)
        {
            return Way == RetrievalWay.DicomWeb ? Rules.Fault() : "Retrieval by C-MOVE and C-GET needs host, queryRetrievePort and aeTitle.";
        }

        if (AeTitle.Length is < 1 or > 16 || AeTitle.Trim() != AeTitle || AeTitle.Any(c => c is < ' ' or > '~' or '\\'))
        {
            return "The AE title must have 1 to 16 printable characters, no blank at either end and no backslash.";
        }

        return string.IsNullOrWhiteSpace(Host) || Uri.CheckHostName(Host) == UriHostNameType.Unknown
            ? "A PACS needs a host."
            : QueryRetrievePort is null or < 1 or > 65535 ? "queryRetrievePort must be a number from 1 to 65535." : Rules.Fault();
    }
}

/// <summary>Result of asking a PACS whether it is there.</summary>
public sealed record PacsPing
{
    /// <summary>Key.</summary>
    public long Id { get; init; }

    /// <summary>PACS.</summary>
    public long PacsId { get; init; }

    /// <summary>It answered.</summary>
    public bool Successful { get; init; }

    /// <summary>When it was asked.</summary>
    public DateTime PingTime { get; init; }
}
