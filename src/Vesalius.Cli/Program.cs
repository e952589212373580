System.Console.WriteLine("vesalius-cli");
