using Vesalius.Cli;

return args switch
{
    ["anonymise", .. var rest] => await AnonymiseCommand.RunAsync(rest),
    _ => Usage.Show(),
};
