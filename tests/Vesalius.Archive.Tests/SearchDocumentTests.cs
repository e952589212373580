using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Vesalius.Archive.Lists;
using Vesalius.Archive.Search;
using Vesalius.Archive.Types;
using Xunit;

namespace Vesalius.Archive.Tests;

/// <summary>Search documents and display fields (rest-api §19).</summary>
public sealed class SearchDocumentTests
{
    private static readonly string[] Pieces =
    [
        "<xdat:bundle xmlns:xdat=\"http://nrg.wustl.edu/security\">", "</xdat:bundle>", "<xdat:root_element_name>xnat:subjectData</xdat:root_element_name>", "<xdat:search_where method=\"OR\">",
        "</xdat:search_where>", "<xdat:criteria>", "</xdat:criteria>", "<xdat:schema_field>LABEL</xdat:schema_field>", "<xdat:comparison_type>BETWEEN</xdat:comparison_type>", "<xdat:value>a</xdat:value>",
        "<xdat:child_set>", "</xdat:child_set>", "<!DOCTYPE x []>", "<![CDATA[", "]]>", "&e;", "\u0001", "<xdat:search_field/>", "text", " ", "<?x?>",
    ];

    /// <summary>Whatever is sent as a search is read, or refused as no search.</summary>
    [Fact]
    public void Any_text_is_a_search_or_refused() => Prop.ForAll(Gen.Elements(Pieces).ArrayOf().Select(string.Concat).ToArbitrary(), text =>
    {
        try
        {
            return SearchDocument.Read(text).RootType.Length > 0;
        }
        catch (SearchMalformedException)
        {
            return true;
        }
    }).QuickCheckThrowOnFailure();

    /// <summary>What is saved is what was sent.</summary>
    [Fact]
    public void Written_search_is_read_back()
    {
        var text = ArbMap.Default.GeneratorFor<NonEmptyString>().Select(s => s.Get.Trim()).Where(s => s.Length > 0 && FieldValue.IsText(s) && !s.Contains('\r', StringComparison.Ordinal));
        var criterion = from comparison in Gen.Elements(Enum.GetValues<SearchComparison>())
                        from field in text
                        from value in text
                        select new SearchCriterion(field, comparison, comparison is SearchComparison.IsNull or SearchComparison.IsNotNull ? "" : value);
        var leaf = from any in Gen.Elements(true, false)
                   from criteria in criterion.NonEmptyListOf()
                   select new SearchGroup(any, [.. criteria], []);
        var group = from whole in leaf
                    from inside in leaf.ListOf()
                    select whole with { Groups = [.. inside] };
        var search = from name in text
                     from fields in text.ArrayOf()
                     from conditions in @group.ListOf()
                     select new SearchDefinition("xnat:subjectData")
                     {
                         Id = name, BriefDescription = name, Description = name, Tag = name, Secure = fields.Length % 2 == 0, Where = [.. conditions],
                         Fields = [.. fields.Select((f, i) => new SearchField("xnat:subjectData", f, f, i % 2 == 0))], SortBy = new SearchField("xnat:subjectData", name),
                         AllowedUsers = [.. fields.Distinct()], AllowedGroups = [.. fields.Distinct()],
                     };
        Prop.ForAll(search.ToArbitrary(), one => JsonSerializer.Serialize(SearchDocument.Read(SearchDocument.Write(one))) == JsonSerializer.Serialize(one)).QuickCheckThrowOnFailure();
    }

    /// <summary>Names of columns as XNAT makes them.</summary>
    [Theory]
    [InlineData("xnat:subjectData", "LABEL", "label")]
    [InlineData("xnat:subjectData", "SUB_PROJECT_IDENTIFIER=P1", "sub_project_identifier_p1")]
    [InlineData("xnat:mrSessionData", "LABEL", "xnat_mrsessiondata_label")]
    [InlineData("xnat:subjectData", "xnat:subjectData/group", "xnat_col_subjectdatagroup")]
    [InlineData("xnat:subjectData", "demographics/gender", "demographicsgender")]
    public void Column_has_XNATs_key(string element, string field, string key) => Assert.Equal(key, SearchColumn.KeyOf("xnat:subjectData", element, field));

    /// <summary>Every field of every type that can be searched leads somewhere and has an ID of its own.</summary>
    [Fact]
    public void Every_type_has_fields_with_IDs_of_their_own()
    {
        var displays = new DisplayFields(TypeModel.Standard);
        foreach (var type in TypeModel.Standard.Types.Where(DisplayFields.IsSearchable))
        {
            var fields = displays.Of(type);
            Assert.Equal(fields.Count, fields.Select(f => f.Id.ToUpperInvariant()).Distinct().Count());
            Assert.Contains(fields, f => f.IsListed);
            Assert.All(fields, f => Assert.DoesNotContain('=', f.Id));
        }
    }

    /// <summary>A list's filters become the comparisons that mean the same.</summary>
    [Theory]
    [InlineData("date", "2024-01-01-2024-02-01", SearchComparison.Between, "2024-01-01 AND 2024-02-01")]
    [InlineData("date", "2024-01-01", SearchComparison.Equal, "2024-01-01")]
    [InlineData("label", "a-b", SearchComparison.Equal, "a-b")]
    [InlineData("label", "a*", SearchComparison.Like, "a%")]
    [InlineData("note", "NULL", SearchComparison.IsNull, "")]
    public void Filter_becomes_a_comparison(string name, string value, SearchComparison comparison, string compared)
    {
        var list = new ListRequest(ListKind.Experiment, "xnat:experimentData", new ListScope(Visibility.Unrestricted)) { Columns = ["label"], Filters = [(name, value)] };
        var criterion = Assert.Single(Assert.Single(Assert.Single(ListAsSearch.Of(TypeModel.Standard, list).Where).Groups).Criteria);
        Assert.Equal((comparison, compared), (criterion.Comparison, criterion.Value));
    }
}
