namespace Vesalius.Archive.Types;

/// <summary>Which of the archive's objects a type describes.</summary>
public enum ObjectFamily
{
    /// <summary>A part of objects only, or nothing that the archive holds.</summary>
    None,
    /// <summary>Project.</summary>
    Project,
    /// <summary>Subject.</summary>
    Subject,
    /// <summary>Experiment: session, other assessment of a subject, or assessor of a session.</summary>
    Experiment,
    /// <summary>Scan.</summary>
    Scan,
    /// <summary>Reconstruction.</summary>
    Reconstruction,
    /// <summary>Resource.</summary>
    Resource,
}

/// <summary>A type of the schemas, for example <c>xnat:mrSessionData</c>.</summary>
public sealed class DataType
{
    internal DataType(SchemaNamespace schema, string localName, DataType? baseType)
    {
        Schema = schema;
        LocalName = localName;
        Base = baseType;
    }

    /// <summary>Schema that declares it.</summary>
    public SchemaNamespace Schema { get; }

    /// <summary>Name without prefix, for example <c>mrSessionData</c>.</summary>
    public string LocalName { get; }

    /// <summary>Name with prefix, for example <c>xnat:mrSessionData</c>.</summary>
    public string Name => $"{Schema.Prefix}:{LocalName}";

    /// <summary>The type that it extends.</summary>
    public DataType? Base { get; }

    /// <summary>Name of the root element of a document of this type; null if it is never a document.</summary>
    public string? ElementName { get; internal set; }

    /// <summary>Name for people.</summary>
    public string Singular { get; internal set; } = "";

    /// <summary>Name of several for people.</summary>
    public string Plural { get; internal set; } = "";

    /// <summary>Whether objects have a derived type only.</summary>
    public bool IsAbstract { get; internal set; }

    /// <summary>Field that people tell objects apart by.</summary>
    public string? DisplayIdentifier { get; internal set; }

    /// <summary>What the type's own text is; null for a type without text.</summary>
    public ValueKind? Content { get; internal set; }

    /// <summary>Fields that this type adds to its base; the node itself stands for the type.</summary>
    public FieldNode Root { get; } = new("", false);

    /// <summary>From this type to the one that all extend.</summary>
    public IEnumerable<DataType> Lineage
    {
        get
        {
            for (var type = this; type is not null; type = type.Base)
            {
                yield return type;
            }
        }
    }

    /// <summary>Which objects have this type.</summary>
    public ObjectFamily Family => Lineage.Last().Name switch
    {
        "xnat:projectData" => ObjectFamily.Project,
        "xnat:subjectData" => ObjectFamily.Subject,
        "xnat:experimentData" => ObjectFamily.Experiment,
        "xnat:imageScanData" => ObjectFamily.Scan,
        "xnat:reconstructedImageData" => ObjectFamily.Reconstruction,
        "xnat:abstractResource" => ObjectFamily.Resource,
        _ => ObjectFamily.None,
    };

    /// <summary>Whether the type is another or extends it.</summary>
    public bool Is(string name) => Lineage.Any(t => t.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>An element or attribute directly below, of this type or its bases.</summary>
    public FieldNode? Child(string name) => Lineage.Select(t => t.Root.Child(name)).FirstOrDefault(c => c is not null);

    /// <summary>All elements and attributes directly below, those of the base first.</summary>
    public IEnumerable<FieldNode> AllChildren => Lineage.Reverse().SelectMany(t => t.Root.Children);
}

/// <summary>A schema document.</summary>
/// <param name="Name">Name under <c>/xapi/schemas</c>, for example <c>xnat</c> or <c>pipeline/workflow</c>.</param>
/// <param name="Prefix">Prefix of its types.</param>
/// <param name="Uri">Namespace.</param>
public sealed record SchemaNamespace(string Name, string Prefix, string Uri);
