#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# acrntrace info: what a stream or a capture holds, and whether it is whole.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/tap.sh
sample=tests/data/sample
acrntrace convert --tsc-khz=2000000 -o "$tmp/s.atrc" $sample 2>/dev/null
size=$(wc -c <"$tmp/s.atrc")

# Counts and spans by od: pCPU, records, first and last TSC.
for pcpu in 0 1; do
	od -An -v -t u8 -w32 $sample/$pcpu | awk -v p=$pcpu 'NR == 1 { first = $1 } { last = $1 } END { print p, NR, first "", last "" }'
done >"$tmp/truth"
json_truth() {
	awk '{ printf "%s{\"pcpu\": %d, \"records\": %d, \"first_tsc\": %s, \"last_tsc\": %s, \"lost\": null, \"gaps\": null}", \
		NR == 1 ? "" : ", ", $1, $2, $3, $4 }' "$tmp/truth"
}

run acrntrace info --json $sample
like "$status/$out" "0/*\"kind\": \"raw\",*\"tsc_khz\": null,*\"pcpus\": ?$(json_truth)?, \"records\": 65525,*" 'a capture, JSON'
run acrntrace info --json "$tmp/s.atrc"
like "$status/$out" "0/*\"kind\": \"stream\", \"complete\": true,*\"bytes\": $size,*\"tsc_khz\": 2000000,*\"pcpus\": ?$(json_truth)?, \"records\": 65525,*" 'a stream, JSON'
json=$out
run acrntrace info --json --check "$tmp/s.atrc"
is "$status/$out" "0/$json" '--check finds the same by decoding'
# shellcheck disable=SC2002
out=$(cat "$tmp/s.atrc" | acrntrace info --json --check -)
like "$out" "*\"pcpus\": ?$(json_truth)?, \"records\": 65525,*" 'a pipe'
run acrntrace info $sample
like "$out" '*upstream capture*unknown; times are in cycles*0 *32762 *255773072 cycles *unknown *unknown*all *65525 *258287024 cycles*' 'a capture, as text'
run acrntrace info --tsc-khz=1000000 $sample
like "$out" '*1000000 kHz*0 *32762 *0.255773072 s *128090 *unknown *unknown*' 'with a frequency, times are in seconds and there is a rate'
run acrntrace info "$tmp/s.atrc"
like "$out" "*stream, complete: converted*2000000 kHz*$size in * frames, 2.9* a record*all *65525 *0.129143512 s*" 'a stream, as text'

# --- damage ---
i=0 bad_exits=0 wrong=0
while [ $i -lt 40 ]; do
	head -c $((size * i / 40)) "$tmp/s.atrc" >"$tmp/cut.atrc"
	acrntrace info --check "$tmp/cut.atrc" >"$tmp/out" 2>"$tmp/err"
	[ $? -eq 1 ] && [ "$(wc -l <"$tmp/err")" -eq 1 ] || bad_exits=$((bad_exits + 1))
	# whole chunks only: a pCPU has all of its records, or none
	awk '$1 ~ /^[01]$/ && $2 != 0 && $2 != 32762 + $1 { bad = 1 } END { exit bad }' "$tmp/out" || wrong=$((wrong + 1))
	i=$((i + 1))
done
is $bad_exits 0 '--check: a stream cut anywhere fails with one message'
is $wrong 0 'and counts whole chunks only'
head -c $((size * 3 / 4)) "$tmp/s.atrc" >"$tmp/cut.atrc"
run acrntrace info --json "$tmp/cut.atrc"
like "$out" '*"complete": false,*"records": 32762,*' 'what a cut stream has is told'
i=1 missed=0
while [ $i -lt 40 ]; do
	cp "$tmp/s.atrc" "$tmp/flip.atrc"
	at=$((size * i / 40))
	byte=$(od -An -t u1 -j $at -N 1 "$tmp/s.atrc" | tr -d ' ')
	# shellcheck disable=SC2059  # the format is the byte
	printf "\\$(printf %o $((byte ^ 16)))" | dd of="$tmp/flip.atrc" bs=1 seek=$at conv=notrunc 2>/dev/null
	acrntrace info --check "$tmp/flip.atrc" >/dev/null 2>&1 && missed=$((missed + 1))
	i=$((i + 1))
done
is $missed 0 '--check finds a flipped bit'
ok '--check of a good capture' acrntrace info --check $sample
raw_bad() { # WHAT BYTE OFFSET PATTERN: the sample with one byte changed
	mkdir -p "$tmp/bad"
	cp $sample/0 "$tmp/bad/0"
	# shellcheck disable=SC2059  # the format is the byte
	printf "$2" | dd of="$tmp/bad/0" bs=1 seek="$3" conv=notrunc 2>/dev/null
	run acrntrace info --check "$tmp/bad"
	like "$status/$err" "1/acrntrace: $tmp/bad: pCPU 0: record $4" "$1"
}
raw_bad '--check: an unknown event' '\063' 3208 '101 has an event that is not known'
raw_bad '--check: a wrong form' '\004' 3214 '101 has a payload form that the event does not have'
raw_bad '--check: another pCPU' '\007' 3215 '101 has another pCPU than the file'
raw_bad '--check: TSC backwards' '\000' 3204 '101 has a TSC below the one before'
head -c 100 $sample/0 >"$tmp/bad/0"
run acrntrace info "$tmp/bad"
like "$status/$err" '1/acrntrace: *' 'a file with a part of a record'
like "$out" '*0 *3 *' 'has its whole ones counted'

# --- bad input ---
bad() { # WHAT STATUS PATTERN ARGUMENT...
	bad_what=$1 bad_status=$2 bad_pattern=$3
	shift 3
	run acrntrace info "$@"
	like "$status/$(printf '%s\n' "$err" | wc -l)/$out$err" "$bad_status/1/acrntrace: $bad_pattern" "$bad_what"
}
bad 'no such file' 1 "$tmp/none: no such file*" "$tmp/none"
bad 'not a trace' 1 'README.md: not a trace*' README.md
bad 'no input' 2 'info: name a stream*'
bad 'an option there is not' 2 '-x: unknown option*' -x
bad 'a bad frequency' 2 '*: the TSC*' --tsc-khz=99999999999 $sample
acrntrace info $sample >/dev/full 2>"$tmp/err"
is "$?: $(cat "$tmp/err")" "1: acrntrace: standard output: cannot write: No space left on device" "a full disk"
plan
