#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Other CPUs: those that can run it, and those that cannot, which are told why.
. "$(dirname "$0")/boot.sh"
for model in corei7_ivy_bridge_3770k corei7_haswell_4770 broadwell_ult corei7_skylake_x; do
	boot -c $model -o test=ground
	says "$model: x2APIC mode, deadline timer" 'x2APIC mode, timer with TSC deadline' \
		'tsc: 20000 kHz' 'test: 2 pCPUs done' 'the timer was [0-9]{1,2} us late'
	says_not '... and no failure' 'sev=[123]\]'
done
says 'a CPU that is wrong about its TSC is not believed' \
	'tsc: CPUID 0x16 says 3500000 kHz, the PM timer 20000: the latter is right'
boot -c corei7_sandy_bridge_2600k -o test=ground
says 'sandy bridge: xAPIC mode, deadline timer' 'xAPIC mode, timer with TSC deadline' \
	'test: 2 pCPUs done' 'the timer was [0-9]{1,2} us late'
says_not '... and no failure' 'sev=[123]\]'
boot -c corei5_arrandale_m520 -o test=ground
says 'arrandale: xAPIC mode, one-shot timer' 'xAPIC mode, timer one-shot' 'test: 2 pCPUs done' 'the timer was [0-9]{1,2} us late'
says_not '... and no failure' 'sev=[123]\]'

refused() # MODEL PATTERN...
{
	model=$1
	shift
	boot -n 1 -c "$model" -o 'panic=exit test=ground'
	says "$model is refused" 'halted$' "$@"
	says_not '... and goes no further' 'memory:'
}
refused core2_penryn_t9600 'cpu: missing: EPT \(extended' 'cpu: missing: VPID' \
	'cpu: missing: unrestricted guest$' 'cpu: no guest can run on this machine'
refused corei5_lynnfield_750 'cpu: missing: unrestricted guest$'
[ "$(grep -c 'missing:' "$log")" -eq 1 ]
report $? '... and has all else'
refused p4_prescott_celeron_336 'cpu: missing: VT-x \(VMX\)'
[ "$(grep -c 'missing:' "$log")" -eq 1 ]
report $? '... in one line'
refused athlon64_venice 'cpu: missing: VT-x \(VMX\): only Intel CPUs'
boot -n 1 -c core_duo_t2400_yonah -t 8
says 'a CPU of 32 bits is refused before long mode' '^hv: this CPU has no long mode'
done_testing
