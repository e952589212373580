using Vesalius.Cli;

return args switch
{
    ["anonymise", .. var rest] => await AnonymiseCommand.RunAsync(rest),
    ["import", .. var rest] => await ImportCommand.RunAsync(rest),
    ["send", .. var rest] => await SendCommand.RunAsync(rest),
    ["profile", .. var rest] => await ProfileCommand.RunAsync(rest),
    _ => Usage.Show(),
};
