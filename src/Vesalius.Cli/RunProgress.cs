using System.Runtime.CompilerServices;
using Spectre.Console;

namespace Vesalius.Cli;

/// <summary>A bar on standard error while a run goes on, where a person looks at it.</summary>
internal static class RunProgress
{
    /// <summary>Runs something that says how far it is.</summary>
    public static Task<T> ShowAsync<T>(Func<IProgress<(int Done, int All)>, Task<T>> run) =>
        Console.IsErrorRedirected ? run(new Silent()) : ShowBarAsync(run);

    // Apart, so that nothing of it is loaded where nobody looks.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Task<T> ShowBarAsync<T>(Func<IProgress<(int Done, int All)>, Task<T>> run)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress().Columns(new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn(), new RemainingTimeColumn()).StartAsync(async context =>
        {
            var task = context.AddTask("files");
            return await run(new Bar(task));
        });
    }

    private sealed class Silent : IProgress<(int Done, int All)>
    {
        public void Report((int Done, int All) value)
        {
        }
    }

    private sealed class Bar(ProgressTask task) : IProgress<(int Done, int All)>
    {
        public void Report((int Done, int All) value)
        {
            // The number of members of a tar is known at its end only.
            task.IsIndeterminate = value.All == 0;
            task.MaxValue = Math.Max(1, value.All);
            task.Value = value.Done;
            task.Description = value.All == 0 ? $"{value.Done} files" : $"{value.Done} of {value.All} files";
        }
    }
}
