#!/bin/sh
# Builds and runs the sum-order benchmarks of this folder: sh bench/sum_order/run.sh [largest n]
# One core: set CORE to choose it. The OpenCL half needs a CPU driver and headers, on Debian
#   apt-get install pocl-opencl-icd ocl-icd-opencl-dev opencl-headers
# and is skipped where they are absent.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
n_max=${1:-100000000}
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cc=${CC:-gcc}
flags="-std=c11 -O3 -ffp-contract=off -Wall -Wextra -Wpedantic -Wconversion -Wshadow"

pin=
if command -v taskset >/dev/null; then pin="taskset -c ${CORE:-1}"; fi

for bits in 32 64; do $cc $flags -DSUM_BITS=$bits -c "$here/sums_tmpl.c" -o "$build/sums_$bits.o"; done
$cc $flags -c "$here/stat.c" -o "$build/stat.o"
objects="$build/sums_32.o $build/sums_64.o $build/stat.o"
$cc $flags "$here/sum_order.c" $objects -o "$build/sum_order" -lm

grep -m1 'model name' /proc/cpuinfo || true
$cc --version | head -n 1
$pin "$build/sum_order" "$n_max"

if ! echo '#include <CL/cl.h>' | $cc -DCL_TARGET_OPENCL_VERSION=120 -fsyntax-only -x c - 2>/dev/null; then
  echo "OpenCL: skipped, the headers are missing (see the head of run.sh)"
elif ! ls /etc/OpenCL/vendors/*.icd >/dev/null 2>&1; then
  echo "OpenCL: skipped, no driver is installed (see the head of run.sh)"
else
  $cc $flags "$here/sum_order_cl.c" $objects -o "$build/sum_order_cl" -lOpenCL
  POCL_MAX_PTHREAD_COUNT=1 $pin "$build/sum_order_cl" "$here/sum_order.cl" "$n_max"
fi
