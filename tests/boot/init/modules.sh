#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Runs as root inside the Service VM: loads the modules, uses their devices, unloads and loads
# again. Prints TAP. Arguments: the directory with the .ko files (/lib/modules/acrn). Needs tap.sh
# and ring beside it, hvlog=<size>@<base> on the command line, /proc, /sys and /dev.
# The modules stay unloaded, where the hypervisor lets its memory go.
here=$(cd "$(dirname "$0")" && pwd)
ko=${1:-/lib/modules/acrn}
. "$here/tap.sh"

ring=$here/ring
trace_size=4194304
sep_size=4194304
socwatch_size=1048576

load() { insmod "$ko/$1.ko" $2; }
loaded() { grep -q "^$1 " /proc/modules; }
free_kib() { sed -n 's/^MemFree: *\([0-9]*\).*/\1/p' /proc/meminfo; }
pcpus() { ls /dev | grep -c '^acrn_trace_[0-9]*$'; }
rights() { stat -c '%a %u:%g' "$1"; }

loaded acrn_rings || ok 'acrn_rings loads' load acrn_rings
ok 'acrn_trace loads' load acrn_trace
n=$(pcpus)
ok 'there is a trace ring at least for each CPU here' test "$n" -ge "$(grep -c ^processor /proc/cpuinfo)"
is "$(rights /dev/acrn_trace_0)" '600 0:0' 'only root may open it'
pcpu=0
while [ $pcpu -lt "$n" ]; do
	run "$ring" header /dev/acrn_trace_$pcpu $trace_size
	like "$out" 'magic=5aa57aa71aa13aa3 ele_num=131070 ele_size=32 size=4194240 *' \
		"trace ring $pcpu is mapped whole"
	pcpu=$((pcpu + 1))
done
counted=$(echo "$out" | sed -n 's/.*counted=//p')
ok 'it has one opener' "$ring" busy /dev/acrn_trace_0 $trace_size
ok 'other mappings are refused' "$ring" refuse /dev/acrn_trace_0 $trace_size
ok 'a mapping keeps the module' "$ring" hold /dev/acrn_trace_0 $trace_size \
	'! rmmod acrn_trace 2>/dev/null'
ok 'it unloads' rmmod acrn_trace
is "$(pcpus)" 0 'its devices are gone'

# What the first load allocated the second one takes again.
before=$(free_kib)
ok 'it loads again, with other rights' load acrn_trace mode=0640
after=$(free_kib)
is "$(rights /dev/acrn_trace_0)" '640 0:0' 'the rights are those asked for'
ok 'the rings were not allocated a second time' test $((before - after)) -lt 4096
run "$ring" header /dev/acrn_trace_0 $trace_size
like "$out" 'magic=5aa57aa71aa13aa3 ele_num=131070 *' 'the ring is one again'
ok 'a mode that is none is refused' sh -c "rmmod acrn_trace && ! insmod $ko/acrn_trace.ko mode=01777"

ok 'acrn_hvlog loads' load acrn_hvlog
run "$ring" header /dev/acrn_hvlog_cur_0 0
like "$out" '*mmap*' 'nothing is mapped of size 0'
ok 'it has one opener' sh -c '! (exec 3</dev/acrn_hvlog_cur_0 && exec 4</dev/acrn_hvlog_cur_0) 2>/dev/null'
ok 'reads of less than an element are refused' "$ring" short /dev/acrn_hvlog_cur_0
lines=$(timeout 20 dd if=/dev/acrn_hvlog_cur_0 bs=80 2>"$tmp/dd" | tr -d '\000' | grep -c 'seq=')
ok 'the log is read and ends' grep -q 'records in' "$tmp/dd"
ok 'acrn_hvlog unloads' rmmod acrn_hvlog
ok 'acrn_hvlog loads again' load acrn_hvlog
echo "# $lines lines of log were read"
ok 'acrn_hvlog unloads again' rmmod acrn_hvlog

ok 'acrn_profiling loads' load acrn_profiling
run "$ring" header /dev/acrn_sep_0 $sep_size
like "$out" 'magic=5aa57aa71aa13aa3 ele_num=131070 ele_size=32 *' 'the SEP ring is mapped whole'
run "$ring" header /dev/acrn_socwatch_0 $socwatch_size
like "$out" 'magic=5aa57aa71aa13aa3 ele_num=1048512 ele_size=1 *' 'and the SOCWATCH ring'
ok 'its commands are answered' "$ring" ioctl
ok 'acrn_profiling unloads' rmmod acrn_profiling
ok 'acrn_profiling loads again' load acrn_profiling
ok 'acrn_profiling unloads again' rmmod acrn_profiling

# A hypervisor that counts losses stops when asked; from any other one the memory never comes back.
if [ "$counted" = 1 ]; then
	ok 'the rings are given back' rmmod acrn_rings
else
	ok 'acrn_rings stays, with the rings' sh -c '! rmmod acrn_rings'
fi
like "$(dmesg | grep -E 'WARNING|BUG|Oops|Call Trace')" '' 'the kernel has nothing to complain of'
plan
