#!/usr/bin/env bash
# A seeded set of invented identifiers in real objects: what must go, what must stay, names in pixels; gdcmanon and dcmodify beside it
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support/common.sh"
project="$root/bench/Vesalius.Deidentification.Benchmark"

dotnet build "$project" -c Release -v quiet -nologo >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
dotnet "$project/bin/Release/net10.0/Vesalius.Deidentification.Benchmark.dll" \
    --data "$VESALIUS_SHARED/data/dicom" --work "$work" --seed "${SEED:-23}" --objects "${OBJECTS:-0}" --pictures "${PICTURES:-90}" --peers
