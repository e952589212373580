using System.Globalization;
using System.Text;
using Vesalius.Dicom;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>Puts a subject's identifiers into a data set and writes down where.</summary>
internal sealed class HeaderPlanting(Subject subject, Random random)
{
    // Texts that the standard's profile does not list, where people and devices write names all the same.
    private static readonly Tag[] UnlistedTexts =
        [Tag.WindowCenterWidthExplanation, Tag.SequenceName, Tag.ReceiveCoilName, Tag.ConvolutionKernel, Tag.Radiopharmaceutical, Tag.FilterType];

    private static readonly Tag[] Descriptions =
    [
        Tag.StudyDescription, Tag.SeriesDescription, Tag.ImageComments, Tag.PatientComments, Tag.AdditionalPatientHistory, Tag.ProtocolName, Tag.DerivationDescription,
        Tag.RequestedProcedureDescription, Tag.PerformedProcedureStepDescription, Tag.RequestedProcedureComments, Tag.StudyComments, Tag.AdmittingDiagnosesDescription,
    ];

    private static readonly string[] Sentences =
        ["{0}", "seen by ward, {0}, follow up", "Re: {0} - compare with prior", "{0} (checked)", "T1 SAG {0}", "please phone {0} before scan", "HEAD/NECK {0}", "Ref.{0};done"];

    private readonly List<PlantedIdentifier> _planted = [];

    public IReadOnlyList<PlantedIdentifier> Planted => _planted;

    /// <summary>Puts identifiers everywhere.</summary>
    public void Plant(DataSet dataSet, DataSet fileMeta, Func<string> relatedInstance)
    {
        Texts(dataSet);
        Header(dataSet);
        Dates(dataSet);
        Descriptive(dataSet);
        Nested(dataSet, relatedInstance);
        Private(dataSet);
        Unknown(dataSet);
        Report(dataSet);
        Put(fileMeta, "", Tag.SourceApplicationEntityTitle, Place.FileMeta, "station", subject.Station);
        dataSet.Set(new ValueElement(new Tag(0xFFFC_FFFC), Vr.OB, Encoding.ASCII.GetBytes($"{Subject.Plain(subject.Family)} {subject.PatientId} padding")));
        Note("FFFCFFFC", Place.Surroundings, "patient name", Subject.Plain(subject.Family));
        Note("FFFCFFFC", Place.Surroundings, "patient ID", subject.PatientId);
    }

    /// <summary>Fills the 128 bytes in front of <c>DICM</c>, which software may use as it likes.</summary>
    public void PlantPreamble(byte[] file)
    {
        var text = Encoding.ASCII.GetBytes($"{Subject.Plain(subject.Family)}^{Subject.Plain(subject.Given)} {subject.PatientId}");
        text.AsSpan(0, Math.Min(text.Length, 128)).CopyTo(file);
        Note("", Place.Surroundings, "patient name", Subject.Plain(subject.Family));
    }

    private bool Chance(int percent) => random.Next(100) < percent;

    private void Note(string path, Place place, string kind, string text) => _planted.Add(new PlantedIdentifier(path, place, kind, text));

    private void Put(DataSet dataSet, string prefix, Tag tag, Place place, string kind, string text, Vr? vr = null)
    {
        dataSet.SetString(tag, text, vr ?? DataDictionary.VrOf(tag));
        Note(prefix + tag.ToHexString(), place, kind, text);
    }

    // Text that the object's character set cannot express is encoded anew once, before anything is noted.
    private void Texts(DataSet dataSet)
    {
        if (!Ascii.IsValid(subject.PersonName + subject.Referrer + subject.Performer + subject.Operator + subject.MotherBirthName))
        {
            dataSet.ReencodeAsUtf8();
        }
    }

    private void Header(DataSet dataSet)
    {
        Put(dataSet, "", Tag.PatientName, Place.Header, "patient name", subject.PersonName);
        Put(dataSet, "", Tag.PatientID, Place.Header, "patient ID", subject.PatientId);
        Put(dataSet, "", Tag.PatientBirthDate, Place.Header, "birth date", subject.BirthDate.ToString("yyyyMMdd", CultureInfo.InvariantCulture));
        Put(dataSet, "", Tag.AccessionNumber, Place.Header, "accession number", subject.Accession);
        // So that the check can know them; the others stand in some objects only.
        Put(dataSet, "", Tag.InstitutionName, Place.Header, "institution", subject.Institution);
        Put(dataSet, "", Tag.DeviceSerialNumber, Place.Header, "device serial", subject.DeviceSerial);
        Put(dataSet, "", Tag.ReferringPhysicianName, Place.Header, "staff", subject.Referrer);
        Put(dataSet, "", Tag.OperatorsName, Place.Header, "staff", subject.Operator);
        dataSet.SetString(Tag.PatientSex, subject.IsFemale ? "F" : "M");
        foreach (var (tag, kind, text) in (ReadOnlySpan<(Tag, string, string)>)
        [
            (Tag.OtherPatientIDs, "patient ID", subject.OtherId), (Tag.OtherPatientNames, "patient name", $"{subject.Family}^{subject.Middle}"), (Tag.PatientBirthName, "patient name", $"{subject.MotherBirthName}^{subject.Given}"),
            (Tag.PatientMotherBirthName, "relative", subject.MotherBirthName), (Tag.PatientAddress, "address", subject.Address), (Tag.PatientTelephoneNumbers, "telephone", subject.Telephone),
            (Tag.AdmissionID, "admission, insurance", subject.AdmissionId), (Tag.InsurancePlanIdentification, "admission, insurance", subject.Insurance), (Tag.Occupation, "occupation", subject.Occupation),
            (Tag.PerformingPhysicianName, "staff", subject.Performer),
            (Tag.NameOfPhysiciansReadingStudy, "staff", subject.Performer), (Tag.PhysiciansOfRecord, "staff", subject.Referrer), (Tag.RequestingPhysician, "staff", subject.Referrer),
            (Tag.InstitutionAddress, "institution", $"{subject.Street}, {subject.Town}"), (Tag.InstitutionalDepartmentName, "institution", subject.Department),
            (Tag.StationName, "station", subject.Station), (Tag.PerformedStationAETitle, "station", subject.Station),
            (Tag.StudyID, "study ID", subject.StudyId), (Tag.ResponsiblePerson, "relative", $"{subject.Family}^{subject.Middle}"), (Tag.CurrentPatientLocation, "address", "Ward 7 " + subject.Department),
            (Tag.ReferringPhysicianTelephoneNumbers, "telephone", subject.Mobile), (Tag.ReferringPhysicianAddress, "address", $"{subject.Town} {subject.Postcode}"),
        ])
        {
            if (Chance(70))
            {
                Put(dataSet, "", tag, Place.Header, kind, text);
            }
        }
    }

    private void Dates(DataSet dataSet)
    {
        // What was there is of another patient, so all of it moves to the subject's visit.
        var day = subject.StudyDate.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        foreach (var tag in (ReadOnlySpan<Tag>)[Tag.StudyDate, Tag.SeriesDate, Tag.AcquisitionDate, Tag.ContentDate, Tag.PerformedProcedureStepStartDate])
        {
            Put(dataSet, "", tag, Place.Header, "date", subject.StudyDate.AddDays(tag == Tag.ContentDate ? 1 : 0).ToString("yyyyMMdd", CultureInfo.InvariantCulture));
        }

        Put(dataSet, "", Tag.AcquisitionDateTime, Place.Header, "date", $"{day}1{random.Next(10)}{random.Next(10, 60)}{random.Next(10, 60)}.{random.Next(100, 999)}");
        if (subject.IsFemale && Chance(30))
        {
            Put(dataSet, "", Tag.LastMenstrualDate, Place.Header, "date", subject.StudyDate.AddDays(-random.Next(3, 28)).ToString("yyyyMMdd", CultureInfo.InvariantCulture));
        }
    }

    // An identifier of the subject as somebody would write it.
    private (string Kind, string Text) Written() => random.Next(16) switch
    {
        0 => ("patient ID", Spelling.Number(random, subject.PatientId)),
        1 => ("accession number", Spelling.Number(random, subject.Accession)),
        2 => ("NHS number", Spelling.Nhs(random, subject.NhsNumber)),
        3 => ("telephone", Spelling.Telephone(random, Chance(50) ? subject.Telephone : subject.Mobile)),
        4 => ("e-mail", subject.Mail),
        5 => ("postcode", subject.Postcode),
        6 => ("birth date", Spelling.Date(random, subject.BirthDate)),
        7 => ("date", Spelling.Date(random, subject.StudyDate)),
        8 => ("staff", Spelling.Staff(random, Chance(50) ? subject.Referrer : subject.Operator)),
        9 => ("institution", Spelling.Institution(random, subject.Institution)),
        10 => ("device serial", subject.DeviceSerial),
        _ => ("patient name", Spelling.Name(random, subject)),
    };

    private void Describe(DataSet dataSet, string prefix, Tag tag, Place place, Vr? vr = null)
    {
        var (kind, text) = Written();
        var sentence = string.Format(CultureInfo.InvariantCulture, Sentences[random.Next(Sentences.Length)], text);
        dataSet.SetString(tag, sentence, vr ?? DataDictionary.VrOf(tag));
        Note(prefix + tag.ToHexString(), place, kind, text);
    }

    private void Descriptive(DataSet dataSet)
    {
        foreach (var tag in Descriptions.Where(_ => Chance(40)))
        {
            Describe(dataSet, "", tag, Place.FreeText);
        }

        foreach (var tag in UnlistedTexts.Where(_ => Chance(15)))
        {
            Describe(dataSet, "", tag, Place.FreeText);
        }
    }

    private void Nested(DataSet dataSet, Func<string> relatedInstance)
    {
        var request = new DataSet();
        AddTo(dataSet, Tag.RequestAttributesSequence, request);
        Put(request, "00400275/", Tag.AccessionNumber, Place.Nested, "accession number", subject.Accession);
        Describe(request, "00400275/", Tag.ScheduledProcedureStepDescription, Place.Nested);
        if (Chance(60))
        {
            var other = new DataSet();
            AddTo(dataSet, Tag.OtherPatientIDsSequence, other);
            Put(other, "00101002/", Tag.PatientID, Place.Nested, "NHS number", subject.NhsNumber);
        }

        if (Chance(60))
        {
            var (original, before) = (new DataSet(), new DataSet());
            AddTo(dataSet, Tag.OriginalAttributesSequence, original);
            AddTo(original, Tag.ModifiedAttributesSequence, before);
            Put(before, "04000561/04000550/", Tag.PatientName, Place.Nested, "patient name", $"{Subject.Plain(subject.Family)}^{Subject.Plain(subject.Given)}");
            Put(before, "04000561/04000550/", Tag.PatientID, Place.Nested, "patient ID", subject.OtherId);
            Put(original, "04000561/", Tag.AttributeModificationDateTime, Place.Nested, "date", subject.StudyDate.AddDays(2).ToString("yyyyMMdd", CultureInfo.InvariantCulture) + "093000");
        }

        if (Chance(50))
        {
            var (person, code) = (new DataSet(), new DataSet());
            AddTo(dataSet, Tag.OperatorIdentificationSequence, person);
            Put(person, "00081072/", Tag.InstitutionName, Place.Nested, "institution", subject.Institution);
            AddTo(person, Tag.PersonIdentificationCodeSequence, code);
            Put(code, "00081072/00401101/", Tag.CodeMeaning, Place.Nested, "staff", subject.Operator);
        }

        var image = new DataSet();
        AddTo(dataSet, Tag.SourceImageSequence, image);
        image.SetString(Tag.ReferencedSOPClassUID, Uids.MRImageStorage);
        image.SetString(Tag.ReferencedSOPInstanceUID, relatedInstance());
        if (Chance(40))
        {
            // Codes stay, so this is for the residual check.
            var code = new DataSet();
            AddTo(dataSet, Tag.ProcedureCodeSequence, code);
            code.SetString(Tag.CodeValue, "R-" + random.Next(1000, 9999).ToString(CultureInfo.InvariantCulture));
            code.SetString(Tag.CodingSchemeDesignator, "99LOCAL");
            Describe(code, "00081032/", Tag.CodeMeaning, Place.Nested);
        }
    }

    private static void AddTo(DataSet dataSet, Tag tag, DataSet item) => dataSet.Set(new SequenceElement(tag, [item]));

    private void Private(DataSet dataSet)
    {
        foreach (var group in (ReadOnlySpan<uint>)[0x0009_0000, 0x0029_0000, 0x0051_0000])
        {
            // A block that no device's own elements use.
            var creator = new Tag(group | 0xE7);
            if (!Chance(60) || dataSet.Contains(creator))
            {
                continue;
            }

            dataSet.SetString(creator, "ATLANTIS IMAGING 2", Vr.LO);
            Describe(dataSet, "", new Tag(group | 0xE701), Place.Private, Vr.LO);
            Put(dataSet, "", new Tag(group | 0xE702), Place.Private, "patient name", subject.PersonName, Vr.PN);
            Put(dataSet, "", new Tag(group | 0xE703), Place.Private, "birth date", subject.BirthDate.ToString("yyyyMMdd", CultureInfo.InvariantCulture), Vr.DA);
            Put(dataSet, "", new Tag(group | 0xE704), Place.Private, "device serial", subject.DeviceSerial, Vr.LO);
            dataSet.Set(new ValueElement(new Tag(group | 0xE705), Vr.UN, Encoding.ASCII.GetBytes($"ID={subject.PatientId};")));
            Note(new Tag(group | 0xE705).ToHexString(), Place.Private, "patient ID", subject.PatientId);
            dataSet.Set(new ValueElement(new Tag(group | 0xE706), Vr.OB, Encoding.Unicode.GetBytes($"{subject.Family}, {subject.Given}")));
            Note(new Tag(group | 0xE706).ToHexString(), Place.Private, "patient name", subject.Family);
            var item = new DataSet();
            dataSet.Set(new SequenceElement(new Tag(group | 0xE707), [item]));
            Put(item, new Tag(group | 0xE707).ToHexString() + "/", Tag.InstitutionName, Place.Private, "institution", subject.Institution);
        }
    }

    // Elements that no dictionary knows: newer than the software, or an error of it.
    private void Unknown(DataSet dataSet)
    {
        foreach (var tag in (ReadOnlySpan<uint>)[0x0010_3332, 0x0018_EE10, 0x0040_EF02])
        {
            if (Chance(35))
            {
                var (kind, text) = Written();
                dataSet.Set(new ValueElement(new Tag(tag), Vr.UN, Encoding.UTF8.GetBytes($"value {text} end")));
                Note(new Tag(tag).ToHexString(), Place.Unknown, kind, text);
            }
        }
    }

    private void Report(DataSet dataSet)
    {
        if (!dataSet.Contains(Tag.ContentSequence))
        {
            return;
        }

        var content = dataSet.GetSequence(Tag.ContentSequence);
        if (content is null)
        {
            return;
        }

        DataSet Item(string type, string meaning)
        {
            var (item, name) = (new DataSet(), new DataSet());
            item.SetString(Tag.RelationshipType, "CONTAINS");
            item.SetString(Tag.ValueType, type);
            name.SetString(Tag.CodeMeaning, meaning);
            AddTo(item, Tag.ConceptNameCodeSequence, name);
            return item;
        }

        const string Level = "0040A730/";
        var person = Item("PNAME", "Person Observer Name");
        content.Add(person);
        Put(person, Level, Tag.PersonName, Place.StructuredReport, "staff", subject.Performer);
        var text = Item("TEXT", "Finding");
        content.Add(text);
        Describe(text, Level, Tag.TextValue, Place.StructuredReport);
        var date = Item("DATE", "Subject Birth Date");
        content.Add(date);
        Put(date, Level, Tag.Date, Place.StructuredReport, "birth date", subject.BirthDate.ToString("yyyyMMdd", CultureInfo.InvariantCulture));
        var (container, name, note) = (Item("CONTAINER", "Patient"), Item("PNAME", "Subject Name"), Item("TEXT", "Comment"));
        content.Add(container);
        container.Set(new SequenceElement(Tag.ContentSequence, [name, note]));
        Put(name, Level + Level, Tag.PersonName, Place.StructuredReport, "patient name", subject.PersonName);
        Describe(note, Level + Level, Tag.TextValue, Place.StructuredReport);
    }
}
