#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The modules with a hypervisor that goes on writing into a ring it was asked to leave. TAP.
here=$(cd "$(dirname "$0")" && pwd)
ko=${1:-/lib/modules/acrn}
. "$here/tap.sh"
param=/sys/module/acrn_rings/parameters
insmod "$ko/acrn_rings.ko" fake_upstream=1
insmod "$ko/acrn_trace.ko"
echo '0 0 7' >$param/fake_put
run "$here/ring" header /dev/acrn_trace_0 4194304
like "$out" '* head=0 tail=224 counted=0' 'the hypervisor writes, and counts nothing'
rmmod acrn_trace
like "$(dmesg | grep acrn_trace | tail -1)" \
	'*acrn_trace: this hypervisor writes on into 2 rings: their 8192 KiB are kept' 'unloading says what stays'
ok 'it writes on' sh -c "echo '0 0 3' >$param/fake_put"
insmod "$ko/acrn_trace.ko"
run "$here/ring" header /dev/acrn_trace_0 4194304
like "$out" '* head=320 tail=320 counted=0' 'the next load goes on where the hypervisor is'
# A program has broken the header; what it can break is mended at the next load.
"$here/ring" poke /dev/acrn_trace_0 4194304 0 0
"$here/ring" poke /dev/acrn_trace_0 4194304 20 4194240
rmmod acrn_trace
insmod "$ko/acrn_trace.ko"
run "$here/ring" header /dev/acrn_trace_0 4194304
like "$out" 'magic=5aa57aa71aa13aa3 *size=4194240 head=0 tail=0 counted=0' 'a broken header is mended'
# The cookie is the hypervisor's word only before a program could write it.
for offset in 40 44; do
	"$here/ring" poke /dev/acrn_trace_0 4194304 $offset \
		$([ $offset = 40 ] && echo 0x4e524341 || echo 0x53534f4c)
done
run "$here/ring" header /dev/acrn_trace_0 4194304
like "$out" '*counted=1' 'a program forges the cookie'
rmmod acrn_trace
like "$(dmesg | tail -1)" '*writes on into 2 rings: *' 'and is not believed'
ok 'acrn_rings stays' sh -c '! rmmod acrn_rings'
plan
