#!/usr/bin/env bash
# A hospital's project script of 300 lines over 2,000 files, one core, beside gdcmanon (one replacement) and pydicom (the same edits); size, memory, compile, check, start
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support/common.sh"
count=${COUNT:-2000}       # files
slow_count=${SLOW_COUNT:-200} # files that pydicom gets
nested=${NESTED:-10000}    # instances of the study with nested sequences
rounds=${ROUNDS:-5}
core=${CORE:-0}
script="$root/tests/Vesalius.Anonymisation.Tests/Scripts/hospital-project.das"
tool="$root/.vesalius/app/tool/vesalius-cli.dll"
project="$root/bench/Vesalius.Anonymisation.Benchmark"
dotnet build "$project" -c Release -v quiet -nologo >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
measure() { dotnet "$project/bin/Release/net10.0/Vesalius.Anonymisation.Benchmark.dll" "$@"; }

/usr/bin/python3 "$root/bench/support/make_ct_series.py" "$work/ct" "$count"
mv "$work/ct/0"/* "$work/ct/" && rmdir "$work/ct/0"
mkdir "$work/mr"
mapfile -t slices < <(find "$VESALIUS_SHARED/data/dicom/studies/mr-head-mprage-philips" -type f -size -400k | sort)
for i in $(seq "$count"); do cp "${slices[$((i % ${#slices[@]}))]}" "$work/mr/$(printf '%05d' "$i").dcm"; done

ours() { # folder files
    rm -rf "$work/out"
    /usr/bin/time -f '%e %U %S %M' -o "$work/time" taskset -c "$core" dotnet "$tool" anonymise "$1" "$work/out" \
        --script "$script" --project P --subject S --session T --missing-dates skip --jobs 1 2>>"$work/errors.log"
    [ "$(find "$work/out" -name '*.dcm' | wc -l)" -eq "$2" ]
}
gdcm() { # folder files
    rm -rf "$work/out"; mkdir "$work/out"
    /usr/bin/time -f '%e %U %S %M' -o "$work/time" taskset -c "$core" gdcmanon --dumb --replace 10,10=S "$1" "$work/out" 2>>"$work/errors.log"
    [ "$(find "$work/out" -name '*.dcm' | wc -l)" -eq "$2" ]
}
pydicom() { # folder files
    rm -rf "$work/out"
    /usr/bin/time -f '%e %U %S %M' -o "$work/time" taskset -c "$core" /usr/bin/python3 "$root/bench/support/pydicom_edits.py" "$script" "$1" "$work/out" "$2" 2>>"$work/errors.log"
    [ "$(find "$work/out" -name '*.dcm' | wc -l)" -eq "$2" ]
}
wall() { awk '{ print $1 }' "$work/time"; }
processor() { awk '{ print $2 + $3 }' "$work/time"; }

# Peers take turns, so that what else the machine does meets both.
compare() { # folder peer files-of-peer: prints a row
    local i; : >"$work/a.wall"; : >"$work/a.cpu"; : >"$work/b.wall"; : >"$work/b.cpu"
    ours "$1" "$count"
    for i in $(seq "$rounds"); do
        ours "$1" "$count"; wall >>"$work/a.wall"; processor >>"$work/a.cpu"
        "$2" "$1" "$3"; wall >>"$work/b.wall"; processor >>"$work/b.cpu"
    done
    awk -v n="$count" -v m="$3" -v name="$(basename "$1"), $2" -v aw="$(median <"$work/a.wall")" -v bw="$(median <"$work/b.wall")" -v ac="$(median <"$work/a.cpu")" -v bc="$(median <"$work/b.cpu")" \
        'BEGIN { printf "| %s | %d | %d | %.2f | %.0f | %.0f | %.2f |\n", name, n / aw, m / bw, (n / aw) / (m / bw), ac / n * 1e6, bc / m * 1e6, (bc / m) / (ac / n) }'
}
echo "$(wc -l <"$script") lines, $count files, median of $rounds, one core, process start included; CT: 512 × 512, made; MR: 256 × 256 with 600 elements, real"
echo
echo "| files, peer | Vesalius (files/s) | peer (files/s) | ratio | Vesalius (µs of processor per file) | peer | ratio |"
echo "|---|---|---|---|---|---|---|"
compare "$work/ct" gdcm "$count"
compare "$work/mr" gdcm "$count"
compare "$work/ct" pydicom "$slow_count"
compare "$work/mr" pydicom "$slow_count"
rm -rf "$work/ct" "$work/mr" "$work/out"

measure make-nested "$work/nested" "$nested"
mkdir "$work/tenth"
find "$work/nested" -name '*.dcm' | sort | sed -n "1,$((nested / 10))p" | xargs -I{} ln {} "$work/tenth/"
mkdir "$work/single"; ln "$work/nested/00000.dcm" "$work/single/"
: >"$work/all"; : >"$work/part"; : >"$work/start"
for i in $(seq "$rounds"); do
    ours "$work/nested" "$nested"; processor >>"$work/all"
    ours "$work/tenth" $((nested / 10)); processor >>"$work/part"
    ours "$work/single" 1; processor >>"$work/start"
done
echo
awk -v n="$nested" -v a="$(median <"$work/all")" -v p="$(median <"$work/part")" -v s="$(median <"$work/start")" \
    'BEGIN { printf "Study of %d instances with nested sequences: %.2f s of processor, a tenth of it %.2f s, process start %.2f s of each: %.0f %% of linear without the start, %.0f %% with it\n", n, a, p, s, (a - s) / (p - s) * 10, a / p * 10 }'
rm -rf "$work/nested" "$work/tenth" "$work/single" "$work/out"

mkdir "$work/large" "$work/small"
measure make-frames "$work/small/1.dcm" 32
measure make-frames "$work/large/1.dcm" 1024
ours "$work/small" 1; small=$(awk '{ print $4 / 1024 }' "$work/time")
ours "$work/large" 1; large=$(awk '{ print $4 / 1024 }' "$work/time")
awk -v s="$small" -v l="$large" 'BEGIN { printf "Largest resident memory: %.0f MB with a multi-frame object of 32 MB, %.0f MB with one of 1 GB\n", s, l }'
cmp <(tail -c 1073741824 "$work/large/1.dcm") <(tail -c 1073741824 "$work/out/1.dcm")

measure compile "$script" | awk '{ printf "Compiling %d lines: %.2f ms in a process that has just started, then %.2f ms (median)\n", $1, $2, $3 }'
measure residual "$VESALIUS_SHARED/data/dicom" | awk '{ printf "Residual check and report: %d files, %.1f ms without, %.1f ms with: %.1f %% more (medians of 31 rounds in turns)\n", $1, $2, $3, $4 }'
echo '{"00100010":{"vr":"PN","Value":[{"Alphabetic":"Invented^Patient"}]}}' >"$work/one.json"
printf 'version "6.6"\n(0010,0010) := subject\n' >"$work/one.das"
for i in $(seq 15); do seconds_of dotnet "$tool" anonymise --json "$work/one.json" --script "$work/one.das" --subject S; done | median |
    awk '{ printf "Start: anonymise --json of a small object takes %.0f ms from call to exit (median of 15)\n", $1 * 1000 }'
