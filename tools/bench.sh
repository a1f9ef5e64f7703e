#!/bin/sh
# Builds and runs the benchmarks; the figures are written to build/bench/results.json too.
#   tools/bench.sh [NAME [OPTION...]]    one section only; options as of throng-bench
set -eu
cd "$(dirname "$0")/.."
cmake --preset release -DTG_BUILD_BENCH=ON >/dev/null
cmake --build build -j "${JOBS:-2}" --target throng_bench
name=${1:-}
[ $# -eq 0 ] || shift
exec build/bench/throng-bench ${name:+--only "$name"} --json build/bench/results.json "$@"
