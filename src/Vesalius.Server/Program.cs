using Vesalius.Server;

return await VesaliusServer.RunAsync(args);
