# Parts that the benchmarks share. Sourced, not run.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
work="$(mktemp -d "${VESALIUS_BENCH_DIR:-${TMPDIR:-/tmp}}/vesalius-bench.XXXXXX")"
started=()
export TCP_NODELAY=1

stop_started() {
    local pid
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
}

finish() {
    stop_started
    rm -rf "$work"
}
trap finish EXIT

free_port() {
    /usr/bin/python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'
}

wait_for() { # command …: repeats it for up to 60 s
    local i
    for i in $(seq 300); do "$@" >/dev/null 2>&1 && return 0; sleep 0.2; done
    echo "not ready: $*" >&2
    return 1
}

seconds_of() { # command …: prints the wall time
    local begin end
    begin=$(date +%s.%N)
    "$@" >/dev/null 2>>"$work/errors.log" || { tail -5 "$work/errors.log" >&2; return 1; }
    end=$(date +%s.%N)
    awk "BEGIN { print $end - $begin }"
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

start_vesalius() { # data folder: sets http_port, dicom_port, vesalius_pid
    http_port=$(free_port)
    dicom_port=$(free_port)
    dotnet "$root/.vesalius/app/server/Vesalius.Server.dll" --data "$1" --http-port "$http_port" \
        --dicom-port "$dicom_port" --admin-password bench-admin >"$work/server.log" 2>&1 &
    vesalius_pid=$!
    started+=("$vesalius_pid")
    wait_for curl -sf "http://127.0.0.1:$http_port/healthz" || { tail -20 "$work/server.log" >&2; return 1; }
}

vesalius_put() { curl -sf -u admin:bench-admin -X PUT "http://127.0.0.1:$http_port$1" "${@:2}"; }
