#!/bin/sh
# Builds and runs the benchmarks; the figures are written to build/bench/results.json too.
#   tools/bench.sh [NAME]    one section only
set -eu
cd "$(dirname "$0")/.."
cmake --preset release -DTG_BUILD_BENCH=ON >/dev/null
cmake --build build -j "${JOBS:-2}" --target throng_bench
exec build/bench/throng-bench ${1:+--only "$1"} --json build/bench/results.json
