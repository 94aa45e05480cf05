#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Runs test programs (arguments, or all) that print TAP, and ends with "N passed, N failed".
# OUT: the build to test. A program that dies, hangs or prints no plan counts as one failure.
cd "$(dirname "$0")/.." || exit 1
OUT=${OUT:-build}
# A make that a test runs is not one of the make that runs the tests.
unset MAKEFLAGS MAKELEVEL MFLAGS
export OUT PATH="$PWD/$OUT/bin:$PATH" CMOCKA_MESSAGE_OUTPUT=TAP
[ $# -gt 0 ] || set -- "$OUT"/tests/test_* tests/cli/test_*.sh
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
for t; do
	case $t in *.d|*.o) continue ;; esac
	[ -x "$t" ] || continue
	start=$(date +%s)
	timeout -k 10 900 "$t" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	ok=$(grep -c '^ok ' "$tmp/out")
	not_ok=$(grep -c '^not ok ' "$tmp/out")
	planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$tmp/out" | tail -1)
	bad=$not_ok
	if [ "$bad" -eq 0 ] && { [ $status -ne 0 ] || [ "${planned:-0}" -ne "$ok" ]; }; then
		bad=1
	fi
	passed=$((passed + ok)) failed=$((failed + bad))
	printf '%-44s %4d passed %3d failed %4d s\n' "${t##*/}" "$ok" "$bad" $(($(date +%s) - start))
	if [ "$bad" -ne 0 ]; then
		echo "  exit status $status"
		{ grep -v '^ok ' "$tmp/out"; cat "$tmp/err"; } | tail -60 | sed 's/^/  /'
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
