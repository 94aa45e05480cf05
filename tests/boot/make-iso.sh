#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# make-iso.sh ISO HV_ELF OPTIONS [MODULE "COMMAND LINE"]...: an image that GRUB boots from, by BIOS and
# UEFI; with GRUB_PLATFORM=i386-pc (or x86_64-efi) by that alone, which is made faster.
set -eu
iso=$1 elf=$2 options=$3
shift 3
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/boot/grub"
cp "$elf" "$tree/boot/hv.elf"
{
	echo 'set timeout=0'
	echo 'menuentry acrnscope {'
	echo "	multiboot2 /boot/hv.elf $options"
	n=0
	while [ $# -gt 1 ]; do
		cp "$1" "$tree/boot/module$n"
		echo "	module2 /boot/module$n $2"
		n=$((n + 1))
		shift 2
	done
	echo '}'
} >"$tree/boot/grub/grub.cfg"
[ "${GRUB_PLATFORM:-}" != i386-pc ] || set -- --install-modules="multiboot2 normal iso9660 biosdisk"
grub-mkrescue ${GRUB_PLATFORM:+-d /usr/lib/grub/$GRUB_PLATFORM} -o "$iso.new" "$@" \
	--fonts= --locales= --themes= \
	"$tree" >"$iso.log" 2>&1 || { cat "$iso.log" >&2; exit 1; }
rm "$iso.log"
mv "$iso.new" "$iso"
