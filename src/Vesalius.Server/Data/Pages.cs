using System.Net;
using Vesalius.Import;

namespace Vesalius.Server.Data;

/// <summary>Health, and the pages that clients probe before they sign in (rest-api A18, A19).</summary>
internal static class Pages
{
    public static void MapPages(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/healthz", async (HttpContext context, Vesalius.Database.VesaliusDatabase database, ReceiverHost receivers) =>
        {
            var databaseWell = true;
            try
            {
                await database.FindAsync<int>("select 1", null, context.RequestAborted);
            }
            catch (Npgsql.NpgsqlException)
            {
                databaseWell = false;
            }

            var well = databaseWell && receivers.IsWell;
            return Results.Json(
                new { status = well ? "ok" : "failing", http = true, database = databaseWell, receivers = receivers.IsWell, failedPorts = receivers.FailedPorts }, statusCode: well ? 200 : 503);
        });
        endpoints.MapMethods("/app/template/Login.vm", ["GET", "HEAD"], () => Page(
            "Sign in",
            """
            <form method="post" action="/data/services/auth"><label>User <input name="username"></label> <label>Password <input name="password" type="password"></label> <button>Sign in</button></form>
            <p><a href="/app/template/ForgotLogin.vm">Forgotten?</a></p>
            """));
    }

    /// <summary>A small page of our own.</summary>
    /// <param name="title">Title, plain text.</param>
    /// <param name="body">HTML.</param>
    /// <param name="status">Status code.</param>
    public static IResult Page(string title, string body, int status = 200) => Results.Content(
        $"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{WebUtility.HtmlEncode(title)}</title></head><body><h1>{WebUtility.HtmlEncode(title)}</h1>{body}</body></html>\n",
        "text/html; charset=utf-8", statusCode: status);
}
