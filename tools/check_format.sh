#!/bin/sh
# Checks, or with --fix restores, the format of every .c and .h file. Prints TAP.
set -eu
cd "$(dirname "$0")/.."
format=${CLANG_FORMAT:-clang-format}
files=$(find include src cli examples tests fuzz bench -name '*.[ch]' | sort)
if [ "${1:-}" = --fix ]; then
  # shellcheck disable=SC2086  # a list of words on purpose
  exec "$format" -i $files
fi
echo "1..1"
# shellcheck disable=SC2086
if "$format" --dry-run -Werror $files >/dev/null 2>&1; then
  echo "ok 1 - every C file is formatted"
else
  echo "not ok 1 - every C file is formatted"
  for file in $files; do
    "$format" --dry-run -Werror "$file" >/dev/null 2>&1 || echo "# $file: run \`make format\`"
  done
  exit 1
fi
