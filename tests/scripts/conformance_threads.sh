#!/bin/sh
# tg-test: checked timeout=600
# The conformance cases pass with every number of threads, on every back-end. With internal checks on, invocations use
# several threads wherever there is more than one block; else where it pays.
set -u
runner=$TG_BUILD/tests/conformance/runner
number=0
n_backends=$("$runner" --backends | wc -l)
echo "1..$((n_backends * 4))"
for backend in $("$runner" --backends); do
  for threads in 1 2 3 7; do
    number=$((number + 1))
    log=$("$runner" --backend "$backend" --threads "$threads" tests/conformance/*.tgt) && failed= || failed="not "
    echo "${failed}ok $number - $backend on $threads threads"
    [ -z "$failed" ] || echo "$log" | grep -A 4 "^not ok" | head -n 30 | sed 's/^/# /'
  done
done
