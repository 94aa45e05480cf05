#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Linux as Service VM: to user space on all pCPUs, with virtual interrupt controllers in both modes,
# a CPU taken off line and brought back, and no way to the hypervisor's memory.
. "$(dirname "$0")/boot.sh"
kernel=$(tests/boot/kernel.sh)/bzImage || exit 1
dir=$(mktemp -d)
trap 'rm -rf "$log" "$other" "$iso" "$dir"' EXIT
mkdir -p "$dir/tree/bin" "$dir/tree/dev" "$dir/tree/proc" "$dir/tree/sys"
cp /bin/busybox "$dir/tree/bin/"
cat >"$dir/tree/init" <<'END'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
echo "init: $(grep -c ^processor /proc/cpuinfo) CPUs, clock $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
for cpu in /sys/devices/system/cpu/cpu[1-9]; do
	echo 0 >$cpu/online
	echo 1 >$cpu/online
done 2>/dev/null
sleep 1
grep -E 'LOC|CAL|timer|ata' /proc/interrupts | sed 's/^/init: /'
for hole in $(sed -n 's/.*hole=\([^ ]*\).*/\1/p' /proc/cmdline); do
	devmem $hole 32 0x12345678
	echo "init: $hole holds $(devmem $hole 32)"
done
dmesg | grep -iE 'unchecked|warning:|bug:|oops|call trace|refined tsc' | sed 's/^/init: /'
echo "init: online $(cat /sys/devices/system/cpu/online), done"
sleep 1
poweroff -f
END
chmod +x "$dir/tree/init"
(cd "$dir/tree" && find . | sort | cpio -o -H newc --quiet --reproducible) >"$dir/initramfs"

linux() # "HYPERVISOR OPTIONS" "KERNEL OPTIONS" [OPTION OF run.sh]...
{
	hypervisor=$1 options=$2
	shift 2
	boot -t 120 "$@" -o "panic=exit loglevel=4 $hypervisor" "$kernel" \
		"console=ttyS0 quiet panic=-1 $options" "$dir/initramfs" initramfs
}
complaints='unchecked|WARNING:|BUG:|Oops|Call Trace|panic:|exception [0-9]|vmx: entry|is not handled|no receiver'

linux loglevel=5 ''
says 'Linux reaches user space on two CPUs, by the TSC' 'init: 2 CPUs, clock tsc' 'online 0-1, done'
says 'interrupts of devices reach it' 'init: +0: +[1-9][0-9]* .*IO-APIC +2-edge +timer' '14-edge +ata_piix'
says '... and of the timers of both CPUs' 'LOC: +[0-9]{2,} +[0-9]{2,}'
says 'its clock is right against the PM timer' 'Refined TSC clocksource calibration: (19.99|20.00)'
says_not '... without a complaint of its or of the hypervisor' "$complaints"
pool=$(sed -nE 's/.*page pool of .* at (0x[0-9a-f]+).*/\1/p' "$log")

linux '' "hole=$pool nox2apic"
cp "$log" "$other"
says 'in xAPIC mode, too' 'init: 2 CPUs, clock tsc' 'online 0-1, done' 'LOC: +[0-9]{2,} +[0-9]{2,}'
says 'no access leads to the memory of the hypervisor' "init: $pool holds 0xFFFFFFFF"
says_not '... without a complaint' "$complaints"
linux '' "hole=$pool nox2apic"
cmp -s "$log" "$other"
report $? 'two runs give the same log, byte for byte'

linux '' '' -n 4 -m 512
says 'on four CPUs' 'init: 4 CPUs' 'online 0-3, done'
says_not '... without a complaint' "$complaints"
linux '' '' -c corei7_skylake_x
says 'on another model of CPU' 'init: 2 CPUs' 'online 0-1, done'
says_not '... without a complaint' "$complaints"
done_testing
