#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What the hypervisor says when it is the one that fails, and what is left of it after a reboot.
. "$(dirname "$0")/boot.sh"
quiet='panic=exit loglevel=2'
boot -o "test=crash $quiet"
says 'an exception is named, with registers' 'exception 6 \(invalid opcode\) in the hypervisor' \
	'rip 0xffffffff8[0-9a-f]{7} rsp 0xffffffffc[0-9a-f]{7} rflags' 'r13 0x[0-9a-f]{16} r14' \
	'cr0 0x0*80010033 cr2'
grep -oE '(at|by) 0x.* [a-z_]+\+' "$log" | sed 's/.* \(.*\)+/\1/' | tr '\n' ' ' >"$other"
[ "$(cat "$other")" = 'crash_here crash selftest_run run_pcpu go_on stack_switch ' ]
report $? 'its backtrace has who called whom'
grep -qE "at 0x0*$(nm build/x86/hv.elf | awk '$3 == "crash_here" { print $1 }') crash_here\+0x[0-9]$" "$log"
report $? '... by the names that the image has'

boot -o "test=overflow $quiet"
says 'a stack overflow hits the guard page, and is called so' 'exception 8 \(double fault\)' \
	'stack overflow: 0xffffffffc0000[0-9a-f]{3} is in the guard page of the stack of pCPU 0' \
	'by 0x[0-9a-f]+ overflow_more\+' '\.\.\. [0-9]+ times' 'by 0x[0-9a-f]+ go_on\+'
boot -o "test=overflow-last $quiet"
says '... on another pCPU as well' 'cpu=1.*guard page of the stack of pCPU 1' 'by 0x.* smp_ap_main\+'
boot -o "test=lose-stack $quiet"
says 'a lost stack pointer is a double fault' 'exception 8' 'rsp 0x0000000000000000' 'at 0x.* lose_stack\+'

boot -o "test=write-text $quiet"
says 'text cannot be written' 'exception 14 .*error code 0x3' 'write of 0xffffffff80000000: not allowed'
boot -o "test=write-sealed $quiet"
says 'nor what was set up at start' 'write of 0xffffffff8[0-9a-f]+: not allowed' 'at 0x.* write_sealed\+'
boot -o "test=run-data $quiet"
says 'data cannot be executed' 'execution of 0xffffffff8[0-9a-f]+: not allowed' 'by 0x.* run_data\+'
boot -o "test=read-null $quiet"
says 'a null pointer leads nowhere' 'read of 0x0+: not mapped' 'at 0x.* read_null\+'
boot -o "test=write-alias $quiet"
says 'the image has no second mapping' 'write of 0xffff8[0-9a-f]+: not mapped'
boot -o "test=double-free $quiet"
says 'a page given back twice is a panic' 'panic: memory: a page is given back twice'
boot -n 4 -o "test=crash-all $quiet"
[ "$(grep -c 'exception 6' "$log")" -eq 1 ]
report $? 'when all pCPUs fail at once, one has the word'

boot -o 'test=crash-last hvlog=1M@128M'
says 'a crash reboots, and the next boot finds the log' 'hvlog: .*none of a last boot' \
	'exception 6' 'rebooting$' "hvlog: .*the last boot's log is kept" \
	'last: .*exception 6 \(invalid opcode\)' 'last: .*at 0x.* crash_here' 'last: .*rebooting$'
awk '/last: /{ sub(/.*last: /, ""); printf "%s", $0 } END { print "" }' "$log" | sed 's/\[[0-9]*us\]/\n&/g' |
	grep . >"$other"
sed -n '/ready$/,/rebooting$/p' "$log" | grep -F '[cpu=1]' | sed '/rebooting/q' | cmp -s - "$other"
report $? '... and every word of it'
done_testing
