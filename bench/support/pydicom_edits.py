#!/usr/bin/env python3
"""Carries out the edits of a script (deletions, hashes, date shifts, labels, private block) with pydicom, as a person would write them by hand.

Usage: pydicom_edits.py SCRIPT IN OUT [MOST]
"""
import hashlib
import re
import sys
import uuid
from datetime import datetime, timedelta
from pathlib import Path

import pydicom

TAG = r"\(([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\)"


def tags(pattern: str, text: str) -> list[int]:
    return [int(group + element, 16) for group, element in re.findall(pattern, text, re.MULTILINE)]


def hashed(value: str) -> str:
    digest = bytearray(hashlib.sha1(value.encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return f"2.25.{uuid.UUID(bytes=bytes(digest)).int}"


def shifted(value: str) -> str:
    return (datetime.strptime(value, "%Y%m%d") - timedelta(days=73)).strftime("%Y%m%d")


def main() -> None:
    script, source, target = Path(sys.argv[1]).read_text(), Path(sys.argv[2]), Path(sys.argv[3])
    most = int(sys.argv[4]) if len(sys.argv) > 4 else None
    deleted = tags(rf'^(?:-|delete\["){TAG}', script)
    hashes = tags(rf"^{TAG} := hashUID", script)
    shifts = tags(rf"^{TAG} := shiftDate", script)
    kept = re.search(r'retainPrivateTags\["\(([0-9A-F]{4}),\{([^}]+)\}([0-9A-F]{2})\)"\]', script)
    group, creator, low = int(kept[1], 16), kept[2], int(kept[3], 16)
    target.mkdir(parents=True, exist_ok=True)

    def clean(dataset: pydicom.Dataset, element: pydicom.DataElement) -> None:
        tag = element.tag
        if tag.is_private:
            mine = tag.group == group and (
                element.value == creator if tag.is_private_creator
                else tag.element & 0xFF == low and element.private_creator == creator)
            if not mine:
                del dataset[tag]

    for path in sorted(source.iterdir())[:most]:
        ds = pydicom.dcmread(path)
        ds.walk(clean)
        ds.StudyDescription, ds.PatientName, ds.PatientID, ds.AccessionNumber, ds.StudyID = "P", "S", "S", "T", "T Study"
        for tag in deleted:
            if tag in ds:
                del ds[tag]
        for tag in hashes:
            if tag in ds and ds[tag].value:
                ds[tag].value = hashed(str(ds[tag].value))
        for tag in shifts:
            if tag in ds and ds[tag].value:
                ds[tag].value = shifted(str(ds[tag].value))
        ds.PatientIdentityRemoved, ds.DeidentificationMethod = "YES", "hospital project script 4"
        ds.LongitudinalTemporalInformationModified = "MODIFIED"
        ds.save_as(target / path.name)


main()
