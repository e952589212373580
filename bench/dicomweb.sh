#!/usr/bin/env bash
# DICOMweb of one study of 500 CT slices beside Orthanc's: lists, metadata, frames by 8 connections
set -euo pipefail
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/support/common.sh"
count=${COUNT:-500}
rounds=${ROUNDS:-5}
lists=${LISTS:-200}

/usr/bin/python3 "$root/bench/support/make_ct_series.py" "$work/slices" "$count"

start_vesalius "$work/vesalius"
vesalius_put /data/projects/BENCH >/dev/null
vesalius_put /data/projects/BENCH/prearchive_code/0 >/dev/null
/usr/bin/python3 -m zipfile -c "$work/study.zip" "$work/slices"
curl -sf -u admin:bench-admin -H 'Content-Type: application/zip' --data-binary "@$work/study.zip" -o /dev/null \
    "http://127.0.0.1:$http_port/data/services/import?import-handler=SI&dest=/archive/projects/BENCH/subjects/S1/experiments/E1"
session=$(curl -sf -u admin:bench-admin "http://127.0.0.1:$http_port/data/JSESSION")

orthanc_http=$(free_port)
orthanc_dicom=$(free_port)
mkdir "$work/orthanc"
cat >"$work/orthanc.json" <<JSON
{ "StorageDirectory": "$work/orthanc", "IndexDirectory": "$work/orthanc", "DicomPort": $orthanc_dicom, "HttpPort": $orthanc_http, "DicomAet": "ORTHANC", "RemoteAccessAllowed": false,
  "AuthenticationEnabled": false, "HttpThreadsCount": 50, "StableAge": 2, "Plugins": ["/usr/share/orthanc/plugins/libOrthancDicomWeb.so"], "DicomWeb": { "Enable": true, "Root": "/dicom-web/", "StudiesMetadata": "Full", "SeriesMetadata": "Full" } }
JSON
Orthanc "$work/orthanc.json" >/dev/null 2>&1 &
started+=($!)
wait_for curl -sf "http://127.0.0.1:$orthanc_http/system"
dcmsend -aec ORTHANC 127.0.0.1 "$orthanc_dicom" --scan-directories --recurse "$work/slices"
# Until it holds the series for complete and has prepared what it prepares.
sleep 6

ours=(-b "JSESSIONID=$session")
our_root="http://127.0.0.1:$http_port/xapi/dicomweb/projects/BENCH"
their_root="http://127.0.0.1:$orthanc_http/dicom-web"
first_of() { /usr/bin/python3 -c "import json,sys; print('\n'.join(r['$1']['Value'][0] for r in json.load(sys.stdin)))"; }

urls() { # root: writes what is asked of a peer
    local root_of="$1" study series
    study=$(curl -sf "${@:2}" "$root_of/studies" | first_of 0020000D)
    series=$(curl -sf "${@:2}" "$root_of/studies/$study/series" | first_of 0020000E)
    for kind in studies series instances; do
        local address="$root_of/studies"
        [ "$kind" = studies ] || address="$address/$study/series"
        [ "$kind" != instances ] || address="$address/$series/instances?limit=1000"
        for _ in $(seq "$([ "$kind" = instances ] && echo $((lists / 10)) || echo "$lists")"); do printf 'url = "%s"\noutput = /dev/null\n' "$address"; done >"$work/$kind.curl"
    done
    printf 'url = "%s"\noutput = /dev/null\n' "$root_of/studies/$study/series/$series/metadata" >"$work/metadata.curl"
    curl -sf "${@:2}" "$root_of/studies/$study/series/$series/instances?limit=1000" | first_of 00080018 \
        | sed "s|.*|url = \"$root_of/studies/$study/series/$series/instances/&/frames/1\"\noutput = /dev/null|" >"$work/frames.curl"
    [ "$(grep -c ^url "$work/frames.curl")" -eq "$count" ]
}

measure() { # kind, curl options …: median seconds over the rounds
    local kind="$1" i
    shift
    local parallel=()
    [ "$kind" != frames ] || parallel=(-Z --parallel-max 8 -H 'Accept: multipart/related; type="application/octet-stream"; transfer-syntax=*')
    for i in $(seq "$rounds"); do seconds_of curl -sSf "${parallel[@]}" "$@" -K "$work/$kind.curl"; done | median
}

declare -A ours_seconds theirs_seconds
urls "$our_root" "${ours[@]}"
first=$(seconds_of curl -sSf "${ours[@]}" -K "$work/metadata.curl")
for kind in studies series instances metadata frames; do seconds_of curl -sSf "${ours[@]}" -K "$work/$kind.curl" >/dev/null; ours_seconds[$kind]=$(measure "$kind" "${ours[@]}"); done
urls "$their_root"
their_first=$(seconds_of curl -sSf -K "$work/metadata.curl")
for kind in studies series instances metadata frames; do seconds_of curl -sSf -K "$work/$kind.curl" >/dev/null; theirs_seconds[$kind]=$(measure "$kind"); done

echo "| what | requests | Vesalius (s) | Orthanc $(curl -sf "http://127.0.0.1:$orthanc_http/system" | sed -n 's/.*"Version" : "\([^"]*\)".*/\1/p') (s) | times as fast |"
echo "|---|---|---|---|---|"
for kind in studies series instances metadata frames; do
    awk -v k="$kind" -v n="$(grep -c ^url "$work/$kind.curl")" -v a="${ours_seconds[$kind]}" -v b="${theirs_seconds[$kind]}" 'BEGIN { printf "| %s | %d | %.3f | %.3f | %.1f |\n", k, n, a, b, b / a }'
done
awk -v a="$first" -v b="$their_first" 'BEGIN { printf "| metadata, first time | 1 | %.3f | %.3f | %.1f |\n", a, b, b / a }'
