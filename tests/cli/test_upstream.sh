#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# acrntrace with upstream's command line: raw files, byte for byte what was put.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/tap.sh
OUT=$(cd "${OUT:-build}" && pwd)
cd "$tmp" || exit 1
. "$OLDPWD/tests/cli/producer.sh"
export ACRN_DEV_DIR=dev

usage() { # PATTERN ARGS...: exit 2, one line
	usage_pattern=$1
	shift
	run timeout 20 acrntrace "$@"
	is "$status $(printf '%s\n' "$err" | wc -l)" "2 1" "acrntrace $*: usage error, one line"
	like "$err" "acrntrace: $usage_pattern" "acrntrace $*: says what is wrong"
}
usage '0: -i must be a number from 1 to 999' -i 0
usage '1000: -i must be *' -i 1000
usage '1x: -t must be *' -t 1x
usage 'a: not a list of pCPUs*' -a a
usage '-a: needs a value*' -a
usage '-x: no such option*' -x
usage 'more: no such command*' -r more
run acrntrace -h
like "$status:$out" '0:Usage: acrntrace*-a cpus*' 'acrntrace -h'
run timeout 20 acrntrace -t 1
is "$status:$err" '1:acrntrace: dev: No such file or directory' 'no such directory'
[ ! -e acrntrace ]
tap_result $? 'nothing is made when the start fails'

# In the background, with its stdin at fd 5. Waits until it records.
start() {
	rm -rf acrntrace keys err
	mkfifo keys err
	timeout 60 sh -c "ulimit -f ${limit:-unlimited}; exec acrntrace \"\$@\"" sh "$@" <keys 2>err 3>&- 4>&- &
	tracer=$!
	exec 5>keys 6<err
	read -r first <&6
}
finish() { # waits for the end; $status and the rest of stderr in $rest
	wait "$tracer"
	status=$?
	exec 5>&-
	rest=$(cat <&6)
	exec 6<&-
	set -- acrntrace/*
	made=$1
}

# --- q and Enter; all files, byte for byte ---
start_producer --pcpus 2 --log .
go 500 0
start -i 5 -r
like "$first" 'acrntrace: writing to acrntrace/[0-9]*; q and Enter end it' 'says where'
go 20000 400000
echo q >&5
finish
is "$status" 0 'q and Enter: exit 0'
like "$made" 'acrntrace/20[0-9][0-9][01][0-9][0-3][0-9]-[0-2][0-9][0-5][0-9][0-6][0-9]' "upstream's name of the directory"
stamp=${made#acrntrace/}
age=$(($(date +%s) - $(date -d "$(echo "$stamp" | sed 's/\(....\)\(..\)\(..\)-\(..\)\(..\)\(..\)/\1-\2-\3 \4:\5:\6/')" +%s)))
[ "$age" -ge 0 ] && [ "$age" -le 120 ]
tap_result $? 'in local time'
is "$(ls "$made" | tr '\n' ' ')" '0 1 ' 'one file a pCPU, nothing else'
ok '-r: pCPU 0: byte for byte what was put' cmp put.0 "$made/0"
ok '-r: pCPU 1: byte for byte what was put' cmp put.1 "$made/1"
like "$rest" '*pCPU 0: 20500 records, 0 lost*pCPU 1: 20500 records, 0 lost' 'records are counted on stderr'
stop_producer

# --- old records are left out; -c undoes -r ---
for options in '' '-c' '-r -c' '-c -a 0-1'; do
	start_producer --pcpus 2 --log .
	go 500 0
	start $options
	go 300 0
	echo q >&5
	finish
	tail -c 9600 put.1 >wanted
	ok "'$options': what was there before is left out" cmp wanted "$made/1"
	stop_producer
done
start_producer --pcpus 2 --log .
start -a 1
go 300 0
kill -INT "$tracer"
finish
is "$status $(ls "$made")" '0 1' '-a: only that pCPU; SIGINT ends it cleanly'
ok '-a: byte for byte what was put' cmp put.1 "$made/1"
stop_producer

# --- loss ---
start_producer --elements 64 --log .
start -r
go 100000 0
echo q >&5
finish
ok 'full speed: byte for byte what was put' cmp put.0 "$made/0"
like "$rest" "*pCPU 0: $(truth put) records, $(truth lost) lost" 'full speed: what was lost is counted'
stop_producer
start_producer --elements 64 --no-cookie
start -r
go 100000 0
echo q >&5
finish
like "$rest" "*pCPU 0: $(truth put) records, lost: unknown" 'a ring that does not count: unknown'

# --- time; stdin at its end is no key; two in one second ---
run timeout 20 acrntrace -t 1
is "$status" 0 '-t ends it'
rm -rf acrntrace
run sh -c 'acrntrace -a 0 -t 1; acrntrace -a 0 -t 1'
is "$(ls acrntrace | wc -l)" 2 'a directory for each'

# --- trouble ---
start -a 0
run timeout 20 acrntrace -t 1
is "$status:$err" '1:acrntrace: acrn_trace_0: in use by another reader (EBUSY)' 'a second reader is refused'
printf '\0' | dd of=dev/acrn_trace_0 bs=1 conv=notrunc status=none
finish
is "$status" 1 'a damaged ring: exit 1'
like "$rest" '*acrn_trace_0: ring damaged: its header has changed*no ring is left*' 'a damaged ring: says so'
stop_producer
start_producer
rm -rf acrntrace
limit=8 start
go 100000 0
finish
is "$status" 1 'file size limit: exit 1, not a signal'
like "$rest" '*/0: File too large*' 'file size limit: says so'
stop_producer
start_producer
rm -rf acrntrace
: >acrntrace
run timeout 20 acrntrace -t 1
like "$status:$err" '1:acrntrace: acrntrace*: Not a directory' 'a file in the way'
plan
