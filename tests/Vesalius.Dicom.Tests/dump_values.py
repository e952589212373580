"""Prints the values of DICOM files as pydicom reads them: one line per element, path, representation, text, separated by tabs."""
import sys
import warnings

import pydicom
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.valuerep import DSfloat, DSdecimal, IS

warnings.simplefilter("ignore")
SKIPPED = {"OB", "OW", "OF", "OD", "OL", "OV", "UN", "SQ"}


def text(value):
    if isinstance(value, (DSfloat, DSdecimal, IS)) and getattr(value, "original_string", None) is not None:
        return value.original_string.strip()
    if isinstance(value, float):
        return repr(value)
    return str(value).strip(" \0")


def walk(dataset, prefix):
    for element in dataset:
        path = f"{prefix}{element.tag.group:04X}{element.tag.element:04X}"
        if element.VR == "SQ":
            for number, item in enumerate(element.value or []):
                yield from walk(item, f"{path}/{number}/")
        elif element.VR not in SKIPPED and element.VR != "AT" and not element.tag.element == 0:
            value = element.value
            values = value if isinstance(value, (MultiValue, list)) else [] if value is None else [value]
            yield path, element.VR, "\\".join(text(v) for v in values)


for line in sys.stdin:
    name = line.rstrip("\n")
    print(f"FILE\t{name}")
    try:
        for path, vr, value in walk(pydicom.dcmread(name, force=True), ""):
            print(f"{path}\t{vr}\t{value!r}")
    except Exception as error:  # the peer's trouble with a file is no finding about us
        print(f"ERROR\t{type(error).__name__}")
