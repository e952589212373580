using System.Text;
using System.Text.Json;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Anonymisation.Tests;

/// <summary>Text stays the same text whatever a script does to Specific Character Set, and wherever in the object it stands.</summary>
public sealed class CharacterSetTests
{
    private static readonly Tag Names = new(0x00081140);

    private static DataSet Sample(string? terms)
    {
        var dataSet = new DataSet();
        if (terms is not null)
        {
            dataSet.SetString(Tag.SpecificCharacterSet, terms, Vr.CS);
        }

        dataSet.Set(new ValueElement(Tag.PatientName, Vr.PN, Encoding.Latin1.GetBytes("Müller^Zoë")));
        var inherits = new DataSet();
        inherits.Set(new ValueElement(Tag.StudyDescription, Vr.LO, Encoding.Latin1.GetBytes("Schädel")));
        var own = new DataSet();
        own.SetString(Tag.SpecificCharacterSet, "ISO_IR 144", Vr.CS);
        own.SetString(Tag.StudyDescription, "Жар", Vr.LO);
        dataSet.Set(new SequenceElement(Names, [inherits, own]));
        return dataSet;
    }

    private static DataSet Run(DataSet dataSet, string script)
    {
        DicomEditScript.Compile(script).Apply(dataSet, new ScriptContext(), TestContext.Current.CancellationToken);
        return dataSet;
    }

    /// <summary>Both dialects, every way to write or remove the element.</summary>
    [Theory]
    [InlineData("version \"6.7\"\n(0008,0005) := \"ISO_IR 192\"", "ISO_IR 192")]
    [InlineData("version \"6.7\"\n(0008,0005) ?= \"ISO_IR 101\"", "ISO_IR 101")]
    [InlineData("version \"6.7\"\nset[\"(0008,0005)\", \"ISO_IR 192\"]", "ISO_IR 192")]
    [InlineData("version \"6.7\"\n(0008,0005) := \"ISO_IR 144\"", "ISO_IR 192")]
    [InlineData("version \"6.7\"\n-(0008,0005)", "ISO_IR 192")]
    [InlineData("version \"6.7\"\n-(0008,000X)", "ISO_IR 192")]
    [InlineData("version \"6.7\"\nblankValues[(0008,0005)]", "ISO_IR 192")]
    [InlineData("(0008,0005) := \"ISO_IR 192\"", "ISO_IR 192")]
    [InlineData("-(0008,0005)", "ISO_IR 192")]
    public void Text_is_encoded_anew_where_the_script_changes_the_character_set(string script, string expected)
    {
        var dataSet = Run(Sample("ISO_IR 100"), script);
        Assert.Equal(expected, dataSet.GetString(Tag.SpecificCharacterSet));
        Assert.Equal("Müller^Zoë", dataSet.GetString(Tag.PatientName));
        Assert.Equal("Schädel", dataSet.GetSequence(Names)!.Items[0].GetString(Tag.StudyDescription));
        Assert.Equal("Жар", dataSet.GetSequence(Names)!.Items[1].GetString(Tag.StudyDescription));
    }

    /// <summary>A script that says what undeclared bytes are is believed.</summary>
    [Fact]
    public void Bytes_of_undeclared_text_stay_for_the_script_to_declare()
    {
        var dataSet = Sample(null);
        dataSet.Set(new ValueElement(Tag.PatientName, Vr.PN, Encoding.UTF8.GetBytes("Жаба")));
        Run(dataSet, "version \"6.7\"\n(0008,0005) := \"ISO_IR 192\"");
        Assert.Equal("Жаба", dataSet.GetString(Tag.PatientName));
    }

    /// <summary>Without text beyond ASCII the element goes like any other.</summary>
    [Fact]
    public void Character_set_of_plain_text_can_be_deleted()
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.SpecificCharacterSet, "ISO_IR 100", Vr.CS);
        dataSet.SetString(Tag.PatientName, "Plain", Vr.PN);
        Assert.False(Run(dataSet, "version \"6.7\"\n-(0008,0005)").Contains(Tag.SpecificCharacterSet));
    }

    /// <summary>The JSON model's items have the character set of what holds them.</summary>
    [Theory]
    [InlineData("""{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00081140":{"vr":"SQ","Value":[{"00081030":{"vr":"LO","Value":["ü"]},"00081140":{"vr":"SQ","Value":[{"00081030":{"vr":"LO","Value":["Ж"]}}]}}]}}""")]
    [InlineData("""{"00080005":{"vr":"CS","Value":["ISO_IR 100"]},"00081140":{"vr":"SQ","Value":[{"00081030":{"vr":"LO","Value":["ü"]}}]}}""")]
    public void Items_of_the_JSON_model_get_no_character_set_of_their_own(string json)
    {
        var dataSet = DicomJsonReader.Read(Encoding.UTF8.GetBytes(json));
        using var written = new MemoryStream();
        using (var writer = new Utf8JsonWriter(written))
        {
            DicomJsonWriter.Write(writer, dataSet);
        }

        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(json).RootElement, JsonDocument.Parse(written.ToArray()).RootElement));
    }
}
