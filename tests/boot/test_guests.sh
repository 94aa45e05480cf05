#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Guests on VT-x: the hypervisor's own payloads on two pCPUs. The rings come out by the second serial
# line, and acrntrace reads them; what it counts, the hypervisor and the guests have to count, too.
. "$(dirname "$0")/boot.sh"
PATH=$PWD/build/bin:$PATH
dir=$(mktemp -d)
trap 'rm -rf "$log" "$other" "$iso" "$dir"' EXIT
quiet='panic=exit loglevel=5'

# The exits of each vCPU by reason, as "vm1:vcpu0 10 4711" lines: what the hypervisor says, ...
said()
{
	sed -nE 's/.*exits: (vm[0-9]+:vcpu[0-9]+) reason ([0-9]+): ([0-9]+).*/\1 \2 \3/p' "$log" | sort
}
# ... and what the records on each pCPU say: an exit is of the vCPU that entered last.
traced()
{
	for pcpu in "$dir"/cap/*; do
		od -An -v -t u4 -w32 "$pcpu" | awk '
			$3 == 17 { vcpu = "vm" $5 % 65536 ":vcpu" int($5 / 65536) }
			$3 == 16 { print vcpu, $5 % 65536 }'
	done | sort | uniq -c | awk '{ print $2, $3, $1 }' | sort
}

BOCHS_COM2=$dir/com2
export BOCHS_COM2
options="guests=cpuid:1,mix,rt:0 duration=40 trace=256K dump=com2 $quiet"
boot -t 120 -o "$options"
cp "$log" "$other"
mv "$dir/com2" "$dir/first"
says 'payloads run as Service VM and User VMs' 'created VM 3 ' 'rings and 3 User VMs are set up'
says 'hypervisor and guests count the same exits' 'hypervisor and guests agree' \
	'vm1:vcpu0 reason 10: [0-9]{3,}' 'vm2:vcpu1 reason 48: ' 'vm3:vcpu0 reason 12: ' 'vm2:vcpu0 reason 18: '
says_not '... and nothing fails' 'WRONG|panic:|exception [0-9]|vmx: entry|sev=[123]\]'
says 'guests are preempted, and interrupts reach them' 'vm1:vcpu0 reason 1: [0-9]' 'vm3:vcpu0 took [0-9]{2,} interrupts'

boot -t 120 -o "$options"
cmp -s "$log" "$other" && cmp -s "$dir/com2" "$dir/first"
report $? 'two runs give the same log and the same records, byte for byte'

mkdir "$dir/cap"
put=$(sed -nE 's/.*trace: pCPU 0: ([0-9]+) put, 0 lost.*/\1/p' "$log")
head -c $((put * 32)) "$dir/com2" >"$dir/cap/0"
tail -c +$((put * 32 + 1)) "$dir/com2" >"$dir/cap/1"
[ "$(wc -c <"$dir/cap/1")" -eq $((32 * $(sed -nE 's/.*trace: pCPU 1: ([0-9]+) put, 0 lost.*/\1/p' "$log"))) ]
report $? 'each record that was put came out, none was lost'
said | grep -v '^vm0' >"$dir/said"
traced | grep -v '^vm0' >"$dir/traced"
[ "$(wc -l <"$dir/said")" -gt 20 ] && cmp -s "$dir/said" "$dir/traced"
report $? 'the records have each exit of each User VM, by vCPU and reason'
acrntrace dump --tsc-khz 20000 "$dir/cap" >"$dir/dump"
for names in 'vm0: next=vm1:' 'vm1: next=vm2:' 'vm2: next=vm0:' 'idle next=vm3:'; do
	grep -q "sched_next *prev=$names" "$dir/dump" || echo "# missing: $names"
done >"$dir/missing"
[ ! -s "$dir/missing" ]
report $? 'the scheduler shares the pCPUs, and its records say so'
acrntrace report --csv --by vm,reason --columns count --tsc-khz 20000 "$dir/cap" >"$dir/report" 2>&1
cpuids=$(sed -nE 's/.*vm1:vcpu0 reason 10: ([0-9]+).*/\1/p' "$log")
grep -E "^1,CPUID,10,($cpuids|$((cpuids - 1)))\$" "$dir/report" >/dev/null
report $? 'acrntrace report counts the CPUIDs of the guest that makes them'

unset BOCHS_COM2
boot -n 4 -t 60 -o "guests=busy:1,cpuid:2-3,cpuid:3,hlt:0,mix duration=60 trace=256K $quiet"
says 'five User VMs on four pCPUs' 'hypervisor and guests agree' 'vm4:vcpu0 took'
says_not '... and nothing fails' 'WRONG|panic:|exception [0-9]|vmx: entry|sev=[123]\]'
boot -n 1 -t 60 -o "guests=busy,cpuid,rt duration=100 x2apic=off tsc_deadline=off $quiet"
says 'three on one' 'hypervisor and guests agree' 'vm2:vcpu0 reason 10: [0-9]{3,}' 'vm3:vcpu0 took [0-9]'
boot -t 60 -o "guests=hostile,hostile,rt:0 duration=300 trace=256K seed=7 $quiet"
says 'guests that try everything get what is due, and others go on' 'hypervisor and guests agree' \
	'vm1:vcpu0 reason 31: [0-9]{3,}' 'vm2:vcpu0 reason 27: ' 'vm3:vcpu0 took [0-9]{2,} interrupts'
says_not '... and nothing fails' 'WRONG|panic:|exception [0-9]|vmx: entry|triple fault|sev=[123]\]'
boot -n 1 -t 60 -o "guests=nobody $quiet"
says 'a payload that does not exist is named' 'guests: nobody is no payload'
done_testing
