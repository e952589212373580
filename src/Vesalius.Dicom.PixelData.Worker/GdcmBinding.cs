using System.Reflection;
using System.Runtime.InteropServices;

namespace Vesalius.Dicom.PixelData.Worker;

/// <summary>GDCM's own C# binding as Debian installs it, loaded when it is there: the build needs nothing of it.</summary>
internal sealed class GdcmBinding
{
    private static readonly string[] Folders = ["/usr/lib/cli/gdcm-sharp-3.0", "/usr/lib/x86_64-linux-gnu/gdcm-sharp-3.0", "/usr/local/lib/gdcm-sharp"];
    private readonly Assembly _assembly;

    private GdcmBinding(Assembly assembly) => _assembly = assembly;

    /// <summary>The binding; null if it is not installed.</summary>
    public static GdcmBinding? Load()
    {
        var folder = Folders.FirstOrDefault(f => File.Exists(Path.Combine(f, "gdcm-sharp.dll")));
        if (folder is null)
        {
            return null;
        }

        var assembly = Assembly.LoadFrom(Path.Combine(folder, "gdcm-sharp.dll"));
        NativeLibrary.SetDllImportResolver(assembly, (_, _, _) => NativeLibrary.Load(Path.Combine(folder, "libgdcmsharpglue.so")));
        var binding = new GdcmBinding(assembly);
        // What GDCM says may quote the object; nothing of it is wanted.
        binding.Static("Trace", "WarningOff");
        binding.Static("Trace", "ErrorOff");
        binding.Static("Trace", "DebugOff");
        return binding;
    }

    /// <summary>Makes an object of a class of the binding.</summary>
    public dynamic New(string type, params object[] arguments) => Activator.CreateInstance(Class(type), arguments)!;

    /// <summary>Calls a static method of the binding.</summary>
    public dynamic? Static(string type, string method, params object[] arguments) =>
        Class(type).InvokeMember(method, BindingFlags.InvokeMethod | BindingFlags.Static | BindingFlags.Public, null, null, arguments, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>A value of an enumeration inside a class of the binding.</summary>
    public object Value(string type, string name) => Enum.Parse(Class(type), name);

    private Type Class(string name) => _assembly.GetType("gdcm." + name, throwOnError: true)!;
}
