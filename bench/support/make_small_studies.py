"""Makes studies of one small MR image each: FOLDER COUNT. Prints their Study Instance UIDs and accession numbers."""
import os
import sys

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

ROOT = "1.2.826.0.1.3680043.9.7433.77"
folder, count = sys.argv[1], int(sys.argv[2])
os.makedirs(folder)
for i in range(1, count + 1):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    meta.MediaStorageSOPInstanceUID = f"{ROOT}.{i}.1.1"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    d = FileDataset(None, Dataset(), file_meta=meta, preamble=b"\0" * 128)
    d.is_little_endian, d.is_implicit_VR = True, False
    d.SOPClassUID, d.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    d.StudyInstanceUID, d.SeriesInstanceUID = f"{ROOT}.{i}", f"{ROOT}.{i}.1"
    d.PatientID, d.PatientName, d.AccessionNumber = f"P{i:05}", f"Bench^{i}", f"A{i:05}"
    d.StudyDate, d.StudyTime, d.StudyID, d.Modality = "20240115", "120000", f"I{i}", "MR"
    d.SeriesNumber, d.InstanceNumber, d.SeriesDescription = 1, 1, "T1"
    d.Rows = d.Columns = 64
    d.BitsAllocated = d.BitsStored = 16
    d.HighBit, d.PixelRepresentation, d.SamplesPerPixel, d.PhotometricInterpretation = 15, 0, 1, "MONOCHROME2"
    d.PixelData = bytes(64 * 64 * 2)
    d.save_as(os.path.join(folder, f"{i:05}.dcm"), write_like_original=False)
    print(d.StudyInstanceUID, d.AccessionNumber)
