#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The log over three boots, each but the last one ended by a reset. Which boot this is shows in the
# log of the last one. TAP, numbered anew in each boot; "boot N" before it.
here=$(cd "$(dirname "$0")" && pwd)
ko=${1:-/lib/modules/acrn}
. "$here/tap.sh"
ring=$here/ring
put() { echo "1 $1 $2" >/sys/module/acrn_rings/parameters/fake_put; }
# The numbers of the messages read, as "first-last count", in rising order without a gap
numbers() {
	dd if="/dev/acrn_hvlog_$1" bs=80 2>/dev/null | tr -d '\000' | sed -n 's/^.seq=\([0-9]*\).*/\1/p' |
		awk 'NR == 1 { first = $1 } NR > 1 && $1 != last + 1 { print "gap at " last }
			{ last = $1 } END { if (NR) print first "-" last " " NR; else print "none" }'
}
insmod "$ko/acrn_rings.ko"
insmod "$ko/acrn_hvlog.ko"
if [ ! -e /dev/acrn_hvlog_last_0 ]; then
	echo "boot 1"
	is "$(ls /dev | grep -c hvlog_cur)" 2 'a ring for each pCPU'
	run "$ring" header /dev/acrn_hvlog_cur_1 16384
	like "$out" 'magic=5aa57aa71aa13aa3 ele_num=204 ele_size=80 size=16320 head=0 tail=0 counted=1' 'its geometry'
	is "$(numbers cur_0)" none 'an empty ring gives nothing'
	put 0 100
	is "$(numbers cur_0)" '0-99 100' 'what was put is read'
	put 0 150
	is "$(numbers cur_0)" '100-249 150' 'also where the ring wraps'
	put 1 10
	rmmod acrn_hvlog
	insmod "$ko/acrn_hvlog.ko"
	ok 'a second load finds no last boot' test ! -e /dev/acrn_hvlog_last_0
	run "$ring" header /dev/acrn_hvlog_cur_1 16384
	like "$out" '* head=0 tail=800 *' 'and keeps the log of this one'
	put 0 1
	is "$(numbers cur_0)" '250-250 1' 'which goes on'
	# The same rings as the hypervisor itself makes them: without this boot's id.
	for pcpu in 0 1; do "$ring" poke /dev/acrn_hvlog_cur_$pcpu 16384 28 0; done
	rmmod acrn_hvlog
	insmod "$ko/acrn_hvlog.ko"
	ok 'rings of the hypervisor are of this boot' test ! -e /dev/acrn_hvlog_last_0
	is "$(ls /dev | grep -c hvlog_cur)" 2 'and are the current ones'
	put 1 2
	rmmod acrn_hvlog
	ok 'it logs on when the module is gone' put 1 3
	insmod "$ko/acrn_hvlog.ko"
	run "$ring" header /dev/acrn_hvlog_cur_1 16384
	like "$out" '* head=0 tail=1200 *' 'and all of it is there'
	# As other makers leave it: no id, no cookie. Then only head can tell that a ring wrapped.
	"$ring" poke /dev/acrn_hvlog_cur_1 16384 40 0
	"$ring" poke /dev/acrn_hvlog_cur_0 16384 28 0x12345678
	# Another kernel must not find the hypervisor writing into what is its memory now.
	insmod "$ko/acrn_trace.ko"
	echo 1 >/sys/module/acrn_rings/parameters/fake_loud
	end='reboot -f'
elif [ "$(numbers last_1)" = '0-14 15' ]; then
	echo "boot 2"
	is "$(numbers last_0)" '48-250 203' 'all of a ring that wrapped is read in order, read before or not'
	is "$(numbers last_0)" '48-250 203' 'and once more'
	is "$(numbers last_1)" '0-14 15' 'a ring that did not wrap starts at its first message'
	run "$ring" header /dev/acrn_hvlog_last_0 16384
	like "$out" 'magic=5aa57aa71aa13aa2 *' 'it is closed'
	is "$(numbers cur_0)" none 'the log of this boot starts empty'
	put 0 300 2>/dev/null # 203 fit
	put 1 203
	is "$(numbers cur_1)" '0-202 203' 'a full ring is read'
	put 1 100
	rmmod acrn_hvlog
	insmod "$ko/acrn_hvlog.ko"
	is "$(numbers last_0)" '48-250 203' 'a second load shows the last boot again'
	is "$(numbers last_1)" '0-14 15' 'of all pCPUs'
	for pcpu in 0 1; do
		for offset in 28 40 44; do "$ring" poke /dev/acrn_hvlog_cur_$pcpu 16384 $offset 0; done
	done
	end='reboot -f'
else
	echo "boot 3"
	is "$(numbers last_0)" '0-202 203' 'a full ring of another maker is read from its start'
	is "$(numbers last_1)" '100-302 203' 'one that wrapped, from its oldest message'
	is "$(numbers last_1)" '100-302 203' 'and once more'
	rmmod acrn_hvlog
	insmod "$ko/acrn_hvlog.ko"
	is "$(numbers last_1)" '100-302 203' 'also after a second load'
	# As acrnscope's hypervisor leaves both halves, which closes and makes the rings itself.
	put 0 4
	for name in last_1 last_0 cur_0 cur_1; do "$ring" poke /dev/acrn_hvlog_$name 16384 28 0; done
	for name in last_0 last_1; do
		"$ring" poke /dev/acrn_hvlog_$name 16384 40 0x4e524341
		"$ring" poke /dev/acrn_hvlog_$name 16384 44 0x53534f4c
	done
	"$ring" poke /dev/acrn_hvlog_last_1 16384 16 16240
	rmmod acrn_hvlog
	insmod "$ko/acrn_hvlog.ko"
	is "$(numbers last_1)" '100-302 203' 'the last boot as the hypervisor closed it'
	is "$(numbers cur_0)" '0-3 4' 'and what it logged before the module came'
	is "$(numbers cur_0)" none 'this boot has the other half'
	"$ring" poke /dev/acrn_hvlog_last_0 16384 20 7
	run dd if=/dev/acrn_hvlog_last_0 bs=80 count=1
	like "$err" '*Bad message*' 'a tail that is none is told, not followed'
	"$ring" poke /dev/acrn_hvlog_cur_0 16384 16 16321
	run dd if=/dev/acrn_hvlog_cur_0 bs=80 count=1
	like "$err" '*Bad message*' 'nor a head'
	rmmod acrn_hvlog
	ok 'and is mended by the next load' insmod "$ko/acrn_hvlog.ko"
	rmmod acrn_hvlog
	for place in 64K 64K@ @0x7000000 64K@0x7000001 63K@0x7000000 0@0x7000000 64K@0x7000000x \
		4K@0x7000000 8G@0x7000000 64K@0x1000000 64K@0xfffffffffffff000; do
		ok "hvlog=$place is refused" sh -c "! insmod $ko/acrn_hvlog.ko hvlog=$place 2>/dev/null"
	done
	ok 'the parameter goes before the command line' insmod "$ko/acrn_hvlog.ko" hvlog=128K@0x7000000
	run "$ring" header /dev/acrn_hvlog_cur_0 32768
	like "$out" '*ele_num=408 *' 'with its own size'
	rmmod acrn_hvlog
	insmod "$ko/acrn_profiling.ko"
	ok 'errors of the hypervisor, and rights' "$ring" ioctl-fake
	rmmod acrn_profiling
	ok 'acrn_rings unloads' rmmod acrn_rings
	like "$(dmesg | grep -E 'WARNING|BUG|Oops|Call Trace')" '' 'the kernel has nothing to complain of'
	end=
fi
(plan)
$end
