using Vesalius.Acceptance.Faults;

// The fault runs need a process that they may kill: this program started with another first word.
return args is [IntakeProcess.Command, .. var rest]
    ? await IntakeProgram.RunAsync(rest).ConfigureAwait(false)
    : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args).ConfigureAwait(false);
