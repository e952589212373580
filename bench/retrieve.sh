#!/usr/bin/env bash
# 1,000 small studies from Orthanc, four retrievals at once, beside loops of movescu; 100,000 rows accepted, pages of the queue
# COUNT=1000 studies, ROWS=100000
set -euo pipefail
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/support/common.sh"
count=${COUNT:-1000}
rows=${ROWS:-100000}
parallel=4

/usr/bin/python3 "$root/bench/support/make_small_studies.py" "$work/studies" "$count" >"$work/studies.txt"
start_vesalius "$work/vesalius"
sink_port=$(free_port); pacs_port=$(free_port)
cat >"$work/orthanc.json" <<JSON
{ "StorageDirectory": "$work/orthanc", "IndexDirectory": "$work/orthanc", "DicomPort": $pacs_port, "HttpPort": $(free_port), "DicomAet": "ORTHANC", "RemoteAccessAllowed": false,
  "DicomAlwaysAllowFind": true, "DicomAlwaysAllowMove": true,
  "DicomModalities": { "SINK": ["SINK", "127.0.0.1", $sink_port], "XNAT": ["XNAT", "127.0.0.1", $dicom_port] } }
JSON
mkdir "$work/orthanc" "$work/sink"
Orthanc "$work/orthanc.json" >/dev/null 2>&1 &
started+=($!)
storescp +B -od "$work/sink" "$sink_port" >/dev/null 2>&1 &
started+=($!)
wait_for echoscu -aec ORTHANC 127.0.0.1 "$pacs_port"
dcmsend -aec ORTHANC 127.0.0.1 "$pacs_port" --scan-directories "$work/studies"

api() { curl -sf -u admin:bench-admin -H 'Content-Type: application/json' -X "$1" "http://127.0.0.1:$http_port$2" "${@:3}"; }
field() { /usr/bin/python3 -c "import json,sys; print(json.load(sys.stdin)$1)"; }
pacs() { # label port: a PACS with four retrievals at once; prints its key
    local id
    id=$(api POST /xapi/pacs -d "{\"aeTitle\":\"ORTHANC\",\"host\":\"127.0.0.1\",\"queryRetrievePort\":$2,\"label\":\"$1\"}" | field '["id"]')
    api GET "/xapi/pacs/$id/availability" | /usr/bin/python3 -c 'import json,sys
for day in json.load(sys.stdin).values():
    for interval in day:
        interval["threads"] = int(sys.argv[1]); print(interval["id"], json.dumps(interval))' "$3" >"$work/intervals"
    local interval body
    while read -r interval body; do api PUT "/xapi/pacs/$id/availability/$interval" -d "$body" >/dev/null; done <"$work/intervals"
    echo "$id"
}
api POST /xapi/dqr/settings -d '{"allowAllProjectsToUseDqr":true}' >/dev/null
vesalius_put /data/projects/BENCH >/dev/null
vesalius_put /data/projects/BENCH/prearchive_code/4 >/dev/null
open=$(pacs Open "$pacs_port" "$parallel")
closed=$(pacs Closed 104 0)

{ echo "Accession Number,Subject,Session"; awk '{ print $2 ",S" NR ",S" NR "_MR" }' "$work/studies.txt"; } >"$work/list.csv"
export VESALIUS_USER=admin VESALIUS_PASSWORD=bench-admin VESALIUS_URL="http://127.0.0.1:$http_port"
tool() { dotnet "$root/.vesalius/app/tool/vesalius-cli.dll" import "$@"; }

# How many associations the PACS has from us, seen at its own port.
watch_pacs() {
    local most=0 now
    while [ ! -e "$work/done" ]; do
        now=$(ss -Htn state established "dport = :$pacs_port" | wc -l)
        [ "$now" -le "$most" ] || { most=$now; echo "$most" >"$work/most"; }
        sleep 0.05
    done
}
watch_pacs & watching=$!
ours=$(seconds_of tool --csv "$work/list.csv" --project BENCH --pacs Open)
touch "$work/done"; wait "$watching"
archived=$(find "$work/vesalius/archive/BENCH" -name '*.dcm' | wc -l)
[ "$archived" -eq "$count" ] || { echo "archived: $archived of $count" >&2; exit 1; }
most=$(cat "$work/most")
[ "$most" -le "$parallel" ] || { echo "$most associations at once where $parallel are allowed" >&2; exit 1; }

loop() {
    local uid rest
    while read -r uid rest; do
        movescu -S -aet SINK -aec ORTHANC -aem SINK -k QueryRetrieveLevel=STUDY -k "StudyInstanceUID=$uid" 127.0.0.1 "$pacs_port"
    done <"$work/studies.txt"
}
theirs=$(seconds_of loop)
[ "$(find "$work/sink" -type f | wc -l)" -eq "$count" ] || { echo "the loop did not fetch all" >&2; exit 1; }

# What the list gives is accession numbers: a script that starts with those has to look each study up first.
lookup_loop() {
    local uid accession
    while read -r _ accession; do
        uid=$(findscu -S -aet SINK -aec ORTHANC -k QueryRetrieveLevel=STUDY -k "AccessionNumber=$accession" -k StudyInstanceUID 127.0.0.1 "$pacs_port" 2>&1 | sed -n 's/.*(0020,000d) UI \[\([0-9.]*\).*/\1/p' | tail -1)
        [ -n "$uid" ] || { echo "$accession was not found" >&2; return 1; }
        movescu -S -aet SINK -aec ORTHANC -aem SINK -k QueryRetrieveLevel=STUDY -k "StudyInstanceUID=$uid" 127.0.0.1 "$pacs_port"
    done <"$work/studies.txt"
}
rm -rf "$work/sink"/*
looking_up=$(seconds_of lookup_loop)
[ "$(find "$work/sink" -type f | wc -l)" -eq "$count" ] || { echo "the loop that looks up did not fetch all" >&2; exit 1; }

/usr/bin/python3 - "$rows" >"$work/many.csv" <<'PY'
import sys
print("Accession Number;Subject;Session")
for i in range(int(sys.argv[1])):
    print(f"B{i:07};M{i};M{i}_MR")
PY
accept=$(seconds_of tool --csv "$work/many.csv" --project BENCH --pacs Closed --no-wait)
batch=$(api GET /xapi/dqr/import/batches | field '[0]["id"]')
page() { local i; for i in 1 2 3 4 5; do curl -sf -o /dev/null -w '%{time_total}\n' -u admin:bench-admin "http://127.0.0.1:$http_port$1"; done | median | awk '{ printf "%.0f", $1 * 1000 }'; }

echo "| what | figure |"
echo "|---|---|"
echo "| $count studies by Vesalius, $parallel at once, into the archive (s) | $(printf %.1f "$ours") |"
echo "| $count studies by a loop of movescu with storescp (s) | $(printf %.1f "$theirs") |"
echo "| $count studies by a loop of findscu and movescu, from the accession number (s) | $(printf %.1f "$looking_up") |"
echo "| ratio to movescu | $(awk "BEGIN { printf \"%.2f\", $theirs / $ours }") |"
echo "| ratio to findscu and movescu | $(awk "BEGIN { printf \"%.2f\", $looking_up / $ours }") |"
echo "| most associations at the PACS | $most |"
echo "| $rows rows accepted (s) | $(printf %.1f "$accept") |"
echo "| page of the queue, 100 of $rows rows (ms) | $(page "/xapi/dqr/import/queue?pacsId=$closed") |"
echo "| last page of the queue (ms) | $(page "/xapi/dqr/import/queue?pacsId=$closed&page=$((rows / 100))") |"
echo "| count of the queue (ms) | $(page "/xapi/dqr/import/queue/count?pacsId=$closed") |"
echo "| counts of the batch (ms) | $(page "/xapi/dqr/import/batches/$batch") |"
echo "| page of the batch's rows (ms) | $(page "/xapi/dqr/import/batches/$batch/rows?after=$((rows / 2))") |"
