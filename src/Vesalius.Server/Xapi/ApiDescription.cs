using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Vesalius.Server.Data;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary>The description of every operation: OpenAPI 3 at <c>/xapi/openapi.json</c>, and Swagger 2 where XNAT's clients look (<c>/xapi/v2/api-docs</c>, xapi G.3).</summary>
internal static partial class ApiDescription
{
    private const string Document = "vesalius";

    public static void AddApiDescription(this IServiceCollection services) => services.AddOpenApi(Document, options =>
    {
        options.AddOperationTransformer((operation, context, _) =>
        {
            var path = "/" + (context.Description.RelativePath ?? "");
            var method = context.Description.HttpMethod ?? "GET";
            operation.Summary = Summary(method, path);
            operation.OperationId = method.ToLowerInvariant() + NotOfName().Replace(path, "_");
            operation.Responses ??= [];
            foreach (var (status, text) in ((string, string)[])[("200", "Done."), ("400", "The request cannot be understood."), ("401", "Sign in first."), ("403", "Visible, but not permitted."), ("404", "Not there, or not visible to the caller.")])
            {
                operation.Responses.TryAdd(status, new OpenApiResponse { Description = text });
            }

            foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
            {
                parameter.Description ??= parameter.In == ParameterLocation.Path ? $"The {parameter.Name} in the address." : $"Option {parameter.Name}.";
            }

            return Task.CompletedTask;
        });
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Vesalius", Version = typeof(ApiDescription).Assembly.GetName().Version!.ToString(3), Description = "XNAT's /data and /xapi, and what Vesalius adds. Sign in by Basic, an alias token, or the cookie JSESSIONID.",
            };
            document.Servers = [];
            return Task.CompletedTask;
        });
    });

    public static void MapApiDescription(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/openapi.json", (HttpContext context) => WriteAsync(context, OpenApiSpecVersion.OpenApi3_0)).ExcludeFromDescription();
        endpoints.MapGet("/xapi/v2/api-docs", (HttpContext context) => WriteAsync(context, OpenApiSpecVersion.OpenApi2_0)).ExcludeFromDescription();
        endpoints.MapGet("/xapi/swagger-ui.html", async (HttpContext context) =>
        {
            var document = await DocumentAsync(context);
            var rows = new StringBuilder("<p><a href=\"/xapi/openapi.json\">OpenAPI 3</a>, <a href=\"/xapi/v2/api-docs\">Swagger 2</a></p><table>");
            foreach (var (path, item) in document.Paths.OrderBy(p => p.Key, StringComparer.Ordinal))
            {
                foreach (var (method, operation) in item.Operations ?? [])
                {
                    rows.Append(CultureInfo.InvariantCulture, $"<tr><td>{method}</td><td><code>{WebUtility.HtmlEncode(path)}</code></td><td>{WebUtility.HtmlEncode(operation.Summary)}</td></tr>");
                }
            }

            return Pages.Page("API", rows.Append("</table>").ToString());
        }).ExcludeFromDescription();
    }

    private static Task<OpenApiDocument> DocumentAsync(HttpContext context)
    {
        context.SignedIn();
        return context.RequestServices.GetRequiredKeyedService<IOpenApiDocumentProvider>(Document).GetOpenApiDocumentAsync(context.RequestAborted);
    }

    private static async Task WriteAsync(HttpContext context, OpenApiSpecVersion version)
    {
        var document = await DocumentAsync(context);
        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.WriteAsync(await document.SerializeAsJsonAsync(version, context.RequestAborted), context.RequestAborted);
    }

    // GET /data/projects/{project}/subjects: "Read subjects of a project."
    private static string Summary(string method, string path)
    {
        var verb = method switch { "GET" or "HEAD" => "Read", "DELETE" => "Delete", "POST" => "Send", "PUT" => "Create or change", _ => method };
        var words = new List<string>();
        foreach (var segment in path.Split('/', StringSplitOptions.RemoveEmptyEntries).Skip(1))
        {
            words.Add(segment.StartsWith('{') ? $"one {segment.Trim('{', '}', '*', '?')}" : segment);
        }

        words.Reverse();
        return words.Count == 0 ? $"{verb} the root." : $"{verb} {string.Join(" of ", words)}.";
    }

    [GeneratedRegex("[^A-Za-z0-9]+")]
    private static partial Regex NotOfName();
}
