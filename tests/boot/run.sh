#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Boots the hypervisor in Bochs, without a screen, and prints what came out of COM1.
#
#   run.sh [-n pcpus] [-c model] [-m megabytes] [-t seconds] [-o "options"] [-x bochs-line]...
#          [MODULE "COMMAND LINE"]...
#
# Ends when the machine is turned off, when nothing came for a while, or after -t seconds (status 2).
# The same call gives the same output, byte for byte.
set -u
cd "$(dirname "$0")/../.." || exit 1
elf=${HV_ELF:-build/x86/hv.elf}
pcpus=2 model= megs=256 limit=60 options='' extra=''
while getopts n:c:m:t:o:x: o; do
	case $o in
	n) pcpus=$OPTARG ;;
	c) model=$OPTARG ;;
	m) megs=$OPTARG ;;
	t) limit=$OPTARG ;;
	o) options=$OPTARG ;;
	x) extra="$extra$OPTARG
" ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
GRUB_PLATFORM=i386-pc tests/boot/make-iso.sh "$dir/boot.iso" "$elf" "$options" "$@" || exit 1

if [ -z "$model" ]; then
	cpu="cpu: model=bx_generic"
	cpuid='cpuid: x86_64=1, level=6, vendor_string="GenuineIntel", brand_string="Bochs Intel VMX test CPU", family=6, model=0x3c, mmx=1, apic=x2apic, simd=avx2, xsave=1, xsaveopt=1, vmx=2, 1g_pages=1, pcid=1, fsgsbase=1, smep=1, smap=1, mwait=0, aes=1, movbe=1'
else
	cpu="cpu: model=$model"
	cpuid=
fi
cat >"$dir/bochsrc" <<END
config_interface: textconfig
display_library: term
plugin_ctrl: unmapped=1, biosdev=1, speaker=0, parallel=0, extfpuirq=0, gameport=0
romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=/usr/share/vgabios/vgabios.bin
megs: $megs
$cpu, count=$pcpus, ips=20000000, quantum=16, reset_on_triple_fault=0, ignore_bad_msrs=1
$cpuid
clock: sync=none, time0=1700000000, rtc_sync=0
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$dir/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$dir/serial.log
${BOCHS_COM2:+com2: enabled=1, mode=file, dev=$BOCHS_COM2}
port_e9_hack: enabled=1
private_colormap: enabled=0
mouse: enabled=0
log: $dir/bochs.log
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore
$extra
END
echo c >"$dir/go.rc"
TERM=vt100 timeout -k 5 "$limit" nice bochs -q -f "$dir/bochsrc" -rc "$dir/go.rc" \
	>"$dir/stdout" 2>&1 </dev/null
status=$?
cat "$dir/serial.log"
[ -z "${BOCHS_KEEP:-}" ] || cp "$dir/bochs.log" "$dir/stdout" "$BOCHS_KEEP"
[ $status -ne 124 ] || exit 2
