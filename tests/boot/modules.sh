# SPDX-License-Identifier: BSD-3-Clause
# For the tests of the Linux modules: builds them, and runs scripts of tests/boot/init under QEMU.
# Source it behind tap.sh. $tmp is the caller's.
boot=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$boot/../.." && pwd)

# The kernel of the boot tests; it is built where it is not there yet.
kernel_dir() { "$boot/kernel.sh"; }

# Builds the modules for the kernel tree $1 in the directory $2, which is kept between runs.
build_modules() {
	make -s -C "$root" modules KDIR="$1" MODULES_OUT="$2" W=1 2>&1
}

# An initramfs in $tmp/initramfs with the modules of directory $1, for the kernel tree $2
make_initramfs() {
	release=$(cat "$2/include/config/kernel.release")
	rm -rf "$tmp/fs"
	mkdir -p "$tmp/fs/bin" "$tmp/fs/proc" "$tmp/fs/sys" "$tmp/fs/dev" "$tmp/fs/tmp" "$tmp/fs/test" \
		"$tmp/fs/lib/modules/$release"
	cp "$(command -v busybox)" "$tmp/fs/bin/busybox"
	ln -s busybox "$tmp/fs/bin/sh"
	cp "$boot"/init/*.sh "$root/tests/cli/tap.sh" "$tmp/fs/test"
	cp "$boot/init/qemu.sh" "$tmp/fs/init"
	chmod 755 "$tmp/fs/init"
	cp "$1"/acrn_*.ko "$tmp/fs/lib/modules/$release"
	ln -s "$release" "$tmp/fs/lib/modules/acrn"
	cp "$2/modules.builtin" "$2/modules.order" "$tmp/fs/lib/modules/$release" 2>/dev/null
	PATH=$PATH:/sbin:/usr/sbin depmod -b "$tmp/fs" "$release" 2>/dev/null
	gcc -static -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -I"$root" -o "$tmp/fs/test/ring" \
		"$boot/init/ring.c" || return 1
	(cd "$tmp/fs" && find . | cpio -o -H newc 2>/dev/null) >"$tmp/initramfs"
}

# Runs script $1 under the kernel $2 (a bzImage) with 2 CPUs. Console in $tmp/console, and what the
# script printed in $tmp/lines; more of the command line in $3.
run_qemu() {
	rm -f "$tmp/console"
	# An oops ends the run, but for the script that has reboots of its own.
	once=-no-reboot
	[ "$1" != hvlog.sh ] || once=
	timeout 120 qemu-system-x86_64 $once -machine pc -accel tcg -cpu max -smp 2 -m 256 -nodefaults -no-user-config \
		-display none -serial "file:$tmp/console" -kernel "$2" -initrd "$tmp/initramfs" \
		-append "console=ttyS0 quiet loglevel=3 oops=panic panic=-1 run=$1 $3" </dev/null
	tr -d '\r' <"$tmp/console" >"$tmp/lines"
}

# Hands on the results of a script, each as one of this test, under the name $1
hand_on() {
	while read -r line; do
		case $line in
		'ok '*) tap_result 0 "$1: ${line#* - }" ;;
		'not ok '*) tap_result 1 "$1: ${line#* - }" ;;
		esac
	done <"$tmp/lines"
	is "$(awk '/^(not )?ok / { ran++ } /^1\.\./ { planned += substr($0, 4) }
		/^end of/ { ended = 1 } END { print ended, planned - ran }' "$tmp/lines")" "1 0" "$1: it ran to its end"
	grep -v '^ok ' "$tmp/lines" >&2
}
