#!/bin/sh
# tg-test: timeout=1200
# The library without OpenMP: it builds with TG_OPENMP=OFF, needs no such library, and passes the conformance cases alone
# and on the caller's threads. Kernels are not optimised here, to build fast.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
check() {
  title=$1
  shift
  number=$((number + 1))
  if "$@" >"$work/log" 2>&1; then
    echo "ok $number - $title"
  else
    echo "not ok $number - $title"
    grep -v "^ok" "$work/log" | tail -n 30 | sed 's/^/# /'
  fi
}
build() {
  cmake -G Ninja -S "$TG_SOURCE" -B "$work/build" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER="$CC" -DTG_OPENMP=OFF \
    -DTG_BUILD_PORTABLE_TESTS=ON -DTG_BUILD_COMMAND=OFF -DTG_BUILD_EXAMPLES=OFF &&
    cmake --build "$work/build" -j "${JOBS:-2}" --target throng_shared conformance_runner
}
needs_none() {
  readelf -d "$work/build/libthrong.so" | grep -q NEEDED &&
    ! readelf -d "$work/build/libthrong.so" | grep NEEDED | grep -E 'gomp|libomp'
}

echo "1..5"
check "builds with TG_OPENMP=OFF" build
check "libthrong.so needs no OpenMP" needs_none
check "vec, the calling thread" "$work/build/tests/conformance/runner" --backend vec tests/conformance/*.tgt
check "vec, the caller's 3 threads" "$work/build/tests/conformance/runner" --backend vec --threads 3 tests/conformance/*.tgt
check "ref, the calling thread" "$work/build/tests/conformance/runner" --backend ref tests/conformance/*.tgt
