#!/bin/sh
# Builds the libFuzzer targets and runs each for SECONDS_EACH seconds (60), starting from fuzz/corpus/TARGET. What it
# finds goes to build/fuzz/found/TARGET, inputs that fail to build/fuzz/failed/. Prints TAP, one test for each target.
#   tools/fuzz.sh [TARGET]
set -eu
cd "$(dirname "$0")/.."
seconds=${SECONDS_EACH:-60}
targets=${1:-$(for file in fuzz/*_fuzz.c; do [ -f "$file" ] && basename "$file" _fuzz.c; done)}
cmake --preset fuzz >/dev/null
cmake --build build/fuzz -j "${JOBS:-2}" >build/fuzz/build.log 2>&1 || {
  cat build/fuzz/build.log >&2
  exit 1
}
# shellcheck disable=SC2086  # a list of words on purpose
set -- $targets
echo "1..$#"
number=0
status=0
for target in "$@"; do
  number=$((number + 1))
  found=build/fuzz/found/$target
  log=build/fuzz/$target.log
  mkdir -p "$found" build/fuzz/failed
  if "build/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/failed/$target-" "$found" "fuzz/corpus/$target" >"$log" 2>&1; then
    echo "ok $number - $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs in $seconds s"
  else
    echo "not ok $number - $target"
    tail -n 40 "$log" | sed 's/^/# /'
    status=1
  fi
done
exit $status
