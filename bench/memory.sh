#!/usr/bin/env bash
# The server's memory while 10 GB of CT slices arrive, and while one object of 3 GiB does
set -euo pipefail
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/support/common.sh"
rounds=${ROUNDS:-9}      # 4 series of 600 slices each, 1.27 GB
frames=${FRAMES:-6144}   # of half a MiB
make_series() { /usr/bin/python3 "$root/bench/support/make_ct_series.py" "$@"; }
send() { dcmsend -aec VESALIUS 127.0.0.1 "$dicom_port" --scan-directories --recurse "$1" >/dev/null 2>>"$work/errors.log"; }
row() { awk -v what="$1" '/VmHWM/ { high = $2 / 1024 } /VmRSS/ { now = $2 / 1024 } END { printf "| %s | %.0f | %.0f |\n", what, now, high }' "/proc/$vesalius_pid/status"; }
begin() {
    echo "### $1"
    echo
    echo "| after | resident (MB) | highest (MB) |"
    echo "|---|---|---|"
    start_vesalius "$work/$2"
    row "the start"
}
end() {
    local pid=$vesalius_pid
    kill "$pid"
    wait "$pid" || true
    rm -rf "${work:?}/$1"
    echo
}

begin "Slices by four associations" slices-archive
received=0
for round in $(seq "$rounds"); do
    sending=()
    for n in 1 2 3 4; do
        series="$work/series$n"
        # Each of its own study, so that none is a duplicate.
        (make_series "$series" 600 1 $((round * 4 + n)) && send "$series" && rm -rf "$series") &
        sending+=($!)
    done
    for pid in "${sending[@]}"; do wait "$pid"; done
    received=$((received + 2400))
    row "$received slices, $(awk -v n="$received" 'BEGIN { printf "%.1f", n * 527 / 1e6 }') GB"
done
end slices-archive

make_series "$work/one" 1 1 99
/usr/bin/python3 - "$work/large.dcm" "$frames" "$work/one" <<'PY'
import os, pathlib, struct, sys
import pydicom
target, frames, folder = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])
data = pydicom.dcmread(next(folder.rglob("*.dcm")))
# Multi-frame Grayscale Word Secondary Capture Image Storage
data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7.3"
data.NumberOfFrames = frames
del data.PixelData
data.save_as(target, write_like_original=False)
frame = os.urandom(512 * 512 * 2)
with open(target, "ab") as file:
    file.write(struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, len(frame) * frames))
    for _ in range(frames):
        file.write(frame)
PY
begin "One object of $(awk -v f="$frames" 'BEGIN { printf "%.1f", f / 2048 }') GiB" large-archive
send "$work/large.dcm"
row "the object"
make_series "$work/series" 600 1 1
send "$work/series"
row "600 slices after it"
send "$work/large.dcm"
row "the object again"
end large-archive
