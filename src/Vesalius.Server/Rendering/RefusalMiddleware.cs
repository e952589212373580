using System.Net;
using Microsoft.AspNetCore.Http.Features;
using Npgsql;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Items;
using Vesalius.Archive.Lists;
using Vesalius.Archive.Search;
using Vesalius.Archive.Storage;
using Vesalius.Server.Security;

namespace Vesalius.Server.Rendering;

/// <summary>Renders refusals as each URL family does (rest-api §1.7); what is not known stays 500 without text.</summary>
internal sealed partial class RefusalMiddleware(RequestDelegate next, SiteSettings settings, ILogger<RefusalMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (HasNul(context.Request))
        {
            await RenderAsync(context, 400, "The address holds a character that nothing has in its name.").ConfigureAwait(false);
            return;
        }

        try
        {
            await next(context).ConfigureAwait(false);
            if (context.Response is { StatusCode: 404 or 405, HasStarted: false, ContentLength: null })
            {
                await AbsentAsync(context).ConfigureAwait(false);
            }
        }
        catch (RequestRefusedException e)
        {
            // Whoever has not signed in is asked to, before being told that something is not permitted or not there (rest-api §1.13.2).
            var unknown = e.Status is 403 or 404 && Writes(context) && context.Items.TryGetValue(CallerExtensions.CallerKey, out var caller) && caller is Caller { IsGuest: true };
            await RenderAsync(context, unknown ? 401 : e.Status, e.Message).ConfigureAwait(false);
        }
        catch (ItemRefusedException e)
        {
            await RenderAsync(context, StatusOf(e.Refusal), e.Message).ConfigureAwait(false);
        }
        catch (ListRefusedException e)
        {
            await RenderAsync(context, 400, e.Message).ConfigureAwait(false);
        }
        catch (SearchMalformedException e)
        {
            await RenderAsync(context, 422, e.Message).ConfigureAwait(false);
        }
        catch (SearchForbiddenException e)
        {
            await RenderAsync(context, context.Caller().IsGuest ? 401 : 403, e.Message).ConfigureAwait(false);
        }
        catch (UnsafePathException e)
        {
            await RenderAsync(context, 400, e.Message).ConfigureAwait(false);
        }
        catch (ResourceGoneException e)
        {
            await RenderAsync(context, 404, e.Message).ConfigureAwait(false);
        }
        catch (BadHttpRequestException e)
        {
            await RenderAsync(context, e.StatusCode, e.StatusCode == StatusCodes.Status413PayloadTooLarge ? "The body is larger than this address takes." : "The request cannot be read.").ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is left to answer.
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.CharacterNotInRepertoire or PostgresErrorCodes.UntranslatableCharacter)
        {
            await RenderAsync(context, 400, "The request holds a character that cannot be stored.").ConfigureAwait(false);
        }
        catch (NpgsqlException e) when (e is not PostgresException || e.IsTransient)
        {
            Unavailable(logger, context.TraceIdentifier);
            await RenderAsync(context, 503, "The database does not answer at the moment.").ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Failed(logger, context.TraceIdentifier, e.GetType().Name, Place(e));
            await RenderAsync(context, 500, "The server failed to do this.").ConfigureAwait(false);
        }
    }

    // Nothing there, or nothing that does this: then it is said what there is to do.
    private async Task AbsentAsync(HttpContext context)
    {
        var allowed = context.Response.Headers.Allow.ToString();
        if (context.Response.StatusCode == 404)
        {
            await RenderAsync(context, 404, "There is nothing at this address.").ConfigureAwait(false);
            return;
        }

        var offered = string.Join(", ", allowed.Split(", ").Append(allowed.Contains("GET", StringComparison.Ordinal) ? "HEAD" : "").Append("OPTIONS").Where(m => m.Length > 0).Distinct().Order(StringComparer.Ordinal));
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            context.Response.Headers.Allow = offered;
            return;
        }

        await RenderAsync(context, 405, $"This address does not do this. It offers {offered}.", offered).ConfigureAwait(false);
    }

    private static bool HasNul(HttpRequest request) =>
        request.Path.Value?.Contains('\0', StringComparison.Ordinal) == true || request.QueryString.Value?.Contains("%00", StringComparison.Ordinal) == true;

    private static bool Writes(HttpContext context) => !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method);

    // rest-api §1.8.
    private static int StatusOf(ItemRefusal refusal) => refusal switch
    {
        ItemRefusal.Malformed => 422,
        ItemRefusal.Unbuildable => 417,
        ItemRefusal.Conflict => 409,
        ItemRefusal.Locked => 403,
        _ => 400,
    };

    // Method and line, never the message: it may carry what a client sent.
    private static string Place(Exception e) => e.StackTrace?.Split('\n').FirstOrDefault(l => l.Contains("Vesalius", StringComparison.Ordinal))?.Trim() ?? "";

    private async Task RenderAsync(HttpContext context, int status, string reason, string? allow = null)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        var cookies = context.Response.Headers.SetCookie;
        context.Response.Clear();
        context.Response.Headers.SetCookie = cookies;
        context.Response.StatusCode = status;
        context.Response.Headers.Allow = allow;
        // A browser would answer the challenge with a window of its own; the site has its own page for that.
        if (status == 401 && context.Request.Headers.XRequestedWith != "XMLHttpRequest")
        {
            context.Response.Headers.WWWAuthenticate = $"Basic realm=\"{(await settings.TextAsync("siteId", CancellationToken.None).ConfigureAwait(false)).Replace('"', '\'')}\"";
        }

        if (context.Request.Path.StartsWithSegments("/xapi", StringComparison.Ordinal))
        {
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync(status == 403 ? "" : reason).ConfigureAwait(false);
            return;
        }

        // The status line says the same (rest-api §1.7), as far as one can hold it.
        context.Features.Get<IHttpResponseFeature>()!.ReasonPhrase = new string([.. reason.Take(200).Select(c => c is >= ' ' and <= '~' ? c : '?')]);
        context.Response.ContentType = "text/html; charset=utf-8";
        // pyxnat breaks on a page that is XML, too: the meta element must stay open.
        await context.Response.WriteAsync($"<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{status}</title></head><body><h3>{WebUtility.HtmlEncode(reason)}</h3></body></html>\n").ConfigureAwait(false);
    }

    [LoggerMessage(5001, LogLevel.Error, "Request {Request} failed: {Error} {Place}")]
    private static partial void Failed(ILogger logger, string request, string error, string place);

    [LoggerMessage(5002, LogLevel.Error, "Request {Request}: the database does not answer")]
    private static partial void Unavailable(ILogger logger, string request);
}
