#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# All of it: Linux as Service VM, with the modules, and acrntrace in it, which records while a load
# makes exits whose number it knows. The recording comes out by the second serial line.
. "$(dirname "$0")/boot.sh"
. tests/boot/modules.sh
PATH=$PWD/build/bin:$PATH
tmp=$(mktemp -d)
trap 'rm -rf "$log" "$other" "$iso" "$tmp"' EXIT
kernel=$(tests/boot/kernel.sh) || exit 1
tree=$tmp/tree
mkdir -p "$tree/bin" "$tree/dev" "$tree/proc" "$tree/sys" "$tree/tmp" "$tree/modules" "$tmp/modules"
build_modules "$kernel/build" "$tmp/modules" || exit 1
cp "$tmp/modules"/*.ko "$tree/modules/"
cp /bin/busybox build/bin/acrntrace "$tree/bin/"
strip "$tree/bin/acrntrace"
ldd build/bin/acrntrace | grep -o '/lib[^ ]*' | while read -r library; do
	mkdir -p "$tree${library%/*}"
	cp -L "$library" "$tree$library"
done
cat >"$tree/init" <<'END'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
for module in rings trace; do
	insmod /modules/acrn_$module.ko && echo "init: acrn_$module is loaded"
done
acrntrace record -d 1 -o /tmp/recording </dev/null >/tmp/said 2>&1 &
pid=$!
sleep 0.2
# Each read asks the second CPU for the next leaf.
dd if=/dev/cpu/1/cpuid of=/dev/null bs=16 count=500 2>/dev/null
wait $pid
echo "init: record ends with $?, $(wc -c </tmp/recording) bytes"
stty -F /dev/ttyS1 raw 115200
cat /tmp/recording >/dev/ttyS1
sleep 1
echo 'init: done'
sleep 1
poweroff -f
END
chmod +x "$tree/init"
(cd "$tree" && find . | sort | cpio -o -H newc --quiet --reproducible) >"$tmp/initramfs"

BOCHS_COM2=$tmp/recording
export BOCHS_COM2
boot -t 180 -o 'panic=exit loglevel=4' "$kernel/bzImage" "console=ttyS0 quiet panic=-1" "$tmp/initramfs" initramfs
says 'the modules find the hypervisor' 'init: acrn_rings is loaded' 'init: acrn_trace is loaded'
says 'acrntrace records inside' 'init: record ends with 0, [0-9]{4,} bytes' 'init: done'
says_not '... without a complaint of anybody' 'unchecked|WARNING:|BUG:|Oops|panic:|exception [0-9]|is not handled'
grep -q "record ends with 0, $(wc -c <"$tmp/recording") bytes" "$log"
report $? 'the recording comes out whole'
acrntrace report --csv --by leaf --columns count --reason CPUID "$tmp/recording" >"$tmp/leaves" 2>&1
awk -F, '$1 ~ /^(0x[0-9a-f]+|[0-9]+)$/ { leaf[$1] = $NF } END {
	for (i = 32; i < 500; i++) {
		n = sprintf("0x%x", i) in leaf ? leaf[sprintf("0x%x", i)] : leaf[i ""]
		if (n != 1) { print "# leaf " i ": " n; exit 1 }
	}
}' "$tmp/leaves"
report $? 'it has each CPUID that the load made, by its leaf, once'
acrntrace report --fail-on-loss "$tmp/recording" >"$tmp/report" 2>&1
report $? 'nothing was lost'
grep -q 'lost: nothing' "$tmp/report"
report $? '... and the hypervisor counts what is'
done_testing
