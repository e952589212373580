using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Anonymisation.Tests;

/// <summary>Sentences of the language's reference that no given case shows: statement, element looked at, text expected.</summary>
public sealed class LanguageTests
{
    private const string Gone = "(gone)";
    private const string Error = "(error)";
    private const string Invalid = "(invalid)";
    private const string Rejected = "(rejected)";

    private static DataSet Sample()
    {
        var dataSet = new DataSet();
        void Put(uint tag, string text, Vr vr) => dataSet.SetString(new Tag(tag), text, vr);
        Put(0x00080005, "ISO_IR 100", Vr.CS);
        Put(0x00080008, "ORIGINAL\\PRIMARY", Vr.CS);
        Put(0x00080016, Uids.MRImageStorage, Vr.UI);
        Put(0x00080018, "1.2.3", Vr.UI);
        Put(0x00080020, "20200229", Vr.DA);
        Put(0x0008002A, "20200101120000.5+0100", Vr.DT);
        Put(0x00080030, "101112", Vr.TM);
        Put(0x00080050, "", Vr.SH);
        Put(0x00080060, "MR", Vr.CS);
        Put(0x00081030, "Müller study", Vr.LO);
        Put(0x00100010, "Doe^Jane", Vr.PN);
        Put(0x00100020, "P1", Vr.LO);
        Put(0x00100030, "19500101", Vr.DA);
        Put(0x00200013, "7", Vr.IS);
        Put(0x00280010, "512", Vr.US);
        Put(0x00290010, "ACME", Vr.LO);
        Put(0x00290011, "ACME", Vr.LO);
        Put(0x00291008, "first", Vr.LO);
        Put(0x00291108, "second", Vr.LO);
        var inner = new DataSet();
        inner.SetString(new Tag(0x00080020), "20200301", Vr.DA);
        inner.SetString(new Tag(0x00100020), "P1", Vr.LO);
        var deep = new DataSet();
        deep.SetString(new Tag(0x00081155), "1.2.3", Vr.UI);
        deep.SetString(new Tag(0x00100020), "P2", Vr.LO);
        inner.Set(new SequenceElement(new Tag(0x00081140), [deep]));
        dataSet.Set(new SequenceElement(new Tag(0x00081115), [inner, new DataSet()]));
        return dataSet;
    }

    private static string Outcome(string script, string path, string version)
    {
        DicomEditScript compiled;
        try
        {
            compiled = DicomEditScript.Compile(version + script.Replace("␤", "\n", StringComparison.Ordinal));
        }
        catch (ScriptException)
        {
            return Invalid;
        }

        var dataSet = Sample();
        try
        {
            var context = new ScriptContext { Variables = new Dictionary<string, string> { ["project"] = "PR", ["subject"] = "SU", ["session"] = "SE" }, SiteKey = new byte[32] };
            if (compiled.Apply(dataSet, context, TestContext.Current.CancellationToken).Outcome == ScriptOutcome.Rejected)
            {
                return Rejected;
            }
        }
        catch (ScriptRunException)
        {
            return Error;
        }

        var parts = path.Split('/');
        for (var i = 0; i < parts.Length - 1; i += 2)
        {
            Assert.True(Tag.TryParse(parts[i], out var sequence));
            if (dataSet.GetSequence(sequence) is not { } found || found.Items.Count <= int.Parse(parts[i + 1], System.Globalization.CultureInfo.InvariantCulture))
            {
                return Gone;
            }

            dataSet = found.Items[int.Parse(parts[i + 1], System.Globalization.CultureInfo.InvariantCulture)];
        }

        Assert.True(Tag.TryParse(parts[^1], out var tag));
        return dataSet[tag] switch
        {
            null => Gone,
            SequenceElement items => $"{items.Items.Count} items",
            _ => dataSet.GetString(tag)!,
        };
    }

    /// <summary>Version 6.</summary>
    [Theory]
    // §2 Text
    [InlineData("// a comment \\␤(0010,0020) := \"swallowed\"", "00100020", "P1")]
    [InlineData("(0010,0020) := \"a\" (0010,0010) := \"b\"", "00100010", "b")]
    [InlineData("(0010,0020) := \"a\"\\␤ -(0010,0010)", "00100010", Gone)]
    [InlineData("# comment", "00100010", Invalid)]
    [InlineData("/* comment */", "00100010", Invalid)]
    [InlineData("(0010,0020) :=␤\"a\"", "00100020", Invalid)]
    [InlineData("(0010,0020) := concatenate[\"a\",␤\"b\"]", "00100020", Invalid)]
    [InlineData("(0010,0020) := concatenate[\"a\", \\␤\"b\"]", "00100020", "ab")]
    [InlineData("( 0010,0020) := \"a\"", "00100020", Invalid)]
    [InlineData("(0010\t,\t0020) := \"a\"", "00100020", "a")]
    [InlineData("(0010,0020) := 3", "00100020", "3")]
    [InlineData("(0010,0020) := -3.50", "00100020", "-3.50")]
    [InlineData("(0010,0020) := 03", "00100020", Invalid)]
    [InlineData("(0010,0020) := 3.", "00100020", Invalid)]
    [InlineData("3 = \"3\" ? (0010,0020) := \"same\"", "00100020", "same")]
    [InlineData("3.0 = 3 ? (0010,0020) := \"same\"", "00100020", "P1")]
    [InlineData("(0010,0020) := \"a\\d\"", "00100020", Invalid)]
    [InlineData("(0010,0020) := \"a\\\"b\"", "00100020", Invalid)]
    [InlineData("(0010,0020) := \"a\\nb\\101\"", "00100020", "a\\nb\\101")]
    [InlineData("(0010,0020) := \"open", "00100020", Invalid)]
    [InlineData("else := \"x\"", "00100020", Invalid)]
    [InlineData("describe hidden \"x\"", "00100020", Invalid)]
    [InlineData("_x1 := \"y\"␤(0010,0020) := _x1", "00100020", "y")]
    [InlineData("X := \"y\"␤(0010,0020) := x", "00100020", Error)]
    [InlineData("(0029,{ACME//X}08) := \"odd\"", "00291208", "odd")]
    [InlineData("\u00A0-(0010,0010)", "00100010", Invalid)]
    // §3 Version
    [InlineData("version \"6.7\"␤-(0010,0010)", "00100010", Gone)]
    [InlineData("version \"6.6\"␤-(0010,0010)", "00100010", Invalid)]
    // §4 Naming things
    [InlineData("(0010,001X) ?= \"all\"", "00100010", "all")]
    [InlineData("-(001X,0020)", "00100020", Invalid)]
    [InlineData("-(0011,0020)", "00100020", Invalid)]
    [InlineData("-(001@,0020)", "00100020", Gone)]
    [InlineData("-(001#,0020)", "00100020", Invalid)]
    [InlineData("-(0010,002@)", "00100020", Gone)]
    [InlineData("-(0010,002#)", "00100020", "P1")]
    [InlineData("-(0010,{ACME}08)", "00100020", Invalid)]
    [InlineData("-(0029,{ACME }08)", "00291108", Gone)]
    [InlineData("-(0029,{ACME}XX)", "00290010", "ACME")]
    [InlineData("-(0029,{AC}08)", "00291008", "first")]
    [InlineData("(0029,{ACME}08) := \"x\"", "00291108", "x")]
    [InlineData("-(0029,{}08)", "00291008", Invalid)]
    [InlineData("-*/(0010,0020)", "00081115/0/00081140/0/00100020", Gone)]
    [InlineData("-./(0010,0020)", "00081115/0/00081140/0/00100020", "P2")]
    [InlineData("-././(0010,0020)", "00081115/0/00081140/0/00100020", Gone)]
    [InlineData("-+/(0010,0020)", "00100020", "P1")]
    [InlineData("-(0008,1115)/*/(0008,1155)", "00081115/0/00081140/0/00081155", Gone)]
    [InlineData("-(0008,1115)/+/(0010,0020)", "00081115/0/00100020", "P1")]
    [InlineData("-(0008,1115) [ 0 ] / (0010,0020)", "00081115/0/00100020", Gone)]
    [InlineData("(0010,0010) := (0008,1115)[0]/(0010,0020)", "00100010", "P1")]
    [InlineData("(0010,0010) := (0008,1115)/(0010,0020)", "00100010", Error)]
    [InlineData("(0010,0010) := (0008,1115)[9]/(0010,0020)", "00100010", "Doe^Jane")]
    [InlineData("(0010,0010) := (0008,0060)[0]/(0010,0020)", "00100010", "Doe^Jane")]
    [InlineData("(0010,0010) := (0028,0010)", "00100010", "512")]
    [InlineData("(0010,0010) := (0008,0008)", "00100010", "ORIGINAL\\PRIMARY")]
    [InlineData("project := concatenate[project, \"2\"]␤(0010,0020) := project", "00100020", "PR2")]
    [InlineData("x := (0010,9999)␤(0010,0020) := x", "00100020", Error)]
    [InlineData("if (true[]) { l := {(0010,0010)} }␤l := {}␤removeTags[l]", "00100010", "Doe^Jane")]
    [InlineData("l := {(0010,0010)}␤(0010,0020) := concatenate[l]", "00100020", Error)]
    [InlineData("l := {{(0010,0010)}, {\"(0010,0020)\"}}␤removeTags[l]", "00100020", Gone)]
    // §5 Actions
    [InlineData("(0008,1115)[1]/(0008,1140)[1]/(0010,0020) := \"new\"", "00081115/1/00081140/1/00100020", "new")]
    [InlineData("(0031,{NEW}10) := \"x\"", "00311010", "x")]
    [InlineData("(0031,{NEW}10) := \"x\"", "00310010", "NEW")]
    [InlineData("(0029,{OTHER}10) := \"x\"", "00290012", "OTHER")]
    [InlineData("(0008,1115)[0]/(0029,{ACME}10) := \"x\"", "00081115/0/00290010", "ACME")]
    [InlineData("(0008,1115) := \"\"", "00081115", "0 items")]
    [InlineData("(0008,1115) := \"x\"", "00081115", Error)]
    [InlineData("(0008,1115)[0] := \"\"", "00081115", Error)]
    [InlineData("(0028,0010) := \"70000\"", "00280010", Error)]
    [InlineData("(0028,0010) := \"-1\"", "00280010", Error)]
    [InlineData("(0028,0010) := \"1,000\"", "00280010", Error)]
    [InlineData("(0028,0010) := \"30.0\"", "00280010", "30")]
    [InlineData("(0028,0010) := \"30.5\"", "00280010", Error)]
    [InlineData("(0028,0010) := \"1\\\\2\"", "00280010", "1\\2")]
    [InlineData("(0028,0106) := \"5\"", "00280106", "5")]
    [InlineData("*/(0010,0020) := \"x\"", "00100020", Error)]
    [InlineData("false[] ? */(0010,0020) := \"x\"", "00100020", "P1")]
    [InlineData("(0010,0020) := (0010,001X)", "00100020", Error)]
    [InlineData("(0010,0020) := (0010,9999)", "00100020", "P1")]
    [InlineData("(0008,0050) ?= \"was empty\"", "00080050", "was empty")]
    [InlineData("(0008,1115) ?= \"x\"", "00081115", "2 items")]
    [InlineData("*/(0008,1155) ?= (0010,0020)", "00081115/0/00081140/0/00081155", "P1")]
    [InlineData("(0010,0010) ?= (0010,9999)", "00100010", "Doe^Jane")]
    [InlineData("-(0008,1115)[0]/(0008,1140)[0]", "00081115/0/00081140", "1 items")]
    [InlineData("-(0008,1115)[%]", "00081115", Gone)]
    [InlineData("(0010,0010) := \"日本\"", "00080005", "ISO_IR 192")]
    [InlineData("(0010,0010) := \"日本\"", "00081030", "Müller study")]
    // §6 Conditions
    [InlineData("(0008,0008) = \"ORIGINAL\\\\PRIMARY\" ? -(0010,0010)", "00100010", Gone)]
    [InlineData("\"x\" != (0010,9999) ? -(0010,0010)", "00100010", Gone)]
    [InlineData("\"x\" !~ (0010,9999) ? -(0010,0010)", "00100010", Gone)]
    [InlineData("(0010,9999) = (0010,9998) ? -(0010,0010)", "00100010", "Doe^Jane")]
    [InlineData("(0028,0010) = 512 ? -(0010,0010)", "00100010", Gone)]
    [InlineData("(0008,0060) = \"mr\" ? -(0010,0010)", "00100010", "Doe^Jane")]
    [InlineData("uppercase[\"true\"] ? -(0010,0010)", "00100010", Gone)]
    [InlineData("concatenate[\"no\"] ? -(0010,0010) : -(0010,0020)", "00100020", Gone)]
    [InlineData("(0008,0060) ? -(0010,0010)", "00100010", Invalid)]
    [InlineData("true[] ? removeAllPrivateTags", "00100010", Invalid)]
    [InlineData("true[] ? false[] ? -(0010,0010)", "00100010", Invalid)]
    [InlineData("true[] ? x := \"v\" : x := \"w\"␤(0010,0020) := x", "00100020", "v")]
    [InlineData("if (false[]) {}␤elseif (true[])␤␤{␤-(0010,0010)␤}", "00100010", Gone)]
    [InlineData("if (true[]) {}␤␤else␤{␤-(0010,0010)␤}", "00100010", "Doe^Jane")]
    [InlineData("if ((0008,0060)) { }", "00100010", Invalid)]
    [InlineData("if (true[]) { -(0010,0010)", "00100010", Invalid)]
    [InlineData("false[] ? (0010,0020) := nothere : echo \"x\"", "00100020", "P1")]
    // §7 Functions
    [InlineData("(0010,0020) := format[\"it''s '{0}' {0} {9}\", {\"a\"}]", "00100020", "it's {0} a {9}")]
    [InlineData("(0010,0020) := format[\"{0\", \"a\"]", "00100020", Error)]
    [InlineData("(0010,0020) := format[\"0}\", \"a\"]", "00100020", Error)]
    [InlineData("(0010,0020) := substring[\"abc\", 1, 1]", "00100020", "")]
    [InlineData("(0010,0020) := substring[\"abc\", 2, 1]", "00100020", Error)]
    [InlineData("(0010,0020) := substring[\"abc\", \"x\", 1]", "00100020", Error)]
    [InlineData("(0010,0020) := \"a\" \\", "00100020", "a")]
    [InlineData("set[\"(0008,0008)\", \"ORIGINAL \\\\ PRIMARY \"]␤(0008,0008) = \"ORIGINAL\\\\PRIMARY\" ? (0010,0020) := \"same\"", "00100020", "same")]
    [InlineData("(0018,9073) := \"1.5e-5\\\\-2e20\\\\123456789012345680000\\\\-0.25\"␤(0010,0020) := (0018,9073)", "00100020", "0.000015\\-200000000000000000000\\123456789012345680000\\-0.25")]
    [InlineData("(0010,0020) := uppercase[(0010,9999)]", "00100020", Error)]
    [InlineData("(0010,0020) := concatenate[\"a\", (0010,9999)]", "00100020", Error)]
    [InlineData("(0010,0020) := match[\"abc\", \"b\", 1]", "00100020", Error)]
    [InlineData("(0010,0020) := match[\"abc\", \"(?<x>a)(b)\", 2]", "00100020", "b")]
    [InlineData("(0010,0020) := match[\"abc\", \"(x)?b\", 1]", "00100020", "P1")]
    [InlineData("(0010,0020) := match[(0010,9999), \"b\", 0]", "00100020", Error)]
    [InlineData("ismatch[\"abc\", \"b\"] ? -(0010,0010)", "00100010", "Doe^Jane")]
    [InlineData("(0010,0020) := hashUID[\"\"]", "00100020", "2.25.290070988920337595058960832122557831312")]
    [InlineData("hashUIDList[*/(0008,1155), (0008,0018)]␤(0010,0020) := (0008,1115)[0]/(0008,1140)[0]/(0008,1155)␤(0010,0020) = (0008,0018) ? (0010,0010) := \"same\"", "00100010", "same")]
    [InlineData("(0010,0020) := mapUID[(0010,9999), \"1.2\"]", "00100020", "P1")]
    [InlineData("(0010,0020) := mapUID[\"1.2\", \"x\"]", "00100020", Error)]
    [InlineData("(0010,0020) := lookup[\"a\"]", "00100020", Error)]
    [InlineData("(0010,0020) := getURL[\"https://example.org\"]", "00100020", Error)]
    [InlineData("(0010,0020) := normalizeString[\"日a\", \"\"]", "00100020", "a")]
    [InlineData("set[\"(0029,1050)\", \"x\"]", "00291050", "x")]
    [InlineData("set[\"(0029,{ACME}50)\", \"x\"]", "00291050", Error)]
    [InlineData("delete[\"(0029,0010)\"]", "00290010", Gone)]
    [InlineData("delete[\"(0008,1115)[0]/(0010,0020)\"]", "00081115/0/00100020", Gone)]
    [InlineData("removeTags[\"(0010,0010\"]", "00100010", Error)]
    [InlineData("isPresent[(0008,0050)] ? -(0010,0010)", "00100010", Gone)]
    [InlineData("isPresent[\"(0008,0050)\"] ? -(0010,0010)", "00100010", Error)]
    [InlineData("isPresent[(0008,1115)/(0008,0050)] ? -(0010,0010)", "00100010", Error)]
    [InlineData("isPresent[(0008,1115)[1]] ? -(0010,0010)", "00100010", Gone)]
    [InlineData("blankValues[\"p1 \"]", "00100020", "P1")]
    [InlineData("blankValues[\"P1 \"]", "00081115/0/00100020", "")]
    [InlineData("blankValues[512]", "00280010", "")]
    [InlineData("blankValues[\"ORIGINAL\"]", "00080008", "ORIGINAL\\PRIMARY")]
    [InlineData("v := collectValues[*/(0010,0020)]␤*/(0010,0020) ?= \"X\"␤(0010,0010) := \"P2\"␤blankValues[v]", "00100010", "")]
    [InlineData("retainPrivateTags[(0010,0010)]", "00100010", Error)]
    [InlineData("retainPrivateTags[(0029,{ACME}08)]", "00291108", "second")]
    [InlineData("retainPrivateTags[(0029,{ACME}09)]", "00290010", Gone)]
    [InlineData("(0008,0020) := shiftDateByIncrement[(0008,0020), \"+1\"]", "00080020", "20200301")]
    [InlineData("(0008,0020) := shiftDateByIncrement[(0008,0020), 1, \"YEARS\"]", "00080020", "20210228")]
    [InlineData("(0008,0020) := shiftDateByIncrement[(0008,0020), 1, \"weeks\"]", "00080020", Error)]
    [InlineData("(0008,0020) := shiftDateByIncrement[(0008,0020), 1.5]", "00080020", Error)]
    [InlineData("(0008,0020) := shiftDateByIncrement[(0008,0020), 12, \"hours\"]", "00080020", "20200301")]
    [InlineData("(0008,0020) := shiftDateByIncrement[(0008,0020), 11, \"hours\"]", "00080020", "20200229")]
    [InlineData("(0008,0020) := shiftDateByIncrement[\"202002\", 15]", "00080020", "202003")]
    [InlineData("(0008,0020) := shiftDateByIncrement[\"2020\", -183]", "00080020", "2019")]
    [InlineData("(0008,0020) := shiftDateByIncrement[\"20210229\", 1]", "00080020", Error)]
    [InlineData("(0008,0020) := shiftDateByIncrement[(0010,9999), 1]", "00080020", Error)]
    [InlineData("(0008,0020) := shiftDateByIncrement[(0008,0050), 1]", "00080020", Error)]
    [InlineData("(0008,0020) := shiftDateByIncrement[\"20200101\", \"9223372036854775807\"]", "00080020", Error)]
    [InlineData("(0008,0020) := shiftDateByIncrement[\"٢٠٢٠\", 1]", "00080020", Error)]
    [InlineData("(0008,002A) := shiftDateTimeByIncrement[(0008,002A), 30]", "0008002A", "20200101120030.5+0100")]
    [InlineData("(0008,002A) := shiftDateByIncrement[(0008,002A), 30]", "0008002A", Error)]
    [InlineData("(0008,0030) := shiftDateTimeByIncrement[(0008,0030), 30]", "00080030", Error)]
    [InlineData("shiftDateTimeListByIncrement[{*/(0008,0020), (0008,002A)}, \"-1\", \"days\"]", "00081115/0/00080020", "20200229")]
    [InlineData("shiftDateTimeListByIncrement[{(0008,0030)}, 1, \"days\"]", "00080030", Error)]
    [InlineData("shiftDateTimeListByIncrement[{(0008,0060)}, 1, \"days\"]", "00080060", Error)]
    [InlineData("shiftDateTimeSequenceByIncrement[86400, \"(0008,1115)/(0008,0020)\"]", "00081115/0/00080020", "20200302")]
    [InlineData("shiftDateTimeSequenceByIncrement[86400, \"(0008,1115)/(0010,0020)\"]", "00081115/0/00100020", Error)]
    [InlineData("urlEncode[\"a\"]", "00100020", Error)]
    [InlineData("Hashuid[\"a\"]", "00100020", Error)]
    [InlineData("true[] ? reject[\"no\"] : echo \"x\"", "00100020", "P1")]
    [InlineData("reject[\"TRUE\"]", "00100020", Rejected)]
    [InlineData("reject[isPresent[(0010,0010)]]", "00100020", Rejected)]
    [InlineData("false[] ? frobnicate[]", "00100020", "P1")]
    // §9.3 Bounds
    [InlineData("l := {1, 1}␤l := {l, l, l, l, l, l, l, l, l, l}␤l := {l, l, l, l, l, l, l, l, l, l}␤l := {l, l, l, l, l, l, l, l, l, l}␤l := {l, l, l, l, l, l, l, l, l, l}␤l := {l, l, l, l, l, l, l, l, l, l}", "00100020", Error)]
    [InlineData("(0008,1115)[99999999]/(0010,0020) := \"x\"", "00081115", Error)]
    [InlineData("(0010,0020) ~ \"(P|P1)+++\" ? -(0010,0010)", "00100010", Error)]
    [InlineData("(0010,0020) := uppercase[\"Groß ﬁn ıj\"]", "00100020", "GROSS FIN IJ")]
    [InlineData("(0010,0020) := lowercase[\"ΠΟΣ Σ İ\"]", "00100020", "πος σ i\u0307")]
    [InlineData("(0010,0020) := lookup[\"kind\", (0010,9999)]", "00100020", "P1")]
    [InlineData("(0010,1010) := \"095Y\"␤-(0010,0030)␤(0008,1115)[1]/(0010,1010) := \"\"␤scalePatientAgeAndDobFromStudyDate[]", "00081115/1/00101010", "089Y")]
    [InlineData("(0028,0103) := \"1\"␤(0028,1200) := \"-5\"", "00281200", "-5")]
    public void Version_6(string script, string path, string expected) => Assert.Equal(expected, Outcome(script, path, "version \"6.7\"\n"));

    /// <summary>Texts that double with every line end in an error, not in all the memory there is (§9.3).</summary>
    [Theory]
    [InlineData("x := concatenate[x, x]")]
    [InlineData("x := replace[concatenate[x, \"b\"], \"b\", x]")]
    [InlineData("x := format[\"{0}{0}\", x]")]
    public void Values_are_bounded(string line)
    {
        var script = DicomEditScript.Compile("version \"6.7\"\nx := \"0123456789\"\n" + string.Concat(Enumerable.Repeat(line + "\n", 30)));
        Assert.Throws<ScriptRunException>(() => script.Apply(Sample(), new ScriptContext(), TestContext.Current.CancellationToken));
    }

    /// <summary>Version 4.</summary>
    [Theory]
    [InlineData("-(XXX#,XXXX)", "00290010", Gone)]
    [InlineData("-(0029,1108)", "00291108", Gone)]
    [InlineData("-(0029,{ACME}08)", "00291108", Invalid)]
    [InlineData("-(0008,1115)[0]", "00081115", Invalid)]
    [InlineData("-(0010,0020)␤(0010,0020) := \"late\"", "00100020", Gone)]
    [InlineData("-(0010,4000)␤(0010,4000) := \"late\"", "00104000", Gone)]
    [InlineData("(0008,0060) = \"CT\" : (0010,0020) := \"early\"␤(0010,0020) := \"late\"", "00100020", "late")]
    [InlineData("(0008,0060) = \"MR\" : (0010,0020) = \"P1\" : (0010,0010) := \"both\"", "00100010", "both")]
    [InlineData("(0008,0060) = \"MR\" : (0010,0020) = \"P2\" : (0010,0010) := \"both\"", "00100010", "Doe^Jane")]
    [InlineData("(0008,0060) ~ \"M\" : -(0010,0010)", "00100010", "Doe^Jane")]
    [InlineData("(0008,0060) != \"M\" : -(0010,0010)", "00100010", Invalid)]
    [InlineData("(0010,0010) := \"{0}_{1}\" project, (0010,0020)", "00100010", "PR_P1")]
    [InlineData("(0010,0010) := format[\"{0}_{1}\", PROJECT, subject]", "00100010", "PR_SU")]
    [InlineData("(0010,0010) := \"a \\\"quote\\\"\"", "00100010", "a \"quote\"")]
    [InlineData("(0010,0010) := \"a\\d\"", "00100010", Invalid)]
    [InlineData("a := \"1\"␤A := \"2\"", "00100010", Invalid)]
    [InlineData("(0010,0010) := later␤later := \"2\"", "00100010", "2")]
    [InlineData("a := b␤b := a", "00100010", Error)]
    [InlineData("(0010,0010) := nobody", "00100010", Error)]
    [InlineData("(0010,0010) := (0010,9999)", "00100010", "")]
    [InlineData("(0010,4000) := (0010,9999)", "00104000", "")]
    [InlineData("(0010,001X) := \"all\"", "00100010", "all")]
    [InlineData("(0010,1XXX) := \"all\"", "00101010", Gone)]
    [InlineData("(0029,1077) := \"new\"", "00291077", "new")]
    [InlineData("(0010,0020) := urlEncode[\"a=b ü~*\"]", "00100020", "a%3Db+%C3%BC%7E*")]
    [InlineData("(0010,0020) := concatenate[\"a\", \"b\"]", "00100020", Error)]
    [InlineData("(0010,0020) := hashUID[]", "00100020", Invalid)]
    [InlineData("describe site \"x\"␤export site \"y\"␤-(0010,0010)", "00100010", Gone)]
    [InlineData("describe site nonsense", "00100010", Invalid)]
    [InlineData("nonsense", "00100010", Invalid)]
    [InlineData("if (true[]) {}", "00100010", Invalid)]
    [InlineData(" version \"6.6\"␤-(0010,0010)", "00100010", Invalid)]
    [InlineData("versions := \"6.6\"", "00100010", Invalid)]
    [InlineData("version 6.6", "00100010", Invalid)]
    [InlineData("(0010,0020) ~ \"P\\\\d\" : (0010,0020) := hashUID[(0010,0020)]␤-(0010,0020)", "00100020", "2.25.251021706106541637914017293171437018021")]
    public void Version_4(string script, string path, string expected)
    {
        if (expected.StartsWith("2.25.", StringComparison.Ordinal))
        {
            Assert.StartsWith("2.25.", Outcome(script, path, ""), StringComparison.Ordinal);
            return;
        }

        Assert.Equal(expected, Outcome(script, path, ""));
    }

    /// <summary>Regular expressions are Java's.</summary>
    [Theory]
    [InlineData("a1", @"\w+", true)]
    [InlineData("ä", @"\w", false)]
    [InlineData("٣", @"\d", false)]
    [InlineData("a\nb", "a.b", false)]
    [InlineData("a\u2028b", "a.b", false)]
    [InlineData("a\nb", "(?s)a.b", true)]
    [InlineData("aaa", "a++", true)]
    [InlineData("aaab", "a*+ab", false)]
    [InlineData("aab", "a{1,2}+b", true)]
    [InlineData("x.y", @"\Qx.y\E", true)]
    [InlineData("xzy", @"\Qx.y\E", false)]
    [InlineData("abb", @"\Qab\E+", true)]
    [InlineData("b", "[a-z&&[^aeiou]]", true)]
    [InlineData("e", "[a-z&&[^aeiou]]", false)]
    [InlineData("m", "[a-c[m-p]]", true)]
    [InlineData("5", "[^a-z&&[d]]", true)]
    [InlineData("\u00A0", @"\h", true)]
    [InlineData("\u000B", @"\v", true)]
    [InlineData("Ab", @"\p{Upper}\p{Lower}", true)]
    [InlineData("é", @"\p{Alpha}", false)]
    [InlineData("é", @"\p{L}", true)]
    [InlineData("é", @"\pL", true)]
    [InlineData("-]", @"[\-\]]+", true)]
    [InlineData("]", "[]a]", true)]
    [InlineData("aa", @"(?<x>a)\k<x>", true)]
    [InlineData("aba", @"(a)(b)\1", true)]
    [InlineData("A", "(?i)a", true)]
    [InlineData("a b", "(?x) a \\  b # two letters", true)]
    [InlineData("A", @"\x41", true)]
    [InlineData("A", @"\0101", true)]
    [InlineData("é b", @"é\b b", false)]
    [InlineData("{", @"\{", true)]
    [InlineData("", "", true)]
    public void Patterns_mean_what_they_mean_in_Java(string text, string pattern, bool fits)
    {
        var context = new ScriptContext { Variables = new Dictionary<string, string> { ["subject"] = text, ["session"] = pattern } };
        var dataSet = Sample();
        DicomEditScript.Compile("version \"6.7\"\nsubject ~ session ? -(0010,0010)").Apply(dataSet, context, TestContext.Current.CancellationToken);
        Assert.Equal(fits, !dataSet.Contains(Tag.PatientName));
    }

    /// <summary>What Java would refuse, or what cannot be translated, is refused.</summary>
    [Theory]
    [InlineData("(")]
    [InlineData(")")]
    [InlineData("[a")]
    [InlineData("*a")]
    [InlineData("a{")]
    [InlineData("a{2,1}")]
    [InlineData("\\")]
    [InlineData(@"\y")]
    [InlineData(@"\1")]
    [InlineData("[z-a]")]
    [InlineData("(?U)a")]
    [InlineData(@"\p{IsGreek}")]
    public void Unusable_patterns_are_refused_on_saving(string pattern)
    {
        var text = $"version \"6.7\"\n(0010,0020) ~ \"{pattern.Replace("\\", "\\\\", StringComparison.Ordinal)}\" ? -(0010,0010)";
        Assert.Throws<ScriptException>(() => DicomEditScript.CompileForSaving(text));
    }

    /// <summary>What always fails is found on saving, what may not be reached is a warning.</summary>
    [Fact]
    public void What_can_be_known_is_known_at_save_time()
    {
        string[] certain =
        [
            "frobnicate[]", "newUID[1]", "*/(0010,0010) := \"x\"", "(0010,0010) := nobody", "removeTags[\"(0010\"]", "(0008,0020) := shiftDateByIncrement[(0008,0020), 1, \"weeks\"]",
            "isPresent[\"x\"] ? -(0010,0010)", "retainPrivateTags[(0010,0010)]", "(0010,0010) := substring[\"abc\", \"x\", 2]", "set[\"(0010,001X)\", \"x\"]",
        ];
        foreach (var line in certain)
        {
            var position = Assert.Throws<ScriptException>(() => DicomEditScript.CompileForSaving("version \"6.7\"\n" + line)).Position;
            Assert.Equal(2, position.Line);
            var inBranch = DicomEditScript.CompileForSaving($"version \"6.7\"\nif (false[]) {{\n{line}\n}}");
            Assert.NotEmpty(inBranch.Warnings);
        }

        Assert.Contains(DicomEditScript.Compile("version \"6.1\"\nif (true[]) { }").Warnings, w => w.Reason.Contains("6.4", StringComparison.Ordinal));
        Assert.Contains(DicomEditScript.Compile("version \"6.7\"\n(0040,0244) := shiftDateByIncrement[(0008,0244), 3]").Warnings, w => w.Reason.Contains("dictionary", StringComparison.Ordinal));
    }

    /// <summary>Places refer to the text as typed.</summary>
    [Theory]
    [InlineData("version \"6.7\"\n\n// comment\n(0010,0010) := \"a\" \\\n   , \"b\"", 5, 4)]
    [InlineData("version \"6.7\"\r\n(0010,0010) := := \"b\"", 2, 16)]
    [InlineData("version \"6.7\"\n(0010,0010) := \"a\nb\"", 2, 18)]
    [InlineData("version \"6.7\"\nif (true[]) {", 2, 14)]
    public void Errors_name_line_and_column(string script, int line, int column) =>
        Assert.Equal(new ScriptPosition(line, column), Assert.Throws<ScriptException>(() => DicomEditScript.Compile(script)).Position);

    /// <summary>A run's error names the statement, not a value.</summary>
    [Fact]
    public void Run_errors_name_the_statement_without_values()
    {
        var script = DicomEditScript.Compile("version \"6.7\"\nif (true[]) {\n  (0008,0020) := shiftDateByIncrement[(0010,0010), 1]\n}");
        var error = Assert.Throws<ScriptRunException>(() => script.Apply(Sample(), new ScriptContext(), TestContext.Current.CancellationToken));
        Assert.Equal(new ScriptPosition(3, 3), error.Position);
        Assert.StartsWith("(0008,0020)", error.Statement, StringComparison.Ordinal);
        Assert.DoesNotContain("Doe", error.Message, StringComparison.Ordinal);
    }

    /// <summary>File meta follows the data set.</summary>
    [Fact]
    public void File_meta_names_the_object_that_the_data_set_is()
    {
        var meta = new DataSet();
        meta.SetString(Tag.MediaStorageSOPInstanceUID, "1.2.3", Vr.UI);
        meta.SetString(Tag.SourceApplicationEntityTitle, "SCANNER", Vr.AE);
        var dataSet = Sample();
        DicomEditScript.Compile("version \"6.7\"\n(0008,0018) := \"9.9\"\n-(0002,0003)\n-(0002,0016)")
            .Apply(dataSet, new ScriptContext { FileMeta = meta }, TestContext.Current.CancellationToken);
        Assert.Equal("9.9", meta.GetString(Tag.MediaStorageSOPInstanceUID));
        Assert.Equal(Uids.MRImageStorage, meta.GetString(Tag.MediaStorageSOPClassUID));
        Assert.False(meta.Contains(Tag.SourceApplicationEntityTitle));
    }

    /// <summary>Site setting missingDate = skip.</summary>
    [Fact]
    public void Missing_dates_are_passed_over_only_if_asked_and_only_in_place()
    {
        var context = new ScriptContext { SkipsMissingDates = true };
        var inPlace = DicomEditScript.Compile("version \"6.7\"\n(0008,0012) := shiftDateByIncrement[(0008,0012), 3]");
        Assert.Equal(ScriptOutcome.Edited, inPlace.Apply(Sample(), context, TestContext.Current.CancellationToken).Outcome);
        var elsewhere = DicomEditScript.Compile("version \"6.7\"\n(0008,0020) := shiftDateByIncrement[(0008,0012), 3]");
        Assert.Throws<ScriptRunException>(() => elsewhere.Apply(Sample(), context, TestContext.Current.CancellationToken));
    }
}
