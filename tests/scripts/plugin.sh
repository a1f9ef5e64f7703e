#!/bin/sh
# A plug-in that is missing, or is none, does no harm: the command says so, and how to get it.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset TG_PLUGIN_PATH
cp "$TG_BUILD/throng" "$work/throng" # away from any plug-in
number=0
check() { # TITLE STATUS PATTERN COMMAND...
  title=$1 expected=$2 pattern=$3
  shift 3
  number=$((number + 1))
  "$@" >"$work/out" 2>&1
  status=$?
  if [ $status -eq "$expected" ] && grep -q "$pattern" "$work/out"; then
    echo "ok $number - $title"
  else
    echo "not ok $number - $title"
    sed "s/^/# status $status: /" "$work/out"
  fi
}
run() { "$work/throng" run examples/axpy.tgg -n 4 --param m=2 --in x="$work/x.csv" --in b="$work/x.csv" "$@"; }
printf '1\n2\n3\n4\n' >"$work/x.csv"
echo "1..11"
check "a missing plug-in is told of" 0 "llvm  *not available: .*throng-llvm.so.*llvm-19-dev" "$work/throng" backends
check "running on it is an error" 1 "needs the plug-in" run --backend llvm
check "all else works" 0 "" run
mkdir "$work/none"
echo "no library" >"$work/none/throng-llvm.so"
TG_PLUGIN_PATH=$work:$work/none
export TG_PLUGIN_PATH
check "a file that is no library is told of" 0 "llvm  *not available: the plug-in .*cannot be used" "$work/throng" backends
check "running on it is an error too" 1 "cannot be used" run --backend llvm
for other in "$TG_BUILD"/libthrong.so; do cp "$other" "$work/none/throng-llvm.so"; done
check "a library that is no plug-in is told of" 0 "it is no plug-in" "$work/throng" backends

# A plug-in of another version: its table tells, and nothing else of it is looked at.
other() { # ABI SIZE
  cat >"$work/other.c" <<EOF
#include <stdint.h>
static const struct { uint32_t abi, size; } table = {$1, $2};
const void *tg_plugin_entry(void);
const void *tg_plugin_entry(void) { return &table; }
EOF
  "${CC:-cc}" -shared -fPIC -o "$work/none/throng-llvm.so" "$work/other.c"
}
abi=$(sed -n 's/.*TG_PLUGIN_ABI = \([0-9]*\).*/\1/p' "$TG_SOURCE/src/backend/plugin.h")
other $((abi + 1)) 160
check "a plug-in of another version is told of" 0 "another version" "$work/throng" backends
check "running on it is an error" 1 "another version" run --backend llvm
check "what needs no plug-in works" 0 "" run
other "$abi" 8
check "a plug-in whose table has another size is told of" 0 "another version" "$work/throng" backends

# Cut off anywhere, it may not end the process.
cut() {
  size=$(wc -c <"$1")
  for part in 1 60 900 5000 $((size / 2)) $((size * 9 / 10)); do
    head -c $part "$1" >"$work/none/throng-llvm.so"
    "$work/throng" backends >"$work/said" 2>&1 || return 1
    grep -q "llvm  *not available" "$work/said" || return 1
  done
  cat "$work/said"
}
check "a plug-in that is cut off is told of" 0 "the file is cut off" cut "$TG_BUILD/libthrong.so"
