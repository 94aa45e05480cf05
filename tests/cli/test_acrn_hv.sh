#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# acrn-hv's command line, its run directory and its end.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/tap.sh
unset ACRN_DEV_DIR
dir=$tmp/run

# --- usage ---
run acrn-hv -h
is "$status" 0 '-h ends with 0'
like "$out" '*--run-dir*--pcpus*--guests*--duration*--seed*mix*' '-h names options and payloads'
run acrn-hv --version
like "$out" 'acrn-hv ?*' '--version prints a version'
usage() { # WHAT OPTIONS...: refused in one line that says it
	what=$1
	shift
	run acrn-hv --run-dir "$dir" "$@"
	is "$status" 2 "$* is refused with 2"
	like "$err" "acrn-hv: *$what*" "$* is named in the message"
	is "$(printf '%s\n' "$err" | wc -l)" 1 "$* gets one line"
}
usage '--pcpus' --pcpus 0
usage '--pcpus' --pcpus 17
usage '--pcpus' --pcpus 2x
usage '--duration' --duration -1
usage '--seed' --seed abc
usage '--loglevel' --loglevel 7
usage 'nosuch' --guests nosuch
usage 'service_vm' --guests service_vm
usage '7' --guests rt:7
usage '1-0' --guests rt:1-0
usage 'noop' --guests rt:0+noop
usage 'more than 8' --guests rt,rt,rt,rt,rt,rt,rt,rt,rt
usage 'word' word
ok 'a refused start leaves no directory' test ! -e "$dir"

# --- a run ---
run acrn-hv --run-dir "$dir" --duration 0.5
is "$status" 0 'a run of half a second ends with 0'
is "$(printf '%s\n' "$out" | sed -n 1p)" ready 'the first line says ready'
is "$(printf '%s\n' "$out" | grep -cE '^pcpu [01] put [1-9][0-9]* lost [0-9]+$')" 2 'the end has a line a pCPU'
is "$(ls -A "$dir")" '' 'nothing is left in the run directory'
is "$err" '' 'and nothing was complained about'
run acrn-hv --run-dir "$dir" --duration 0.2 --guests ''
is "$status" 0 'a run without User VMs'
run acrn-hv --run-dir "$dir" --duration 0.3 --pcpus 3 --guests 'rt:1+noop,mix:0+2,cpuid:2+poll,mix'
is "$status" 1 'a VM on the pCPU of another one is refused'
like "$err" '*could not start its User VMs*' 'and said so'
run acrn-hv --run-dir "$dir" --duration 0.3 --pcpus 3 --guests 'rt:1+noop,mix:0+2,busy:2,mix:0+poll'
is "$status" 0 'schedulers, affinity, polling and two VMs of one payload'
is "$(ls -A "$dir")" '' 'nothing is left after that either'

# --- the directory ---
start() { # OPTIONS...: starts one and waits until it is ready; $hv is its process
	mkfifo "$tmp/ready" 2>/dev/null
	acrn-hv --run-dir "$dir" "$@" >"$tmp/ready" 2>"$tmp/hv.err" &
	hv=$!
	exec 9<"$tmp/ready"
	read -r line <&9
}
finish() { # sends a signal, and has the status
	kill "-$1" "$hv"
	wait "$hv"
	status=$?
	rest=$(cat <&9)
	exec 9<&-
}
start --duration 60
is "$line" ready 'ready is printed at once'
is "$(stat -c %a "$dir")" 700 'the run directory is private'
is "$(cd "$dir" && echo acrn_*)" 'acrn_hsm acrn_hvlog_cur_0 acrn_hvlog_cur_1 acrn_trace_0 acrn_trace_1' \
	'it holds rings and socket'
run acrn-hv --run-dir "$dir" --duration 0.2
is "$status" 1 'a second one in the same directory is refused'
like "$err" 'acrn-hv: *another acrn-hv runs there*--run-dir*' 'and told what to do'
ok 'the first one is not disturbed' kill -0 "$hv"
ok 'its rings are still there' test -e "$dir/acrn_trace_0"
finish TERM
is "$status" 0 'SIGTERM ends it cleanly'
like "$rest" '*pcpu 0 put*pcpu 1 put*' 'with its counters'
start --duration 60
finish KILL
ok 'a killed one leaves its files' test -e "$dir/acrn_trace_0"
run acrn-hv --run-dir "$dir" --duration 0.2
is "$status" 0 'the next one takes the directory over'
is "$(ls -A "$dir")" '' 'and cleans it up'
start
finish INT
is "$status" 0 'SIGINT ends it cleanly'
dir=$tmp/$(printf '%0150d' 0)
start --duration 60
ok 'a long path has a socket, too' test -S "$dir/acrn_hsm"
finish TERM
dir=$tmp/no/such
run acrn-hv --run-dir "$dir" --duration 0.1
is "$status" 1 'a directory that cannot be made is an error'
like "$err" "acrn-hv: $dir: No such file*" 'with its name'
TMPDIR=$tmp
export TMPDIR
run acrn-hv --duration 0.1
ok 'TMPDIR is where it runs by default' test -d "$tmp/acrn-hv"

plan
