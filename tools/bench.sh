#!/bin/sh
# Builds and runs the benchmarks; the figures are written to build/bench/results.json too.
#   tools/bench.sh [NAME [OPTION...]]    one section only; options as of throng-bench
set -eu
cd "$(dirname "$0")/.."
cmake --preset release -DTG_BUILD_BENCH=ON >/dev/null
cmake --build build -j "${JOBS:-2}" --target throng_bench
name=${1:-}
[ $# -eq 0 ] || shift
if [ -z "${PYTHON:-}" ] && ! python3 -c 'import numpy' 2>/dev/null && [ -x /usr/bin/python3 ]; then
  PYTHON=/usr/bin/python3 # Debian's has NumPy where another one comes first in PATH
  export PYTHON
fi
TG_PLUGIN_PATH=$PWD/build${TG_PLUGIN_PATH:+:$TG_PLUGIN_PATH} # the back-end llvm, where it was built
TG_CACHE=off # what is measured is making code, not finding it
export TG_PLUGIN_PATH TG_CACHE
exec build/bench/throng-bench ${name:+--only "$name"} --json build/bench/results.json "$@"
