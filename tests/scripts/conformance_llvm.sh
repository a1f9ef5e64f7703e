#!/bin/sh
# tg-test: timeout=1800
# The conformance cases pass on machine code made by LLVM, for vectors of every width that the machine has, as built
# and through all passes, with divergent loops run with masks and with refill, and with outputs past the caches: seven of these ways, with TG_LONG=1 all. Without
# the plug-in there is nothing to test.
set -u
runner=$TG_BUILD/tests/conformance/runner
TG_PLUGIN_PATH=$TG_BUILD
export TG_PLUGIN_PATH
if ! "$runner" --backends | grep -qx llvm; then
  echo "1..0 # SKIP throng-llvm.so was not built"
  exit 0
fi
move='case move
module stack
stack s
load x u8
store y u8
end
run
n 1
memory x 07
memory y 00
bind x x 0 1
bind y y 0 1
expect y 07'
number=0
try() { # BACKEND PASSES
  number=$((number + 1))
  title="$number - $1, passes $2"
  if echo "$move" >"$TG_BUILD/move.tgt" && "$runner" --backend "$1" "$TG_BUILD/move.tgt" | grep -q "no vectors of"; then
    echo "ok $title # SKIP this machine has no such vectors"
    return
  fi
  log=$("$runner" --backend "$1" --passes "$2" tests/conformance/*.tgt) && failed= || failed="not "
  echo "${failed}ok $title"
  [ -z "$failed" ] || echo "$log" | grep -A 4 "^not ok" | head -n 30 | sed 's/^/# /'
}
if [ "${TG_LONG:-}" = 1 ]; then
  for backend in llvm llvm:128 llvm:256 llvm:512 llvm/masked llvm/refill llvm:128/refill llvm:256/refill llvm/past llvm:256/past; do
    try $backend none
    try $backend all
  done
else
  try llvm none
  try llvm/masked all
  try llvm/refill all
  try llvm:128 all
  try llvm:256 all
  try llvm:256/refill none
  try llvm:256/past all
fi
echo "1..$number"
