#!/bin/sh
# run.sh: what `make run` shows, from the repository's root: the examples on real data, the most telling one last.
set -eu
cd "$(dirname "$0")/.."
build=${TG_BUILD:-build}
step=0
show() {
  step=$((step + 1))
  printf '\n[%d/5] %s\n\n' "$step" "$1"
}

show 'yearly sunspot numbers 1700-2008: count, sum, squares and extremes in one pass (examples/stats.tgg)'
"$build/throng" run examples/stats.tgg --in x=examples/data/sunspots.csv:SUNACTIVITY

show 'transposition and format conversion by load and store alone (examples/transpose.c)'
"$build/examples/transpose"

show 'one small graph makes a matrix product in any loop order, to the same bits (examples/matmul.c)'
"$build/examples/matmul" 96

show 'forty-four years of carbon dioxide in the air, summed up in one pass (examples/series.c)'
"$build/examples/series" examples/data/co2.csv

show 'did the flow of the Nile fall in 1898? ten million resamples of a hundred years (examples/bootstrap.tg)'
"$build/throng" run examples/bootstrap.tg -n 10000000 --stats
