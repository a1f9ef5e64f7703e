#!/bin/sh
# Prints the symbols that libthrong.so exports and compares them with tools/symbols.txt, the record of the binary
# interface; the archive must define no other global names. Exit status 1 on a difference.
#   tools/check_symbols.sh [BUILD [--tap]]
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$top/build}
tap=${2:-}
nm=${NM:-nm}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

exports() { "$nm" "$@" | awk 'NF >= 2 && $(NF - 1) ~ /^[A-TV-Z]$/ { print $NF }' | LC_ALL=C sort -u; }
exports -D --defined-only "$build/libthrong.so" >"$work/shared"
exports -g --defined-only "$build/libthrong.a" >"$work/static"
LC_ALL=C sort -u "$top/tools/symbols.txt" >"$work/expected"

status=0
check() {
  if diff -u "$work/expected" "$2" >"$work/diff"; then
    echo "ok $1 - $3"
  else
    echo "not ok $1 - $3"
    sed -n '/^[-+][^-+]/s/^/# /p' "$work/diff"
    echo "# - is missing, + is new: if that is meant, change tools/symbols.txt and tell of it in CHANGELOG.md"
    status=1
  fi
}
[ "$tap" = --tap ] && echo "1..2" || cat "$work/shared"
check 1 "$work/shared" "libthrong.so exports what tools/symbols.txt lists"
check 2 "$work/static" "libthrong.a defines the same global names and no other"
exit $status
