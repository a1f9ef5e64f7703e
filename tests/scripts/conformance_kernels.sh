#!/bin/sh
# tg-test: timeout=1200
# The conformance cases, and random ones, pass on every set of vec's kernels, in strips of its own choice and of 1, 3 and 7
# lanes, and with all outputs past the caches; with TG_LONG=1 through all passes too. Of a set that this CPU cannot run, a line says so.
set -u
runner=$TG_BUILD/tests/conformance/runner
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
skip=
run() { # BACKEND OPTION... FILE...
  backend=$1
  shift
  "$runner" --backend "$backend" "$@" >"$work/log" && failed= || failed="not "
  skip=$(sed -n 's/.*# SKIP it does not compile: *//p' "$work/log" | sort -u | head -n 1)
}
say() { # TITLE
  number=$((number + 1))
  count=$(grep '^ok' "$work/log" | grep -c -v '# SKIP')
  echo "${failed}ok $number - $1: $count cases${skip:+ # SKIP $skip}"
  [ -z "$failed" ] || grep -A 4 "^not ok" "$work/log" | head -n 30 | sed 's/^/# /'
}

passes_wanted=none
[ "${TG_LONG:-}" = 1 ] && passes_wanted="none all"
echo "1..$([ "${TG_LONG:-}" = 1 ] && echo 40 || echo 20)"
if ! "$PYTHON" "$TG_SOURCE/tests/second/throng2.py" random "${TG_SEED:-77}" 400 >"$work/bare.tgt" ||
  ! "$PYTHON" "$TG_SOURCE/tests/second/throng2.py" run "$work/bare.tgt" >"$work/random.tgt"; then
  echo "Bail out! no random cases"
  exit 1
fi
for set in 0 1 2 3; do
  for strip in "" /1 /3 /7 /past; do
    for passes in $passes_wanted; do
      run "vec:$set$strip" --passes "$passes" tests/conformance/*.tgt "$work/random.tgt"
      say "vec:$set$strip, passes $passes"
    done
  done
done
