#!/bin/sh
# tg-test: timeout=1800
# The conformance cases and random ones pass on kernels of `auto` that go over to machine code: from the first block on, and
# between the first and the second, on one thread and three. Without the plug-in there is nothing to test.
set -u
runner=$TG_BUILD/tests/conformance/runner
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
TG_PLUGIN_PATH=$TG_BUILD
export TG_PLUGIN_PATH
if ! "$runner" --backends | grep -qx llvm; then
  echo "1..0 # SKIP throng-llvm.so was not built"
  exit 0
fi
if ! "$PYTHON" "$TG_SOURCE/tests/second/throng2.py" random "${TG_SEED:-78}" 100 >"$work/bare.tgt" ||
  ! "$PYTHON" "$TG_SOURCE/tests/second/throng2.py" run "$work/bare.tgt" >"$work/random.tgt"; then
  echo "Bail out! no random cases"
  exit 1
fi
number=0
check() { # BACKEND THREADS FILE...
  number=$((number + 1))
  backend=$1 threads=$2
  shift 2
  log=$("$runner" --backend "$backend" --passes all --threads "$threads" "$@") && failed= || failed="not "
  echo "${failed}ok $number - $backend, $threads threads"
  [ -z "$failed" ] || echo "$log" | grep -A 4 "^not ok" | head -n 30 | sed 's/^/# /'
}
check auto:0 3 tests/conformance/*.tgt
check auto:1 3 "$work/random.tgt"
check auto 1 "$work/random.tgt"
echo "1..$number"
