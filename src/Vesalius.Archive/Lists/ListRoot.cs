using Vesalius.Archive.Types;

namespace Vesalius.Archive.Lists;

/// <summary>What part an experiment's type plays.</summary>
internal enum ObjectRole
{
    /// <summary>Any experiment, or no experiment.</summary>
    Any,
    /// <summary>Assessment of a subject: session or other.</summary>
    OfSubject,
    /// <summary>Assessor of a session.</summary>
    OfSession,
}

/// <summary>Finds the root type of a list: the type asked for, else the narrowest that a column or filter belongs to (rest-api §1.11).</summary>
internal sealed class ListRoot(TypeModel model, ListRequest request)
{
    public static ObjectRole RoleOf(DataType type) =>
        type.Is("xnat:subjectAssessorData") ? ObjectRole.OfSubject : type.Is("xnat:derivedData") ? ObjectRole.OfSession : ObjectRole.Any;

    /// <exception cref="ListRefusedException">There is no such type.</exception>
    public static Func<string, DataType> Known(TypeModel model) => name => model.Find(name) ?? throw new ListRefusedException("The xsiType is none that this site knows.");

    public DataType Deduce()
    {
        var root = model.Find(request.BaseType)!;
        if (request.XsiTypes is [var only])
        {
            var asked = Known(model)(only);
            return asked.Family == root.Family ? asked : throw new ListRefusedException("The xsiType is none of this list.");
        }

        if (request.XsiTypes.Count > 1)
        {
            foreach (var type in request.XsiTypes.Select(Known(model)))
            {
                if (type.Family != root.Family)
                {
                    throw new ListRefusedException("An xsiType is none of this list.");
                }
            }

            return root;
        }

        var list = request.Kind.ToString().ToLowerInvariant();
        foreach (var name in request.Columns.Concat(request.Filters.Select(f => f.Name)))
        {
            var text = name.Contains('/', StringComparison.Ordinal) ? name : model.Shortcuts.Find(list, name.Trim()) is { IsReadOnly: false } shortcut ? shortcut.Path : null;
            if (text is not null && FieldPath.Parse(text.Trim())?.TypeName is { } typeName && model.Find(typeName) is { } type && type != root && type.Is(root.Name))
            {
                root = type;
            }
        }

        return root;
    }
}
