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
echo "1..6"
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
