namespace Vesalius.Dicom.PixelData;

/// <summary>One frame in native form, little endian.</summary>
/// <param name="Description">What the bytes are. Decoding may have changed photometric interpretation and planar configuration from what the data set says.</param>
/// <param name="Bytes">The pixels, <see cref="ImageDescription.FrameLength"/> bytes; 1-bit frames begin at the lowest bit of the first byte.</param>
public sealed record NativeFrame(ImageDescription Description, byte[] Bytes);
