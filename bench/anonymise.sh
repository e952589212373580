#!/usr/bin/env bash
# A 300-line project script over files on disk, one core, beside gdcmanon doing one replacement
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support/common.sh"
count=${COUNT:-600}
rounds=${ROUNDS:-3}

/usr/bin/python3 "$root/bench/support/make_ct_series.py" "$work/in" "$count"
mv "$work/in/0"/* "$work/in/" && rmdir "$work/in/0"
{
    echo 'version "6.6"'
    echo '(0008,1030) := project'
    echo '(0010,0010) := subject'
    echo '(0010,0020) := subject'
    echo '(0008,0050) := session'
    for i in $(seq 1 200); do printf -- '-(0032,%04X)\n' "$((i + 16))"; done
    for i in $(seq 1 60); do printf -- '-(0018,%04X)\n' "$((i + 0x9100))"; done
    echo 'removeAllPrivateTags'
    for tag in 0020,000D 0020,000E 0020,0052 0008,0018; do echo "($tag) := hashUID[($tag)]"; done
    for tag in 0008,0020 0008,0021 0008,0022 0008,0023; do echo "($tag) := shiftDateByIncrement[($tag), \"-73\"]"; done
    for i in $(seq 1 28); do echo "(0008,0060) = \"XX$i\" ? (0008,0080) := \"never\""; done
} >"$work/script.das"

ours() {
    rm -rf "$work/out"
    taskset -c 0 dotnet "$root/.vesalius/app/tool/vesalius-cli.dll" anonymise "$work/in" "$work/out" \
        --script "$work/script.das" --project P --subject S --session T --jobs 1
    [ "$(find "$work/out" -name '*.dcm' | wc -l)" -eq "$count" ]
}
theirs() {
    rm -rf "$work/out"; mkdir "$work/out"
    taskset -c 0 gdcmanon --dumb --replace 10,10=S "$work/in" "$work/out"
    [ "$(find "$work/out" -name '*.dcm' | wc -l)" -eq "$count" ]
}
rate() {
    local times=() i
    for i in $(seq "$rounds"); do times+=("$(seconds_of "$1")"); done
    printf '%s\n' "${times[@]}" | median | awk -v n="$count" '{ printf "%.0f", n / $1 }'
}
v=$(rate ours)
g=$(rate theirs)
echo "| script lines | Vesalius (files/s) | gdcmanon (files/s) | ratio |"
echo "|---|---|---|---|"
awk -v l="$(wc -l <"$work/script.das")" -v v="$v" -v g="$g" 'BEGIN { printf "| %d | %d | %d | %.2f |\n", l, v, g, v / g }'
