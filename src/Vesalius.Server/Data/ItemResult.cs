using System.Text.Json;
using Vesalius.Access;
using Vesalius.Archive.Items;
using Vesalius.Archive.Life;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Data;

/// <summary>Answers an object as item JSON or XML; a browser that asks for HTML gets its fields as a page (rest-api §1.4).</summary>
internal sealed class ItemResult(Item item) : IResult
{
    /// <summary>Whether it is JSON for whoever has no wish, rather than XML.</summary>
    public bool IsUsuallyJson { get; init; }

    /// <summary>An object with its former states, where the request asks for them.</summary>
    /// <param name="context">Request.</param>
    /// <param name="item">Object.</param>
    /// <param name="kind">Kind of object, as its history names it.</param>
    /// <param name="id">Its ID there.</param>
    public static async Task<ItemResult> OfAsync(HttpContext context, Item item, string kind, string id)
    {
        if (ItemRequest.Flag(context, "includeHistory"))
        {
            await context.RequestServices.GetRequiredService<FormerStates>().AddAsync(item, kind, id, context.RequestAborted);
        }

        return new ItemResult(item);
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var conceal = httpContext.Request.Query["concealHiddenFields"] == "true";
        var response = httpContext.Response;
        switch (IsUsuallyJson ? AcceptedFormat.Of(httpContext.Request, "json", "xml", "html") : AcceptedFormat.Of(httpContext.Request, "xml", "json", "html"))
        {
            case "json":
                response.ContentType = "application/json; charset=utf-8";
                using (var stream = new MemoryStream())
                {
                    using (var json = new Utf8JsonWriter(stream))
                    {
                        ItemJson.WriteDocument(json, item, conceal);
                    }

                    await response.Body.WriteAsync(stream.GetBuffer().AsMemory(0, (int)stream.Length), httpContext.RequestAborted);
                }

                break;
            case "html":
                response.ContentType = "text/html; charset=utf-8";
                await response.WriteAsync(Html(), httpContext.RequestAborted);
                break;
            default:
                response.ContentType = "text/xml; charset=utf-8";
                await response.WriteAsync(await DocumentAsync(httpContext, item, conceal), httpContext.RequestAborted);
                break;
        }
    }

    /// <summary>The object as XML.</summary>
    public static async Task<string> DocumentAsync(HttpContext context, Item item, bool conceal)
    {
        var site = (await context.RequestServices.GetRequiredService<SiteSettings>().TextAsync("siteUrl", context.RequestAborted)).TrimEnd('/');
        return context.RequestServices.GetRequiredService<ItemXml>().Write(item, site.Length > 0 ? site : $"{context.Request.Scheme}://{context.Request.Host}", conceal);
    }

    private string Html()
    {
        static string Encode(object? text) => System.Net.WebUtility.HtmlEncode(Convert.ToString(text, System.Globalization.CultureInfo.InvariantCulture) ?? "");
        var rows = string.Concat(item.Fields.Select(f => $"<tr><th>{Encode(f.Key)}</th><td>{Encode(f.Value)}</td></tr>"));
        return $"<!DOCTYPE html>\n<html><head><title>{Encode(item.XsiType)}</title></head><body><table>{rows}</table></body></html>\n";
    }
}
