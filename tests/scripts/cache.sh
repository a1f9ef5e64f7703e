#!/bin/sh
# tg-test: timeout=600
# Code on disk: kept, found again, made anew where a file is not as it was written, never used from a folder that others can
# reach, and filled by several processes at once. The results are the same throughout.
set -u
unset TG_CACHE XDG_CACHE_HOME
TG_PLUGIN_PATH=$TG_BUILD
export TG_PLUGIN_PATH
if ! "$THRONG" backends | grep -q "^llvm .*machine code"; then
  echo "1..0 # SKIP throng-llvm.so was not built"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
TG_CACHE_DIR=$work/deep/cache
export TG_CACHE_DIR
number=0
check() { # TITLE COMMAND...
  number=$((number + 1))
  title=$1
  shift
  "$@" >"$work/log" 2>&1 && echo "ok $number - $title" || { echo "not ok $number - $title" && sed 's/^/# /' "$work/log"; }
}
same() { cmp "$1" "$2"; }
is() { [ "$1" = "$2" ] || { echo "$1, not $2" && false; }; }
run() { "$THRONG" run "$1" -n 4 --backend llvm --in x="$work/x.csv" --json >"$2"; }
files() { ls "$TG_CACHE_DIR" 2>/dev/null | wc -l; }
only() { ls "$TG_CACHE_DIR"/*.o; }
inode() { stat -c %i "$1"; }
printf '1\n2\n3\n4\n' >"$work/x.csv"
for name in a b; do
  echo "graph $name { input x f32 output y f32 %x = load x %y = add %x, %x" >"$work/$name.tgg"
done
echo "store y %y }" >>"$work/a.tgg"
echo "%z = mul %y, %x store y %z }" >>"$work/b.tgg"

TG_CACHE=off run "$work/a.tgg" "$work/a.off" && TG_CACHE=off run "$work/b.tgg" "$work/b.off"
check "off by TG_CACHE=off" is "$(files)" 0
run "$work/a.tgg" "$work/a.out"
file=$(only)
cp "$file" "$work/kept"
check "the same result when it is filled" same "$work/a.off" "$work/a.out"
check "one file" is "$(files)" 1
check "the folder is the user's alone" is "$(stat -c %a "$TG_CACHE_DIR") $(stat -c %a "$file")" "700 600"
before=$(inode "$file")
run "$work/a.tgg" "$work/a.out"
check "the same result from it" same "$work/a.off" "$work/a.out"
check "nothing was written again" is "$(inode "$file")" "$before"

size=$(wc -c <"$file")
spoil() { # TITLE: the file was spoilt
  run "$work/a.tgg" "$work/a.out"
  check "$1: the same result" same "$work/a.off" "$work/a.out"
  check "$1: the file is made anew" same "$file" "$work/kept"
}
: >"$file" && spoil "empty"
for bytes in 10 56 $((size / 2)) $((size - 1)); do head -c $bytes "$work/kept" >"$file" && spoil "cut off after $bytes bytes"; done
for at in 0 8 24 40 60 $((size / 2)) $((size - 1)); do
  cp "$work/kept" "$file" && printf '\377\001' | dd of="$file" bs=1 seek=$at conv=notrunc 2>/dev/null && spoil "changed at byte $at"
done
{ cat "$work/kept" && echo more; } >"$file" && spoil "with more at its end"
rm "$file" && cp "$work/kept" "$work/aside" && chmod 600 "$work/aside" && ln -s "$work/aside" "$file" && spoil "a link"
mkdir "$work/other" && TG_CACHE_DIR=$work/other run "$work/b.tgg" "$work/b.out"
chmod 700 "$work/other" && TG_CACHE_DIR=$work/other run "$work/b.tgg" "$work/b.out"
cp "$work/other/"*.o "$file" && spoil "of another graph"

rm -rf "$work/deep" && mkdir -m 755 -p "$TG_CACHE_DIR" && run "$work/a.tgg" "$work/a.out"
check "not in a folder that is open to others" is "$(files)" 0
rm -rf "$work/deep" && mkdir -m 700 "$work/deep" "$work/true" && ln -s "$work/true" "$TG_CACHE_DIR" && run "$work/a.tgg" "$work/a.out"
check "not through a link" is "$(ls "$work/true" | wc -l)" 0
TG_CACHE_DIR=/dev/null/cache run "$work/a.tgg" "$work/a.out"
check "a folder that cannot be does no harm" same "$work/a.off" "$work/a.out"

rm -rf "$work/deep"
for i in 1 2 3 4 5 6; do
  run "$work/a.tgg" "$work/a.$i" &
  run "$work/b.tgg" "$work/b.$i" &
done
wait
all() { for i in 1 2 3 4 5 6; do cmp "$work/a.$i" "$work/a.off" && cmp "$work/b.$i" "$work/b.off" || return 1; done; }
check "twelve processes at once: the same results" all
check "two files, and none half done" is "$(files) $(ls "$TG_CACHE_DIR" | grep -c '\.o$')" "2 2"
file=$(ls "$TG_CACHE_DIR"/$(basename "$file")) && check "as one process writes it" same "$file" "$work/kept"
echo "1..$number"
