#!/usr/bin/env bash
# alterPixels over multi-frame objects of 128 MB and 1 GB: time and the tool's highest resident memory
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support/common.sh"

make_object() { # frames, file
    /usr/bin/python3 - "$1" "$2" <<'PY'
import sys, pydicom
from pydicom.dataset import Dataset, FileMetaDataset
frames, path = int(sys.argv[1]), sys.argv[2]
meta = FileMetaDataset()
meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"
meta.MediaStorageSOPInstanceUID = "2.25.1"
meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
d = Dataset()
d.file_meta = meta
d.is_little_endian, d.is_implicit_VR = True, False
d.SOPClassUID, d.SOPInstanceUID, d.StudyInstanceUID, d.SeriesInstanceUID = meta.MediaStorageSOPClassUID, "2.25.1", "2.25.2", "2.25.3"
d.Modality, d.SamplesPerPixel, d.PhotometricInterpretation, d.PlanarConfiguration = "US", 3, "RGB", 0
d.Rows, d.Columns, d.NumberOfFrames = 768, 1024, frames
d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 8, 8, 7, 0
d.PixelData = b"\x55" * (768 * 1024 * 3 * frames)
d["PixelData"].VR = "OB"
d.save_as(path, write_like_original=False)
PY
}

printf 'version "6.6"\nalterPixels["rectangle", "l=0, t=0, r=1024, b=60", "solid", "v=0"]\n' >"$work/script.das"
echo "| pixel data | time (s) | highest resident memory (MB) |"
echo "|---|---|---|"
for frames in 55 455; do
    rm -rf "$work/in" "$work/out"
    mkdir "$work/in"
    make_object "$frames" "$work/in/us.dcm"
    /usr/bin/python3 - "$root/.vesalius/app/tool/vesalius-cli.dll" "$work" "$frames" <<'PY'
import resource, subprocess, sys, time
tool, work, frames = sys.argv[1:]
begin = time.time()
subprocess.run(["dotnet", tool, "anonymise", f"{work}/in", f"{work}/out", "--script", f"{work}/script.das", "--project", "P", "--subject", "S", "--session", "T"],
               check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
seconds = time.time() - begin
with open(f"{work}/out/us.dcm", "rb") as f:
    bytes_ = f.read(4096 + 768 * 1024 * 3)
    assert bytes_.count(b"\0") >= 60 * 1024 * 3, "nothing was blanked"
print(f"| {int(frames) * 768 * 1024 * 3 // 2**20} MiB | {seconds:.1f} | {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} |")
PY
done
