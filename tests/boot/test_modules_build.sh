#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The Linux modules build without a warning, with W=1 and under sparse, against the boot tests'
# kernel and Debian's, and the source tree stays as it was.
. "$(dirname "$0")/../cli/tap.sh"
. "$(dirname "$0")/modules.sh"

silent_build() { # WHAT KDIR: a fresh build with all checks prints nothing
	if [ ! -e "$2/Makefile" ]; then
		tap_result 1 "$1: there is no kernel tree $2"
		return
	fi
	run make -s -C "$root" modules KDIR="$2" MODULES_OUT="$tmp/out" W=1 \
		C="$(command -v sparse >/dev/null && echo 1)"
	is "$status" 0 "$1: the modules build"
	# BTF needs a vmlinux, which Debian's package does not have.
	is "$(printf '%s\n%s' "$out" "$err" | grep -v -e '^Skipping BTF' -e '^$')" '' "$1: no warning"
	for module in acrn_rings acrn_trace acrn_hvlog acrn_profiling; do
		is "$(/sbin/modinfo -F license "$tmp/out/$module.ko")" GPL "$1: $module"
	done
	rm -rf "$tmp/out"
}

before=$(cd "$root" && ls -lR hv formats)
silent_build 'test kernel' "$(kernel_dir)/build"
debian=$(ls -d /usr/src/linux-headers-*-amd64 2>/dev/null | tail -1)
silent_build "Debian's kernel" "${debian:-/usr/src/linux-headers-amd64}"
is "$(cd "$root" && ls -lR hv formats)" "$before" 'the source tree stays as it was'
run make -s -C "$root" modules KDIR="$tmp"
is "$status" 2 'without a kernel tree it fails'
like "$err" "*KDIR=$tmp: no kernel's build tree; install linux-headers-amd64*" 'and says what to do'
plan
