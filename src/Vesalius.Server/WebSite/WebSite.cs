using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.FileProviders;
using Vesalius.Access;
using Vesalius.Server.Security;

namespace Vesalius.Server.WebSite;

/// <summary>Serves the web site (R27): its built files below <c>/site</c>, and its one page for every address that no interface answers.</summary>
internal static class WebSite
{
    private static readonly string[] Interfaces = ["/data", "/REST", "/xapi", "/schemas", "/dicomweb", "/dicom-web", "/viewer", "/VIEWER", "/app", "/healthz", "/metrics", "/site"];

    /// <summary>Names of files below <c>site/assets</c> carry a hash of their content.</summary>
    private const string ForEver = "public, max-age=31536000, immutable";

    public static void UseWebSite(this WebApplication application, string? folder)
    {
        if (folder is null || !Directory.Exists(Path.Combine(folder, "site")))
        {
            return;
        }

        application.UseStaticFiles(new StaticFileOptions
        {
            RequestPath = "/site",
            FileProvider = new PhysicalFileProvider(Path.GetFullPath(Path.Combine(folder, "site"))),
            OnPrepareResponse = context =>
            {
                context.Context.Response.Headers.CacheControl = context.Context.Request.Path.StartsWithSegments("/site/assets", StringComparison.Ordinal) ? ForEver : "no-cache";
                context.Context.Response.Headers["X-Content-Type-Options"] = "nosniff";
            },
        });
    }

    /// <summary>Answers addresses that no endpoint has; an endpoint for all of them would hide that an interface refuses a method.</summary>
    public static void UsePages(this WebApplication application, string? folder)
    {
        var file = folder is null ? null : Path.Combine(folder, "index.html");
        var text = file is not null && File.Exists(file) ? File.ReadAllText(file) : null;
        application.Use((context, next) => context.GetEndpoint() is null && HttpMethods.IsGet(context.Request.Method)
            && (context.Request.Path == "/" || (text is not null && IsPage(context.Request.Path)))
                ? Page(context, text).ExecuteAsync(context)
                : next(context));
    }

    /// <summary>True for an address that only the site's own page answers; it holds no data and asks for a sign-in itself.</summary>
    public static bool IsPage(PathString path) => !Array.Exists(Interfaces, i => path.StartsWithSegments(i, StringComparison.Ordinal));

    private static IResult Page(HttpContext context, string? text)
    {
        var nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        context.Response.Headers["Content-Security-Policy"] =
            $"default-src 'self'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
        context.Response.Headers["Referrer-Policy"] = "same-origin";
        context.Response.Headers.CacheControl = "no-store";
        // Clients look for this at the root to learn who they are (rest-api A18).
        var who = SignedInAs(context.Caller());
        var html = text is null
            ? $"<!DOCTYPE html>\n<html lang=\"en\"><head><title>Vesalius</title></head><body><h1>Vesalius</h1><p>{who}</p></body></html>\n"
            : text.Replace("name=\"csp-nonce\" content=\"\"", $"name=\"csp-nonce\" content=\"{nonce}\"", StringComparison.Ordinal)
                .Replace("<div id=\"root\"></div>", $"<div id=\"root\"></div><noscript>{who}</noscript>", StringComparison.Ordinal);
        return Results.Content(html, "text/html; charset=utf-8");
    }

    private static string SignedInAs(Caller caller) => caller.IsGuest
        ? "<span id=\"user_info\">Logged in as: <span style=\"color:red;\">Guest</span></span>"
        : $"<span id=\"user_info\">Logged in as: &nbsp;<a href=\"/data/auth\">{WebUtility.HtmlEncode(caller.Login)}</a></span>";
}
