#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What can go wrong when the modules load, and CPUs that are off line. TAP.
here=$(cd "$(dirname "$0")" && pwd)
ko=${1:-/lib/modules/acrn}
. "$here/tap.sh"
param=/sys/module/acrn_rings/parameters
devices() { ls /dev | grep -c -E '^acrn_(trace|hvlog|sep|socwatch|profiling)'; }
insmod "$ko/acrn_rings.ko"

refused() { # ID PCPU MODULE WHAT: the hypervisor refuses one ring, so nothing of the module stays
	echo $((16 * $1 + $2)) >$param/fake_refuse
	run insmod "$ko/$3.ko"
	echo -1 >$param/fake_refuse
	like "$err" '*Input/output error*' "$4 is refused: $3 does not load"
	like "$(dmesg | tail -1)" "*pCPU $2: the hypervisor refuses the ring (-5)" 'and says why'
	is "$(devices)" 0 'and leaves no device'
	ok 'nor a ring the hypervisor writes into' sh -c "! echo '$1 0 1' >$param/fake_put 2>/dev/null"
	ok 'the next load does' insmod "$ko/$3.ko"
	rmmod "$3"
}
refused 0 1 acrn_trace 'a trace ring'
refused 3 1 acrn_profiling 'a SOCWATCH ring'
refused 1 1 acrn_hvlog 'a log ring'

echo 0 >/sys/devices/system/cpu/cpu1/online
ok 'CPU 1 is off line' test "$(grep -c ^processor /proc/cpuinfo)" = 1
insmod "$ko/acrn_trace.ko"
ok 'a CPU off line has its ring' "$here/ring" header /dev/acrn_trace_1 4194304
echo 1 >/sys/devices/system/cpu/cpu1/online
ok 'a ring stays where a CPU comes and goes' "$here/ring" header /dev/acrn_trace_1 4194304
rmmod acrn_trace
rmmod acrn_rings

# Too little memory for two rings of 4 MiB; tmpfs is not thrown out for them.
insmod "$ko/acrn_rings.ko"
mkdir -p /tmp/fill
mount -t tmpfs -o size=100% none /tmp/fill
free=$(sed -n "s/^MemAvailable: *\([0-9]*\).*/\1/p" /proc/meminfo)
dd if=/dev/zero of=/tmp/fill/zeros bs=1k count=$((free - 6000)) 2>/dev/null
run insmod "$ko/acrn_trace.ko"
like "$err" "*Cannot allocate memory*" "without memory acrn_trace does not load"
like "$(dmesg | tail -1)" "*acrn_trace: pCPU *: no 4096 KiB of contiguous memory are free; load earlier" "and says what to do"
is "$(devices)" 0 "and leaves no device"
umount /tmp/fill
ok "with memory it does" insmod "$ko/acrn_trace.ko"
rmmod acrn_trace
rmmod acrn_rings
like "$(dmesg | grep -E 'WARNING|BUG|Oops|Call Trace')" '' 'the kernel has nothing to complain of'
plan
