#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The modules on a machine that has no hypervisor: each one fails with ENODEV and says why. TAP.
# (busybox tries finit_module(2) and then init_module(2): the line may come twice.)
. "$(dirname "$0")/tap.sh"
for module in acrn_rings acrn_trace acrn_hvlog acrn_profiling; do
	dmesg -c >/dev/null
	run modprobe $module
	ok "$module does not load" test "$status" -ne 0
	like "$err" '*No such device*' "$module: ENODEV"
	is "$(dmesg | sed 's/^\[[^]]*\] //' | grep -v taint | uniq)" \
		'acrn_rings: this machine does not run the ACRN hypervisor' "$module: one line says so"
done
is "$(grep -c acrn_ /proc/modules)" 0 'no module is there'
is "$(ls /dev | grep -c -E 'acrn_(trace|hvlog|sep|socwatch|profiling)')" 0 'and no device'
plan
