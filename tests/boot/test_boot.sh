#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# From GRUB to all pCPUs on line; timers, kicks and pages there; the command line.
. "$(dirname "$0")/boot.sh"
for pcpus in 1 2 4; do
	boot -n $pcpus -o test=ground
	says "$pcpus pCPUs come on line, and their timers and kicks do too" \
		"smp: $pcpus of $pcpus pCPUs on line" "test: $pcpus pCPUs done" \
		'apic: timer at (1999[0-9]|2000[0-9]) kHz' 'the timer was [0-9]{1,2} us late'
	says_not "... without a warning but that of an unnamed invariant TSC" 'sev=[123]\]|sev=4\]:[^t]'
done
says 'their TSCs agree' 'tsc: pCPU 1 and pCPU 0 agree' 'pCPU 2 and' 'pCPU 3 and'
says 'the TSC runs at what the emulator was told' 'tsc: 20000 kHz by the PM timer'
says 'no page is writable and executable' 'paging: .* none of them two'
says 'a table of ACPI for each' 'acpi: .* 4 CPUs, 1 IOAPICs, PM timer at 0xb008'

boot -o 'test=ground loglevel=6 hvmem=8M'
cp "$log" "$other"
says 'a smaller page pool is one' 'page pool of 8 MiB'
boot -o 'test=ground loglevel=6 hvmem=8M'
cmp -s "$log" "$other"
report $? 'two runs give the same log, byte for byte'
[ -s "$log" ] && awk -F'[][]' '{ if ($2 + 0 < last) exit 1; last = $2 + 0 }' "$log"
report $? 'no message is older than the one before it'

boot -o 'test=ground x2apic=off tsc_deadline=off maxcpus=1'
says 'xAPIC mode, and one pCPU of two, on request' 'xAPIC mode' 'smp: 1 of 2 pCPUs on line' \
	'APIC id 0x1 stays off: maxcpus is 1' 'test: 1 pCPUs done'

boot -o 'test=exit color=blue loglevel=9 hvmem=1M hvlog=1M@0xfffff000 panic=never maxcpus=0 console=com7'
says 'options that make no sense are said and ignored' 'options: color is ignored' \
	'options: loglevel=9 is ignored: it takes' 'options: hvmem=1M is' 'options: panic=never is' \
	'options: maxcpus=0 is' 'options: console=com7 is' 'ready$' \
	'hvlog: 0xfffff000 - 0x1000ff000 is not free RAM'

boot -o 'test=exit console=none'
[ "$(wc -l <"$log")" -le 1 ]
report $? 'console=none is silent from then on'

seq 1000 >"$other"
boot -o 'test=exit' "$other" 'first of them' "$other" 'second'
says 'modules and their command lines' 'module at 0x[0-9a-f]+, 3 KiB, "first of them"' \
	'module at 0x[0-9a-f]+, 3 KiB, "second"'

boot -n 4 -m 2048 -o 'test=ground loglevel=6'
says 'with 2 GiB of RAM' 'memory: 20[0-9]+ MiB RAM' 'test: 4 pCPUs done'
done_testing
