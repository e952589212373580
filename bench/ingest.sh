#!/usr/bin/env bash
# C-STORE of 600 CT slices: objects per second beside storescp and Orthanc, 1 and 4 associations
set -euo pipefail
# A failed send inside $( ) fails the benchmark too.
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/support/common.sh"
count=${COUNT:-600}
rounds=${ROUNDS:-3}

/usr/bin/python3 "$root/bench/support/make_ct_series.py" "$work/slices" "$count" 4
# Another series, sent to each peer before the clock runs: what is measured is a server that has been up for a while.
/usr/bin/python3 "$root/bench/support/make_ct_series.py" "$work/before" "$((2 * count))" 1 2

send_all() { # port ae associations
    if [ "$3" -eq 1 ]; then
        dcmsend -aec "$2" 127.0.0.1 "$1" --scan-directories --recurse "$work/slices"
        return
    fi
    local pids=() part pid
    for part in 0 1 2 3; do
        dcmsend -aec "$2" 127.0.0.1 "$1" --scan-directories "$work/slices/$part" &
        pids+=($!)
    done
    local failed=0
    for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
    return "$failed"
}

rate() { # associations, command that prepares an empty peer and sets port and ae
    # Called in $( ), which does not inherit the trap and keeps its own list of what it started.
    trap stop_started EXIT
    local times=() i seconds
    for i in $(seq "$rounds"); do
        "$2"
        dcmsend -aec "$ae" 127.0.0.1 "$port" --scan-directories --recurse "$work/before"
        sleep 1
        seconds=$(seconds_of send_all "$port" "$ae" "$1")
        times+=("$seconds")
        "$3"
    done
    printf '%s\n' "${times[@]}" | median | awk -v n="$count" '{ printf "%.0f", n / $1 }'
}

# A folder of its own for every round, and none removed while others measure: a file system is slow to give out inodes that were just freed.
fresh() { printf '%s/round.%s' "$work" "$(date +%s%N)"; }

stop_last() { kill "${started[-1]}"; wait "${started[-1]}" 2>/dev/null || true; unset 'started[-1]'; }

storescp_up() {
    port=$(free_port); ae=ANY
    folder=$(fresh); mkdir "$folder"
    storescp +B --fork -od "$folder" "$port" >/dev/null 2>&1 &
    started+=($!)
    wait_for echoscu 127.0.0.1 "$port"
}
storescp_down() { stop_last; [ "$(find "$folder" -type f | wc -l)" -eq $((3 * count)) ]; }

orthanc_up() {
    port=$(free_port); ae=ORTHANC
    folder=$(fresh); mkdir "$folder"
    cat >"$work/orthanc.json" <<JSON
{ "StorageDirectory": "$folder", "IndexDirectory": "$folder", "DicomPort": $port, "HttpPort": $(free_port), "DicomAet": "ORTHANC", "RemoteAccessAllowed": false }
JSON
    Orthanc "$work/orthanc.json" >/dev/null 2>&1 &
    started+=($!)
    wait_for echoscu -aec ORTHANC 127.0.0.1 "$port"
}
orthanc_down() { stop_last; }

vesalius_up() {
    folder=$(fresh)
    start_vesalius "$folder"
    vesalius_put /data/projects/BENCH >/dev/null
    vesalius_put /data/projects/BENCH/prearchive_code/0 >/dev/null
    port=$dicom_port; ae=VESALIUS
}
vesalius_down() {
    sleep 0.2
    local arrived
    arrived=$(find "$folder/prearchive" -name '*.dcm' | wc -l)
    [ "$arrived" -eq $((3 * count)) ] || { echo "arrived: $arrived of $((3 * count))" >&2; return 1; }
    stop_last
}

echo "| associations | storescp +B --fork (objects/s) | Orthanc (objects/s) | Vesalius (objects/s) | ÷ storescp | ÷ Orthanc |"
echo "|---|---|---|---|---|---|"
for associations in 1 4; do
    s=$(rate "$associations" storescp_up storescp_down)
    o=$(rate "$associations" orthanc_up orthanc_down)
    v=$(rate "$associations" vesalius_up vesalius_down)
    awk -v a="$associations" -v s="$s" -v o="$o" -v v="$v" 'BEGIN { printf "| %d | %d | %d | %d | %.2f | %.2f |\n", a, s, o, v, v / s, v / o }'
done
