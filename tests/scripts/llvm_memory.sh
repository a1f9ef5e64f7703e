#!/bin/sh
# tg-test: timeout=600
# LLVM without enough memory does not end the process: whatever the limit is, `throng run --backend llvm` succeeds or says
# what is missing.
set -u
TG_PLUGIN_PATH=$TG_BUILD
export TG_PLUGIN_PATH
if ! "$THRONG" backends | grep -q "^llvm .*machine code"; then
  echo "1..0 # SKIP throng-llvm.so was not built"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{ echo "graph long { input x f32 output y f32 %a0 = load x"
  for i in $(seq 6000); do echo "%a$i = add %a$((i - 1)), %a$((i > 1 ? i - 2 : 0))"; done
  echo "store y %a6000 }"; } >"$work/long.tgg"
printf '1\n2\n3\n4\n' >"$work/x.csv"
run() { # KILOBYTES
  (ulimit -v "$1" && exec "$THRONG" run "$work/long.tgg" -n 4 --threads 1 --backend llvm --in x="$work/x.csv") >"$work/out" 2>&1
}
# The first limit, in MiB, with which it is done; then all a little below, where LLVM has been loaded.
enough=8
until run $((enough * 1024)) && [ $enough -lt 4096 ]; do enough=$((enough + 8)); done
failures=0 survived=0 died="" limit=$(((enough - 112) * 1024))
while [ $limit -lt $((enough * 1024)) ]; do
  run $limit
  status=$?
  case $status in
  0) ;;
  1) grep -q "error" "$work/out" && failures=$((failures + 1)) || died="$died $limit:silent" ;;
  *) died="$died $limit:$status" && cp "$work/out" "$work/died" ;;
  esac
  grep -q "for LLVM" "$work/out" && survived=$((survived + 1))
  limit=$((limit + 1600))
done
echo "1..2"
[ -z "$died" ] && [ $failures -gt 0 ] && echo "ok 1 - $failures limits below $enough MiB are errors" || {
  echo "not ok 1 - limits in KiB, and how it ended:$died"
  sed 's/^/# /' "$work/died"
}
[ $survived -gt 0 ] && echo "ok 2 - in $survived of them LLVM itself found no memory" || echo "not ok 2 - LLVM never ran out of memory"
