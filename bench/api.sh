#!/usr/bin/env bash
# Lists and searches over 1,000,000 sessions, 200 clients for a minute, zip of a study beside nginx and Orthanc
set -euo pipefail
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/support/common.sh"
sessions=${SESSIONS:-1000000}
requests=${REQUESTS:-100}
seconds=${SECONDS_OF_LOAD:-60}
clients=${CLIENTS:-200}
rounds=${ROUNDS:-5}
parts=${PARTS:-lists clients zip}

admin() { curl -sf -u admin:bench-admin "$@"; }
site() { echo "http://127.0.0.1:$http_port"; }
session_cookie() { admin -X POST "$(site)/data/JSESSION"; }

# DATA names a folder that keeps the archive for the next run.
data=${DATA:-$work/vesalius}
start_vesalius "$data"

make_sessions() {
    local ask=(psql -h "$data/postgres/socket" -U vesalius -d vesalius -q -v ON_ERROR_STOP=1)
    [ "$("${ask[@]}" -At -c 'select count(*) from archive_experiment')" -lt "$sessions" ] || return 0
    echo "making $sessions sessions" >&2
    "${ask[@]}" -v sessions="$sessions" -v projects=1000 -f "$root/bench/support/million_sessions.sql" >&2
}

measure_lists() {
    admin -o /dev/null "$(site)/xapi/users/reader" || admin -X POST -H 'Content-Type: application/json' "$(site)/xapi/users" >/dev/null \
        -d '{"username":"reader","password":"bench-reader-1","firstName":"Bench","lastName":"Reader","email":"reader@example.org"}'
    local project
    for project in 1 2 3; do vesalius_put "/data/projects/BENCH$project/users/Collaborators/reader" >/dev/null; done
    # Once for the compiler and the caches: what is measured is a server that has been up for a while.
    /usr/bin/python3 "$root/bench/support/api_latency.py" "$(site)" admin bench-admin reader bench-reader-1 30 "$sessions" >/dev/null
    echo "### Lists and searches, $sessions sessions, $requests requests each"
    echo
    /usr/bin/python3 "$root/bench/support/api_latency.py" "$(site)" admin bench-admin reader bench-reader-1 "$requests" "$sessions"
    echo
}

resident() { awk '/VmRSS/ { printf "%d", $2 / 1024 }' "/proc/$vesalius_pid/status"; }

# Half of the clients list, half read; ten programs of hey, each with addresses of its own, and their requests taken together.
load() { # name, requests per client and second (0: as fast as answers come)
    local cookie each=$((clients / 10)) i pids=() address
    cookie="$(session_cookie)"
    rm -f "$work"/load.*.csv
    for i in 0 1 2 3 4 5 6 7 8 9; do
        if [ $((i % 2)) -eq 0 ]; then
            address="/data/projects/BENCH$((i + 1))/experiments?xsiType=xnat:mrSessionData&columns=ID,label,date,subject_label&sortBy=date&limit=50&offset=$((i * 10))"
        else
            address="/data/experiments/BEN_E$(printf %07d $((i * 997)))?format=json"
        fi
        hey -z "${seconds}s" -c "$each" ${2:+$([ "$2" = 0 ] || echo "-q $2")} -t 30 -H "Cookie: JSESSIONID=$cookie" -o csv "$(site)$address" >"$work/load.$i.csv" &
        pids+=($!)
        # hey lets all its clients ask at once; ten of them a tenth of a second apart come nearer to people.
        sleep 0.1
    done
    local memory
    memory="$(resident)"
    for i in 1 2 3 4; do sleep $((seconds / 4 > 1 ? seconds / 4 - 1 : 1)); memory="$memory → $(resident)"; done
    for i in "${pids[@]}"; do wait "$i"; done
    /usr/bin/python3 - "$1" "$seconds" "$memory" "$work"/load.*.csv <<'PY'
import csv, sys
name, seconds, memory = sys.argv[1:4]
times, errors = [], 0
for path in sys.argv[4:]:
    for row in csv.DictReader(open(path)):
        times.append(float(row["response-time"]) * 1000)
        errors += row["status-code"] != "200"
times.sort()
at = lambda share: times[min(int(len(times) * share), len(times) - 1)]
print(f"| {name} | {len(times) / float(seconds):.0f} | {errors} | {at(.5):.0f} | {at(.95):.0f} | {at(.99):.0f} | {memory} |")
PY
}

measure_clients() {
    echo "### $clients clients, $seconds s"
    echo
    echo "| clients | answers per second | errors | p50 (ms) | p95 (ms) | p99 (ms) | server's resident memory (MB) |"
    echo "|---|---|---|---|---|---|---|"
    # The first seconds compile.
    seconds=5 load warm 0 >/dev/null
    load "each one request per second" 1
    load "each as fast as answers come" 0
    echo
}

measure_zip() {
    /usr/bin/python3 "$root/bench/support/make_ct_series.py" "$work/slices" 600 1
    /usr/bin/python3 - "$work/slices" "$work/study.zip" <<'PY'
import pathlib, sys, zipfile
with zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_STORED) as archive:
    for i, path in enumerate(sorted(pathlib.Path(sys.argv[1]).rglob("*.dcm"))):
        archive.write(path, f"{i}.dcm")
PY
    admin -o /dev/null "$(site)/data/projects/ZIPPED" || vesalius_put /data/projects/ZIPPED >/dev/null
    admin -X POST --data-binary "@$work/study.zip" -H 'Content-Type: application/zip' \
        "$(site)/data/services/import?import-handler=DICOM-zip&overwrite=append&project=ZIPPED&subject=S&session=E&dest=/archive&inbody=true" >/dev/null
    local ours="$(site)/data/projects/ZIPPED/experiments/E/scans/ALL/files?format=zip"
    admin -o "$work/answer.zip" "$ours"
    local entries
    entries="$(/usr/bin/python3 -c 'import sys, zipfile; print(sum(n.endswith(".dcm") for n in zipfile.ZipFile(sys.argv[1]).namelist()))' "$work/answer.zip")"
    [ "$entries" -eq 600 ] || { echo "the zip has $entries of 600 objects" >&2; return 1; }

    local port
    port="$(free_port)"
    mkdir -p "$work/nginx"
    cat >"$work/nginx/nginx.conf" <<CONF
worker_processes auto; error_log stderr error; pid $work/nginx/pid; daemon off; user root;
events {}
http { access_log off; sendfile on; tcp_nopush on; client_body_temp_path $work/nginx/body; proxy_temp_path $work/nginx/proxy; fastcgi_temp_path $work/nginx/fastcgi; uwsgi_temp_path $work/nginx/uwsgi; scgi_temp_path $work/nginx/scgi;
server { listen 127.0.0.1:$port; root $work; } }
CONF
    nginx -c "$work/nginx/nginx.conf" -p "$work/nginx" 2>>"$work/errors.log" &
    started+=($!)
    wait_for curl -sf -r 0-0 "http://127.0.0.1:$port/answer.zip"

    local dicom http
    dicom="$(free_port)"; http="$(free_port)"
    mkdir "$work/orthanc"
    cat >"$work/orthanc.json" <<JSON
{ "StorageDirectory": "$work/orthanc", "IndexDirectory": "$work/orthanc", "DicomPort": $dicom, "HttpPort": $http, "DicomAet": "ORTHANC", "RemoteAccessAllowed": false }
JSON
    Orthanc "$work/orthanc.json" >/dev/null 2>&1 &
    started+=($!)
    wait_for echoscu -aec ORTHANC 127.0.0.1 "$dicom"
    dcmsend -aec ORTHANC 127.0.0.1 "$dicom" --scan-directories --recurse "$work/slices"
    local study
    study="$(curl -sf "http://127.0.0.1:$http/studies" | tr -d '[]" \n')"

    local cookie v n o bytes
    cookie="$(session_cookie)"
    bytes="$(stat -c %s "$work/answer.zip")"
    # Peers take turns, so that what else the machine does meets all of them.
    rm -f "$work"/zip.*
    for _ in $(seq "$rounds"); do
        seconds_of curl -sf -o /dev/null -H "Cookie: JSESSIONID=$cookie" "$ours" >>"$work/zip.vesalius"
        seconds_of curl -sf -o /dev/null "http://127.0.0.1:$port/answer.zip" >>"$work/zip.nginx"
        seconds_of curl -sf -o /dev/null "http://127.0.0.1:$http/studies/$study/archive" >>"$work/zip.orthanc"
    done
    v="$(median <"$work/zip.vesalius")"; n="$(median <"$work/zip.nginx")"; o="$(median <"$work/zip.orthanc")"
    echo "### Zip of a study, 600 slices, $((bytes / 1000000)) MB, median of $rounds"
    echo
    echo "| nginx, the same bytes (MB/s) | Orthanc, archive of the study (MB/s) | Vesalius (MB/s) | ÷ nginx | ÷ Orthanc |"
    echo "|---|---|---|---|---|"
    awk -v b="$bytes" -v v="$v" -v n="$n" -v o="$o" 'BEGIN { printf "| %.0f | %.0f | %.0f | %.2f | %.2f |\n", b / n / 1e6, b / o / 1e6, b / v / 1e6, n / v, o / v }'
}

case " $parts " in *" lists "* | *" clients "*) make_sessions ;; esac
for part in $parts; do "measure_$part"; done
