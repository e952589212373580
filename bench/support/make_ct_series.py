#!/usr/bin/env python3
"""Writes synthetic CT slices for benchmarks: 512×512×16 bit, invented identities, reproducible.

Usage: make_ct_series.py FOLDER COUNT [PARTS [STUDY]]

PARTS: sub-folders among which the slices are dealt; STUDY: number of the study, which all its UIDs and its session label carry
"""
import random
import sys
from pathlib import Path

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

ROOT = "1.2.826.0.1.3680043.10.1337"


def slice_of(study: int, number: int, pixels: bytes) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = f"{ROOT}.3.{study}.{number}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = f"{ROOT}.9"
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.is_little_endian, ds.is_implicit_VR = True, False
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20260102"
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = "101112"
    ds.AccessionNumber = "ACC-INVENTED-1"
    ds.Modality = "CT"
    ds.Manufacturer = "Invented Scanners"
    ds.InstitutionName = "Invented Hospital"
    ds.ReferringPhysicianName = "Invented^Referrer"
    ds.StudyDescription = "Benchmark"
    ds.SeriesDescription = "Axial 1.0"
    ds.PatientName = "Invented^Patient"
    ds.PatientID = "INVENTED-1"
    ds.PatientBirthDate = "19700101"
    ds.PatientSex = "O"
    ds.PatientComments = f"Project:BENCH Subject:S1 Session:S1_CT{study}"
    ds.SliceThickness = "1.0"
    ds.KVP = "120"
    ds.StudyInstanceUID = f"{ROOT}.1.{study}"
    ds.SeriesInstanceUID = f"{ROOT}.2.{study}"
    ds.SeriesNumber = "1"
    ds.InstanceNumber = str(number)
    ds.ImagePositionPatient = ["-250", "-250", str(number)]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.FrameOfReferenceUID = f"{ROOT}.4.{study}"
    references = []
    for i in range(8):
        item = Dataset()
        item.ReferencedSOPClassUID = CTImageStorage
        item.ReferencedSOPInstanceUID = f"{ROOT}.5.{i}"
        references.append(item)
    ds.ReferencedImageSequence = Sequence(references)
    block = ds.private_block(0x0029, "INVENTED PRIVATE", create=True)
    for i in range(40):
        block.add_new(i, "LO", f"value {i}")
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows = ds.Columns = 512
    ds.PixelSpacing = ["0.9", "0.9"]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.RescaleIntercept, ds.RescaleSlope = "-1024", "1"
    ds.PixelData = pixels
    return ds


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    parts = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    study = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    noise = bytearray(random.Random(1).randbytes(512 * 512 * 2))
    noise[1::2] = bytes(b & 0x0F for b in noise[1::2])
    for number in range(1, count + 1):
        target = folder / str(number % parts)
        target.mkdir(parents=True, exist_ok=True)
        shift = (number * 2) % len(noise)
        slice_of(study, number, bytes(noise[shift:] + noise[:shift])).save_as(target / f"{number:05d}.dcm", write_like_original=False)


main()
