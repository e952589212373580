#!/usr/bin/env bash
# The web site in Chromium: first rows and scrolling of a table of 10,000 sessions, changes of page, size of what is loaded
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support/common.sh"
count=${COUNT:-10000}
rounds=${ROUNDS:-5}

[ -d "$root/web/dist" ] && [ -d "$root/web/node_modules/playwright-core" ] || { echo "build the site first: cd web && npm ci && npm run build" >&2; exit 1; }
export VESALIUS__WEBSITE="$root/web/dist"
start_vesalius "$work/data"
vesalius_put /data/projects/BENCH
# Sessions are made over REST, a few at a time: no way of our own into the database.
seq 1 "$count" | xargs -P 4 -n 250 bash -c '
    for i in "$@"; do
        printf "url=http://127.0.0.1:%s/data/projects/BENCH/subjects/S%04d/experiments/S%04d_V%d?xsiType=xnat:mrSessionData&date=2024-%02d-%02d\nrequest=PUT\nuser=admin:bench-admin\noutput=/dev/null\nfail\nnext\n" \
            '"$http_port"' $((i % 2500)) $((i % 2500)) "$i" $((1 + i % 12)) $((1 + i % 28))
    done | sed "\$d" | curl -s -K -' _
node "$root/bench/support/site.mjs" "$root" "$http_port" "$count" "$rounds"
