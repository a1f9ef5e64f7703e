#!/bin/sh
# tg-test: style
# throng.h compiles alone, without a warning, as C99, C11 and C++, with gcc and with clang.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/use.c" <<'C'
#include <throng.h>
int use(void);
int use(void) { return (int)TG_OK; }
C
cp "$work/use.c" "$work/use.cc"

number=0
try() {
  number=$((number + 1))
  if "$@" -I"$TG_SOURCE/include" -fsyntax-only >"$work/log" 2>&1; then
    echo "ok $number - $1 $4"
  else
    echo "not ok $number - $1 $4"
    sed 's/^/# /' "$work/log"
  fi
}
echo "1..10"
for compiler in gcc clang; do
  for standard in c99 c11 c17; do
    try $compiler -x c -std=$standard -Wall -Wextra -pedantic -Wconversion -Wstrict-prototypes -Wundef -Werror "$work/use.c"
  done
done
for compiler in g++ clang++; do
  for standard in c++11 c++17; do
    try $compiler -x c++ -std=$standard -Wall -Wextra -pedantic -Wconversion -Wundef -Werror "$work/use.cc"
  done
done
