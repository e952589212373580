using Vesalius.Dicom.PixelData.Worker;

// Serves requests on standard input until it closes, so that a worker never outlives the process that started it.
using var input = new BufferedStream(Console.OpenStandardInput(), 1 << 16);
using var output = new BufferedStream(Console.OpenStandardOutput(), 1 << 16);
var gdcm = GdcmBinding.Load();
while (CodecRequest.Read(input) is { } request)
{
    CodecResponse response;
    try
    {
        response = gdcm is null ? CodecResponse.Refuse("GDCM's C# binding (Debian package libgdcm-cil) is not installed.") : GdcmCodecs.Answer(gdcm, request);
    }
    catch (OutOfMemoryException)
    {
        response = CodecResponse.Refuse("the frame needs more memory than a codec may use.");
    }
    catch (Exception e) when (e is System.Reflection.TargetInvocationException or Microsoft.CSharp.RuntimeBinder.RuntimeBinderException or ApplicationException or SystemException)
    {
        response = CodecResponse.Refuse("the codec failed on this frame.");
    }

    response.Write(output);
}
