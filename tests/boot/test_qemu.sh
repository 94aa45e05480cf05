#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Another machine, without VT-x: the refusal, and how far the ground carries without it.
. "$(dirname "$0")/boot.sh"
run() # OPTIONS LAST [ARGUMENT...]: until the line LAST or for a minute
{
	options=$1 last=$2
	shift 2
	tests/boot/make-iso.sh "$iso" build/x86/hv.elf "$options" || return
	: >"$other"
	nice qemu-system-x86_64 -accel tcg,thread=single -m 256 -cdrom "$iso" -display none -monitor none \
		-no-reboot -serial "file:$other" "$@" </dev/null 2>/dev/null &
	pid=$!
	for _ in $(seq 600); do
		if grep -q "$last" "$other" || ! kill -0 $pid 2>/dev/null; then
			break
		fi
		sleep 0.1
	done
	kill $pid 2>/dev/null
	wait $pid 2>/dev/null
	tr -d '\r' <"$other" >"$log"
}
run '' halted
says 'QEMU has no VT-x, and is told' 'cpu: missing: VT-x \(VMX\)' 'halted'
[ "$(grep -c 'missing:' "$log")" -eq 1 ]
report $? '... in one line'
run 'cpu_check=off test=ground' 'pCPUs done' -smp 4
says 'without that check four pCPUs come on line' 'smp: 4 of 4 pCPUs on line' 'test: 4 pCPUs done' \
	'tsc: [0-9]+ kHz by the PM timer'
says_not '... no timer is early, no kick lost' 'early|lost'
run 'cpu_check=off test=ground' 'pCPUs done' -m 5G
says 'memory above 4 GiB is there' 'memory: 50[0-9]+ MiB RAM' 'pCPUs done'
done_testing
