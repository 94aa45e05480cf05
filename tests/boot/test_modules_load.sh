#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The Linux modules under QEMU, which emulates no VT-x: as they are, where there is no hypervisor,
# and then with the one instruction that calls it replaced by fake/vmcall.c, which answers as
# acrnscope's hypervisor or as upstream's. What a real one does with them is the boot test's.
. "$(dirname "$0")/../cli/tap.sh"
. "$(dirname "$0")/modules.sh"

dir=$(kernel_dir) || exit 1
if ! build_modules "$dir/build" "$tmp/real" || ! make_initramfs "$tmp/real" "$dir/build"; then
	echo 'Bail out! the modules do not build'
	exit 1
fi
run_qemu no_hypervisor.sh "$dir/bzImage"
hand_on 'no hypervisor'

mkdir "$tmp/fake"
cp -r "$root"/hv/service_vm/* "$tmp/fake"
cp "$boot/fake/vmcall.c" "$tmp/fake/vmcall.c"
run make -s -C "$dir/build" M="$tmp/fake" ACRNSCOPE="$root" modules
is "$status" 0 'the modules build with the fake'
make_initramfs "$tmp/fake" "$dir/build"
reserve='memmap=128K$0x7000000 hvlog=64K@0x7000000'
run_qemu modules.sh "$dir/bzImage" "$reserve"
hand_on 'fake of ours'
run_qemu fake_ours.sh "$dir/bzImage" "$reserve"
hand_on "fake of ours, failures"
run_qemu fake_upstream.sh "$dir/bzImage"
hand_on 'fake of upstream'
run_qemu hvlog.sh "$dir/bzImage" "$reserve"
is "$(grep '^boot' "$tmp/lines" | tr '\n' ' ')" 'boot 1 boot 2 boot 3 ' 'three boots'
is "$(grep -o 'fake: ring.*' "$tmp/lines" | tr '\n' ' ')" \
	'fake: ring 0 of pCPU 0 stops fake: ring 0 of pCPU 1 stops ' 'a reboot stops the rings that are not reserved memory'
hand_on log
plan
