#!/bin/sh
# Runs clang-tidy, as .clang-tidy says, over the library and the command of a build folder.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
cmake -S . -B "$build" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null
find src cli -name '*.c' | sort | xargs -P "${JOBS:-2}" -n 4 "${CLANG_TIDY:-clang-tidy}" -p "$build" --quiet
