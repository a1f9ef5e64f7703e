#!/bin/sh
# Installs with apt what a target needs and the machine lacks; does nothing, quickly, when everything is there.
# Each need is probed by what it gives (a command, a header, a Python module), so other ways to install it count too.
#   tools/deps.sh build|run|bench|test|fuzz|arch|format
set -u
CC=${CC:-gcc}
PYTHON=${PYTHON:-/usr/bin/python3}
missing= # without these the target fails
wanted=  # without these it does less

has_command() { command -v "$1" >/dev/null 2>&1; }
has_header() { echo "#include <$1>" | "$CC" -E -x c -include stddef.h -include stdarg.h -include stdint.h -include setjmp.h - >/dev/null 2>&1; }
has_module() { "$PYTHON" -c "import $1" >/dev/null 2>&1; }
has_cross() { echo '#include <fenv.h>' | "$1" -E -x c - >/dev/null 2>&1; }
has_llvm() { command -v llvm-config-19 >/dev/null 2>&1 || [ -e /usr/lib/llvm-19/include/llvm-c/LLJIT.h ]; }
has_orc() { echo '#include <orc/orc.h>' | "$CC" -I/usr/include/orc-0.4 -E -x c - >/dev/null 2>&1; }
has_fuzzer() { echo 'int LLVMFuzzerTestOneInput(const unsigned char *p, unsigned long n) { return p && n ? 0 : 0; }' |
  clang -x c -fsanitize=fuzzer,address - -o /dev/null >/dev/null 2>&1; }

# need PROBE NAME PACKAGE, want PROBE NAME PACKAGE
need() { "$1" "$2" || missing="$missing $3"; }
want() { "$1" "$2" || wanted="$wanted $3"; }

need_build() {
  need has_command "$CC" gcc
  need has_header stdlib.h libc6-dev
  need has_command cmake cmake
  need has_command ninja ninja-build
  need has_header jansson.h libjansson-dev
  need has_header xxhash.h libxxhash-dev
  need has_header csv.h libcsv-dev
  want has_header png.h libpng-dev
}
need_format() { need has_command clang-format clang-format; }
need_python() { need has_command "$PYTHON" python3; }
need_test() {
  need_build
  need_format
  need_python
  need has_command g++ g++
  need has_command clang clang
  need has_command pkg-config pkg-config
  need has_header cmocka.h libcmocka-dev
  need has_module numpy python3-numpy
  need has_module gmpy2 python3-gmpy2
  want has_llvm - llvm-19-dev
}
# What Throng is compared with; a peer that is not there is left out of the figures.
need_bench() {
  need_build
  want has_llvm - llvm-19-dev
  want has_command clang clang
  want has_orc - liborc-0.4-dev
  want has_module numpy python3-numpy
  want has_module numexpr python3-numexpr
  want has_module numba python3-numba
}
need_fuzz() {
  need_build
  need has_command clang clang
  has_command clang && ! has_fuzzer - && missing="$missing libclang-rt-14-dev"
  has_command clang || missing="$missing libclang-rt-14-dev"
}
# The library and its portable tests for other processors, and the emulators that run them.
need_arch() {
  need has_command cmake cmake
  need has_command ninja ninja-build
  need_python
  need has_command aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
  need has_cross aarch64-linux-gnu-gcc libc6-dev-arm64-cross
  need has_command s390x-linux-gnu-gcc gcc-s390x-linux-gnu
  need has_cross s390x-linux-gnu-gcc libc6-dev-s390x-cross
  need has_command qemu-s390x qemu-user
  need has_command qemu-aarch64 qemu-user
}

case ${1:-build} in
build | run) need_build ;;
bench) need_bench ;;
test) need_test ;;
fuzz) need_fuzz ;;
arch) need_arch ;;
format) need_format ;;
*)
  echo "usage: tools/deps.sh build|run|bench|test|fuzz|arch|format" >&2
  exit 2
  ;;
esac
[ -n "$missing$wanted" ] || exit 0

give_up() {
  if [ -z "$missing" ]; then
    echo "tools/deps.sh: $1; left out for want of packages:$wanted" >&2
    exit 0
  fi
  echo "tools/deps.sh: $1. Install these packages (Debian's names) and run the command again:" >&2
  echo "   $missing" >&2
  exit 1
}
has_command apt-get || give_up "this machine lacks some packages and has no apt"
root=
if [ "$(id -u)" -ne 0 ]; then
  has_command sudo || give_up "this machine lacks some packages, and installing needs root or sudo"
  root=sudo
fi
echo "tools/deps.sh: installing$missing$wanted" >&2
# shellcheck disable=SC2086  # a list of words on purpose
install() { DEBIAN_FRONTEND=noninteractive $root apt-get install -y -q --no-install-recommends $missing $wanted >&2; }
install || { $root apt-get update -q >&2 && install; } || give_up "apt could not install everything"
