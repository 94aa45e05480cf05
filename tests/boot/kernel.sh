#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Builds the Linux that the boot tests run as Service VM, from Debian's linux-source-6.1 and
# kernel.config, and prints the directory that holds it: bzImage, and build/ for modules.
# It is kept outside of the tree, under a name made of the hash of source version and configuration:
# $ACRNSCOPE_CACHE, else $XDG_CACHE_HOME/acrnscope, else ~/.cache/acrnscope.
set -eu
config=$(cd "$(dirname "$0")" && pwd)/kernel.config
source=/usr/src/linux-source-6.1.tar.xz
if [ ! -e "$source" ]; then
	echo "kernel.sh: $source: not there; install linux-source-6.1 (make linux-deps does)" >&2
	exit 1
fi
version=$(dpkg-query -W -f='${Version}' linux-source-6.1)
hash=$( (echo "$version"; cat "$config") | sha256sum | cut -c1-16)
cache=${ACRNSCOPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/acrnscope}
dir=$cache/kernel-$hash
if [ ! -e "$dir/ok" ]; then
	rm -rf "$dir"
	mkdir -p "$dir/build"
	echo "kernel.sh: building Linux $version for the boot tests; this takes some minutes, once" >&2
	{
		tar -xf "$source" -C "$dir/build" --strip-components=1
		cd "$dir/build"
		make -s tinyconfig
		scripts/kconfig/merge_config.sh -m .config "$config"
		make -s olddefconfig
		make -s -j"$(nproc)" bzImage modules_prepare
		# Out-of-tree modules need the symbols' table even where no module is built in the tree.
		make -s -j"$(nproc)" modules
	} >"$dir/log" 2>&1 </dev/null || {
		tail -20 "$dir/log" >&2
		echo "kernel.sh: the build failed; all of it is in $dir/log" >&2
		exit 1
	}
	# Each option asked for must have survived its dependencies.
	while read -r line; do
		option=${line%%=*}
		case $line in
		*=n) ! grep -q "^$option=" "$dir/build/.config" || { echo "kernel.sh: $option is on" >&2; exit 1; } ;;
		*) grep -qxF "$line" "$dir/build/.config" || { echo "kernel.sh: $option did not stay" >&2; exit 1; } ;;
		esac
	done <"$config"
	cp "$dir/build/arch/x86/boot/bzImage" "$dir/bzImage"
	touch "$dir/ok"
fi
echo "$dir"
