using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Vesalius.Dicom;
using Vesalius.Dicom.Network;

namespace Vesalius.Cli;

/// <summary><c>vesalius send</c>: files and folders to a receiver by C-STORE, as they are.</summary>
internal static class SendCommand
{
    private const int WrongCall = 2;
    private const int Failed = 4;

    /// <summary>Runs the command.</summary>
    /// <returns>Exit code.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (SendOptions.Read(arguments) is not { } options)
        {
            return Usage.Show();
        }

        if (options.Paths.Find(p => !File.Exists(p) && !Directory.Exists(p)) is { } missing)
        {
            await Console.Error.WriteLineAsync($"There is no file or folder {missing}.");
            return WrongCall;
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) =>
        {
            e.Cancel = true;
            stop.Cancel();
        };
        var (objects, failures) = await ReadAsync(options.Paths, stop.Token);
        var total = objects.Count;
        var done = 0;
        try
        {
            var share = (objects.Count + options.Jobs - 1) / options.Jobs;
            await Parallel.ForEachAsync(objects.Chunk(Math.Max(1, share)), new ParallelOptions { MaxDegreeOfParallelism = options.Jobs, CancellationToken = stop.Token }, async (chunk, token) =>
            {
                // By reference: one object may lie in two files.
                var paths = new Dictionary<object, string>(ReferenceEqualityComparer.Instance);
                foreach (var (path, outgoing) in chunk)
                {
                    paths[outgoing] = path;
                }

                foreach (var (proposal, covered) in StorageProposal.Make(options.Calling, chunk.Select(o => o.Outgoing)))
                {
                    await SendAsync(options.Peer!, proposal, covered, (outgoing, reason) =>
                    {
                        if (reason is not null)
                        {
                            failures.Add((paths[outgoing], reason));
                        }

                        Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{Interlocked.Increment(ref done)}/{total}"));
                    }, token);
                }
            });
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"\nStopped; {done} of {total} objects were dealt with."));
            return Failed;
        }

        await Console.Error.WriteLineAsync();
        foreach (var (path, reason) in failures.OrderBy(f => f.Path, StringComparer.Ordinal))
        {
            await Console.Error.WriteLineAsync($"{path}: {reason}");
        }

        return failures.IsEmpty ? 0 : Failed;
    }

    private static IEnumerable<string> FilesOf(string path) =>
        Directory.Exists(path) ? Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal) : [path];

    private static async Task<(List<(string Path, OutgoingObject Outgoing)> Objects, ConcurrentBag<(string Path, string Reason)> Failures)> ReadAsync(
        IEnumerable<string> paths, CancellationToken cancellationToken)
    {
        var objects = new List<(string, OutgoingObject)>();
        var failures = new ConcurrentBag<(string, string)>();
        foreach (var path in paths.SelectMany(FilesOf))
        {
            try
            {
                objects.Add((path, await OutgoingObject.ReadAsync(path, cancellationToken)));
            }
            catch (Exception e) when (e is MalformedDicomException or InvalidDataException)
            {
                failures.Add((path, e.Message));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failures.Add((path, "cannot be read"));
            }
        }

        return (objects, failures);
    }

    // An association that ends in the middle takes only the rest of its objects with it.
    private static async Task SendAsync(
        RemoteApplication peer, AssociationProposal proposal, IReadOnlyList<OutgoingObject> objects, Action<OutgoingObject, string?> report, CancellationToken cancellationToken)
    {
        RequestorAssociation association;
        try
        {
            association = await RequestorAssociation.OpenAsync(peer, proposal, new RequestorOptions(), NullLogger.Instance, cancellationToken);
        }
        catch (AssociationException e)
        {
            foreach (var one in objects)
            {
                report(one, e.Message);
            }

            return;
        }

        await using (association)
        {
            foreach (var one in objects)
            {
                report(one, await StoreAsync(association, one, cancellationToken));
            }

            try
            {
                await association.ReleaseAsync(cancellationToken);
            }
            catch (AssociationException)
            {
                // Each object has its answer already.
            }
        }
    }

    private static async Task<string?> StoreAsync(RequestorAssociation association, OutgoingObject one, CancellationToken cancellationToken)
    {
        try
        {
            var status = await association.StoreAsync(one, null, DimsePriority.Medium, cancellationToken);
            return DimseStatuses.KindOf(status.Code) is DimseStatusKind.Success or DimseStatusKind.Warning
                ? null : string.Create(CultureInfo.InvariantCulture, $"refused with status {status.Code:X4}");
        }
        catch (Exception e) when (e is AssociationException or InvalidDataException)
        {
            return e.Message;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "cannot be read";
        }
    }
}

/// <summary>Options of <c>send</c>.</summary>
internal sealed record SendOptions
{
    /// <summary>Files and folders.</summary>
    public List<string> Paths { get; } = [];

    /// <summary>The receiver.</summary>
    public RemoteApplication? Peer { get; private set; }

    /// <summary>Our AE title.</summary>
    public string Calling { get; private set; } = "VESALIUS";

    /// <summary>Associations at once.</summary>
    public int Jobs { get; private set; } = 1;

    /// <summary>Reads the arguments; null if they are wrong.</summary>
    public static SendOptions? Read(string[] arguments)
    {
        var options = new SendOptions();
        for (var i = 0; i < arguments.Length; i++)
        {
            if (!arguments[i].StartsWith("--", StringComparison.Ordinal))
            {
                options.Paths.Add(arguments[i]);
            }
            else if (i + 1 >= arguments.Length || !options.Set(arguments[i], arguments[++i]))
            {
                return null;
            }
        }

        return options.Peer is not null && options.Paths.Count > 0 ? options : null;
    }

    private bool Set(string name, string value)
    {
        switch (name)
        {
            case "--to":
                // AE@HOST:PORT; the host may be an IPv6 address with colons of its own.
                var (at, colon) = (value.IndexOf('@', StringComparison.Ordinal), value.LastIndexOf(':'));
                if (at is < 1 or > 16 || colon <= at + 1
                    || !ushort.TryParse(value.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0)
                {
                    return false;
                }

                Peer = new RemoteApplication(value[(at + 1)..colon].Trim('[', ']'), port, value[..at]);
                return !string.IsNullOrWhiteSpace(Peer.AeTitle);
            case "--as":
                Calling = value;
                return value.Trim().Length is > 0 and <= 16;
            case "--jobs":
                var isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var jobs) && jobs > 0;
                Jobs = isNumber ? jobs : Jobs;
                return isNumber;
            default:
                return false;
        }
    }
}
