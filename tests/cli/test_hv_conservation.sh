#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What the hypervisor says it has put into each ring is what the file holds, to the last record,
# with guests that are slow and with guests that are faster than any reader.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/tap.sh
unset ACRN_DEV_DIR

total() { # FIELD FILE: the sum over pCPUs of a field of acrn-hv's last lines
	awk -v f="$1" '$1 == "pcpu" { for (i = 1; i < NF; i++) if ($i == f) n += $(i + 1) } END { printf "%d", n }' "$2"
}

conserve() { # GUESTS
	mkfifo "$tmp/ready"
	acrn-hv --run-dir "$tmp/run" --duration 2 --guests "$1" >"$tmp/ready" &
	hv=$!
	exec 9<"$tmp/ready"
	read -r line <&9
	is "$line" ready "$1: the hypervisor is ready"
	# Everything since the rings were set up, until the hypervisor has ended.
	run acrntrace record --keep --dev-dir "$tmp/run" -o "$tmp/x.atrc"
	like "$err" "*(the hypervisor ended)*" "$1: recorded to the end"
	cat <&9 >"$tmp/truth"
	exec 9<&-
	wait "$hv"
	rm "$tmp/ready"
	recorded=$(printf '%s\n' "$err" | sed -n 's/.*x\.atrc: \([0-9]*\) events in.*/\1/p')
	lost=$(printf '%s\n' "$err" | sed -n 's/.*), \([0-9]*\) lost,.*/\1/p')
	is "$recorded" "$(total put "$tmp/truth")" "$1: put = recorded"
	ok "$1: no more is called lost than was" test "$lost" -le "$(total lost "$tmp/truth")"
	for pcpu in 0 1; do # only where something was lost is there a line a pCPU
		got=$(printf '%s\n' "$err" | sed -n "s/^ *pCPU $pcpu: \([0-9]*\) events.*/\1/p")
		[ -z "$got" ] || is "$got" "$(awk -v p=$pcpu '$1 == "pcpu" && $2 == p { print $4 }' "$tmp/truth")" \
			"$1: put = recorded on pCPU $pcpu"
	done
	ok "$1: the file is whole" acrntrace info --check "$tmp/x.atrc"
}

conserve rt,mix
is "$lost" 0 'nothing is lost at an ordinary rate'
conserve cpuid
plan
