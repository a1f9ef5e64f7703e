#!/bin/sh
# Compares the committed conformance cases with what generate.py writes now. TAP on standard output.
# PYTHON names the interpreter; it needs numpy and gmpy2.
set -u
python=${PYTHON:-/usr/bin/python3}
cases=$(cd "$(dirname "$0")/../conformance" && pwd) || exit 1
fresh=$(mktemp -d) || exit 1
trap 'rm -rf "$fresh"' EXIT

echo "1..1"
if ! "$python" -c 'import numpy, gmpy2' 2>"$fresh.log"; then
  rm -f "$fresh.log"
  echo "ok 1 - conformance cases are generated # SKIP $python has no numpy or gmpy2"
  exit 0
fi
rm -f "$fresh.log"
if ! "$python" "$cases/generate.py" "$fresh"; then
  echo "not ok 1 - conformance cases are generated: generate.py failed"
  exit 1
fi
status=0
for file in "$fresh"/*.tgt "$cases"/*.tgt; do
  name=$(basename "$file")
  if ! cmp -s "$fresh/$name" "$cases/$name"; then
    echo "# $name differs from what generate.py writes; run tests/conformance/generate.py"
    status=1
  fi
done
if [ "$status" -eq 0 ]; then
  echo "ok 1 - conformance cases are generated"
else
  echo "not ok 1 - conformance cases are generated"
fi
exit "$status"
