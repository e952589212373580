#!/usr/bin/env bash
# First image of a 500-slice series in OHIF: seconds from the click on the session's page, in Chromium
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support/common.sh"
/usr/bin/python3 "$root/bench/support/make_ct_series.py" "$work/slices" "${COUNT:-500}"
mkdir "$work/flat"
find "$work/slices" -type f -name '*.dcm' -exec mv -t "$work/flat" {} +
export VESALIUS_BENCH_SERIES="$work/flat" VESALIUS__WEBSITE="${VESALIUS__WEBSITE:-$root/web/dist}" VESALIUS__VIEWER="${VESALIUS__VIEWER:-$root/viewer/dist}"
dotnet build "$root/tests/Vesalius.Browser.Tests" -c Release -v quiet -nologo >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
dotnet "$root/tests/Vesalius.Browser.Tests/bin/Release/net10.0/Vesalius.Browser.Tests.dll" -noColor -noLogo -showLiveOutput \
    -method Vesalius.Browser.Tests.ViewerTests.First_image_of_a_large_series_comes_within_three_seconds | grep -E '^First image|FAIL|Total'
