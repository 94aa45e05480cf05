#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Another machine, without VT-x, with BIOS and UEFI: the refusal, and how far the ground carries.
. "$(dirname "$0")/boot.sh"
run() # OPTIONS LAST [ARGUMENT...]: until the line LAST or for a minute
{
	options=$1 last=$2
	shift 2
	GRUB_PLATFORM=$platform tests/boot/make-iso.sh "$iso" build/x86/hv.elf "$options" || return
	: >"$other"
	nice qemu-system-x86_64 -accel tcg,thread=single -cdrom "$iso" -display none -monitor none \
		-no-reboot -serial "file:$other" "$@" </dev/null 2>/dev/null &
	pid=$!
	for _ in $(seq 600); do
		if grep -q "$last" "$other" || ! kill -0 $pid 2>/dev/null; then
			break
		fi
		sleep 0.1
	done
	kill $pid 2>/dev/null
	wait $pid 2>/dev/null
	tr -d '\r' <"$other" >"$log"
}
platform=i386-pc
run '' halted -m 256
says 'QEMU has no VT-x, and is told' 'cpu: missing: VT-x \(VMX\)' 'halted'
[ "$(grep -c 'missing:' "$log")" -eq 1 ]
report $? '... in one line'

run 'cpu_check=off test=ground' 'pCPUs done' -m 256 -smp 4
says 'without that check four pCPUs come on line' 'smp: 4 of 4 pCPUs on line' 'test: 4 pCPUs done' \
	'tsc: [0-9]+ kHz by the PM timer'
says_not '... no timer is early, no kick lost' 'early|lost'

run 'cpu_check=off test=ground' 'pCPUs done' -m 5G
says 'memory above 4 GiB is there' 'memory: 50[0-9]+ MiB RAM' 'pCPUs done'

# A second MADT, with a CPU (APIC id 5) that does not exist.
madt=$(mktemp)
printf '\000\000\340\376\001\000\000\000\000\010\005\005\001\000\000\000' >"$madt"
run 'cpu_check=off test=ground' 'pCPUs done' -m 256 -smp 2 -acpitable "sig=APIC,data=$madt"
says 'a pCPU that does not come is named, and the others go on' \
	'smp: CPU with APIC id 0x5 does not start and stays off' 'smp: 2 of 3 pCPUs on line' \
	'test: 2 pCPUs done'
printf '\000\000\340\376\001\000\000\000\000\002\005\005\001\000\000\000' >"$madt"
run 'cpu_check=off test=ground' 'pCPUs done' -m 256 -acpitable "sig=APIC,data=$madt"
says 'a damaged MADT is read as far as it goes' 'the MADT is read up to its byte 44' 'test: 1 pCPUs done'
rm -f "$madt"

run 'cpu_check=off test=ground' 'pCPUs done' -m 256 -smp 2 -machine pc,acpi=off
says 'without ACPI there is one pCPU, and the PIT' 'acpi: there is none' 'tsc: [0-9]+ kHz by the PIT' \
	'smp: 1 of 1' 'test: 1 pCPUs done'

vars=$(mktemp)
cp /usr/share/OVMF/OVMF_VARS_4M.fd "$vars"
platform=x86_64-efi
run 'cpu_check=off test=ground' 'pCPUs done' -m 512 -smp 2 \
	-drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd \
	-drive "if=pflash,format=raw,file=$vars"
says 'it boots on UEFI' 'boot: by GRUB .* on UEFI' 'acpi: revision 2 by a boot tag' \
	'smp: 2 of 2 pCPUs on line' 'test: 2 pCPUs done'
rm -f "$vars"
done_testing
