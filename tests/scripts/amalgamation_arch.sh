#!/bin/sh
# tg-test: arch long timeout=3600
# The library as one file, cross-compiled without a word for 64-bit Arm and for s390x (big-endian), passes the conformance
# cases under qemu on every back-end that it has there.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests=$TG_SOURCE/tests
warnings=$(sed -n '/^set(TG_WARNINGS/,/)/p' "$TG_SOURCE/cmake/flags.cmake" | sed 's/set(TG_WARNINGS//; s/)//')
number=0
result() { # STATUS TITLE
  number=$((number + 1))
  [ "$1" -eq 0 ] && echo "ok $number - $2" && return
  echo "not ok $number - $2"
  grep -v "^ok" "$work/log" | head -n 30 | sed 's/^/# /'
}
compile() { # MACHINE
  # shellcheck disable=SC2086  # a list of words on purpose
  (cd "$work" && "$1-linux-gnu-gcc" -O2 $warnings -c throng.c) >"$work/log" 2>&1 && [ ! -s "$work/log" ] &&
    "$1-linux-gnu-gcc" -O1 -I"$work" -I"$tests/support" -o "$work/runner" "$tests"/conformance/*.c "$tests/support/pool.c" \
      "$work/throng.o" -lm -pthread >"$work/log" 2>&1
}

echo "1..8"
if ! "$PYTHON" "$TG_SOURCE/tools/amalgamate.py" "$work" >"$work/log" 2>&1; then
  result 1 "throng.c is written"
  exit 1
fi
for machine in aarch64 s390x; do
  if ! command -v "$machine-linux-gnu-gcc" >/dev/null || ! command -v "qemu-$machine" >/dev/null; then
    for title in compiles vec vec:1 ref; do
      number=$((number + 1))
      echo "ok $number - $machine, $title # SKIP there is no $machine-linux-gnu-gcc or no qemu-$machine: run tools/deps.sh arch"
    done
    continue
  fi
  compile "$machine"
  result $? "$machine: compiles without a word"
  mkdir -p "$work/$machine"
  for file in "$tests"/conformance/*.tgt; do
    if [ "$machine" = s390x ]; then
      "$PYTHON" "$tests/second/big_endian.py" "$file" >"$work/$machine/${file##*/}" 2>"$work/log"
    else
      cp "$file" "$work/$machine"
    fi
  done
  for backend in vec vec:1 ref; do
    "qemu-$machine" -L "/usr/$machine-linux-gnu" "$work/runner" --backend "$backend" --passes none "$work/$machine"/*.tgt \
      >"$work/log" 2>&1
    result $? "$machine, $backend: $(grep -c '^ok' "$work/log") cases"
  done
done
