#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Runs all benchmarks of the build in $1. Each prints lines "name value unit", its reference beside it.
cd "$(dirname "$0")/../.." || exit 1
OUT=${1:-build}
export OUT PATH="$PWD/$OUT/bin:$PATH"
status=0
for b in "$OUT"/bench/bench_* tests/bench/bench_*.sh; do
	[ -x "$b" ] || continue
	"$b" || { echo "bench: ${b##*/} failed with $?" >&2; status=1; }
done
exit $status
