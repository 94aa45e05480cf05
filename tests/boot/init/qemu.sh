#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# /init of the modules' tests under QEMU: runs the script that the kernel's command line names with
# run=, prints its exit status, and powers off.
busybox mount -t proc none /proc
busybox mount -t sysfs none /sys
busybox mount -t devtmpfs none /dev 2>/dev/null
busybox --install -s /bin
run=$(sed -n 's/.*run=\([^ ]*\).*/\1/p' /proc/cmdline)
sh "/test/$run"
echo "end of $run: $?"
poweroff -f
