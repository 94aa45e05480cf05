#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# acrntrace dump, against what od sees in the sample.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/tap.sh
. tests/cli/raw_truth.sh
sample=tests/data/sample
raw_truth $sample/0 $sample/1 >"$tmp/truth"
ok 'the sample makes a stream' acrntrace convert --tsc-khz=2000000 -o "$tmp/s.atrc" $sample

# --- all records, in order ---
awk '{ print "CPU" $2 " 0x0000" $3 " " $1 " n_data=" $4 " data=" $5 }' "$tmp/truth" >"$tmp/wanted"
acrntrace dump --formats=/dev/null $sample >"$tmp/got"
ok 'every record of a capture is there, whole, by TSC and then pCPU' cmp "$tmp/wanted" "$tmp/got"
acrntrace dump --formats=/dev/null "$tmp/s.atrc" >"$tmp/got"
ok 'and of a stream' cmp "$tmp/wanted" "$tmp/got"
acrntrace dump --formats=/dev/null - <"$tmp/s.atrc" >"$tmp/got"
ok 'and of standard input' cmp "$tmp/wanted" "$tmp/got"
acrntrace dump --formats=/dev/null $sample/1 $sample/0 >"$tmp/got"
ok 'and of files' cmp "$tmp/wanted" "$tmp/got"
# A pipe is what is meant here.
# shellcheck disable=SC2002
cat "$tmp/s.atrc" | acrntrace dump --formats=/dev/null - >"$tmp/got"
ok 'and of a pipe' cmp "$tmp/wanted" "$tmp/got"

# --- time, pCPU, event ---
awk 'BEGIN { FS = "\t" } /^0x/ { print tolower(substr($1, 3)), $2 }' formats/events.tsv >"$tmp/names"
awk 'NR == FNR { name[sprintf("%12s", $1)] = $2; next }
	{ sub(/^0+/, "", $3); print $1, $2, name[sprintf("%12s", $3)] }' "$tmp/names" "$tmp/truth" >"$tmp/wanted"
acrntrace dump --tsc $sample | awk '{ print $1, $2, $3 }' >"$tmp/got"
ok '--tsc prints the TSC, then pCPU and name' cmp "$tmp/wanted" "$tmp/got"
acrntrace dump $sample | awk '{ print $1 + 1000000000000, $2, $3 }' OFMT=%.0f CONVFMT=%.0f >"$tmp/got"
ok 'without a frequency time is cycles since the first record' cmp "$tmp/wanted" "$tmp/got"
awk '{ ns = int(($1 - 1000000000000) / 2); printf "%d.%09d %s %s\n", ns / 1000000000, ns % 1000000000, $2, $3 }' \
	"$tmp/wanted" >"$tmp/wanted.s"
acrntrace dump "$tmp/s.atrc" | awk '{ print $1, $2, $3 }' >"$tmp/got"
ok 'with one it is seconds' cmp "$tmp/wanted.s" "$tmp/got"
acrntrace dump --tsc-khz=2000000 $sample | awk '{ print $1, $2, $3 }' >"$tmp/got"
ok '--tsc-khz gives it' cmp "$tmp/wanted.s" "$tmp/got"
run acrntrace dump --tsc $sample
line=$(printf '%s\n' "$out" | sed -n '/vm_exit/{p;q}')
is "$line" '  1000000011890   1 vm_exit                     reason=WRMSR rip=0xffffffff8102a000' 'fields are decoded'
is "$(printf '%s\n' "$out" | grep -c 'sched_next *prev=vm0: next=vm1:$')" \
	"$(awk '$3 ~ /020$/ && $5 ~ /^766d303a766d313a0/' "$tmp/truth" | wc -l)" 'names of threads are decoded'

# --- selection ---
acrntrace dump --tsc -a 1 $sample | awk '{ print $1, $2, $3 }' >"$tmp/got"
awk '$2 == 1' "$tmp/wanted" >"$tmp/part"
ok '-a selects pCPUs' cmp "$tmp/part" "$tmp/got"
acrntrace dump --tsc --event='vm_exit,0x20,vmexit_*msr' $sample | awk '{ print $1, $2, $3 }' >"$tmp/got"
grep -E ' (vm_exit|sched_next|vmexit_(rd|wr)msr)$' "$tmp/wanted" >"$tmp/part"
ok '--event takes names, ids and patterns' cmp "$tmp/part" "$tmp/got"
awk '$1 >= 1000100000000 && $1 < 1000150000000' "$tmp/wanted" >"$tmp/part"
for range in '--from=tsc:1000100000000 --to=tsc:1000150000000' '--from=100000000c --to=150000000c' \
	'--from=0.05 --to=75ms' '--from=50000us --to=75000000ns'; do
	# shellcheck disable=SC2086
	acrntrace dump --tsc $range "$tmp/s.atrc" | awk '{ print $1, $2, $3 }' >"$tmp/got"
	ok "$range" cmp "$tmp/part" "$tmp/got"
done
acrntrace dump --tsc -a 1 --from=50ms --to=75ms "$tmp/s.atrc" | awk '{ print $1, $2, $3 }' >"$tmp/got"
awk '$2 == 1' "$tmp/part" >"$tmp/part1"
ok 'time counts from the first record of all pCPUs' cmp "$tmp/part1" "$tmp/got"
acrntrace dump --tsc --from=tsc:1000000011890 --to=tsc:1000000012527 $sample | awk '{ print $1 }' | tr '\n' ' ' >"$tmp/got"
is "$(cat "$tmp/got")" '1000000011890 1000000012219 ' 'a range begins with its first and ends before its last'
run acrntrace dump --from=10s --tsc-khz=2000000 $sample
is "$status/$out/$err" '0//' 'a range without records prints nothing'

# --- rules ---
cat >"$tmp/rules" <<'END'
# for 2L
0x00000010 CPU%(cpu)d 0x%(event)016x %(tsc)d vmexit [exit reason = 0x%(1)08x, rIP = 0x%(2)08x]
0x0001001E %(tsc)d io [%(1)d %(2)d %(3)d %(4)d]

0x00000020 %(tsc)d [%(1)c%(2)c%(3)c%(4)c%(5)c%(6)c%(7)c%(8)c%(9)c]
END
acrntrace dump --formats="$tmp/rules" $sample >"$tmp/got"
is "$(sed -n 3p "$tmp/got")" \
	'CPU1 0x0000000000000010 1000000011890 vmexit [exit reason = 0x00000020, rIP = 0xffffffff8102a000]' 'rules for two u64'
is "$(grep -m1 ' io ' "$tmp/got")" '1000000098233 io [3320 0 1 0]' 'rules for four u32'
is "$(grep -m1 '\[vm' "$tmp/got")" '1000000136586 [vm0:vm1:]' 'rules for characters'
is "$(sed -n 1p "$tmp/got")" \
	'CPU0 0x0000000000000011 1000000000000 n_data=2 data=00000000000000000000000000000000' 'no rule: raw'

# --- JSON ---
acrntrace dump --json $sample >"$tmp/got"
awk '{ print $1, $2, $3 }' "$tmp/wanted" >"$tmp/part"
sed -n 's/^{"tsc": \([0-9]*\), "pcpu": \([01]\), "event": "\([a-z_]*\)", .*}}$/\1 \2 \3/p' "$tmp/got" >"$tmp/json"
ok '--json prints an object a line' cmp "$tmp/part" "$tmp/json"
is "$(sed -n 3p "$tmp/got")" '{"tsc": 1000000011890, "pcpu": 1, "event": "vm_exit", "id": 16, "n_data": 2, "e": 32, "f": 18446744071579017216, "fields": {"reason": "WRMSR", "reason_id": 32, "rip": 18446744071579017216}}' 'with exact numbers'

# --- odd records ---
mkdir "$tmp/odd"
head -c 32 $sample/0 >"$tmp/odd/0"
printf '\1\0\0\0\0\0\0\0\167\7\0\0\0\0\2\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20' >>"$tmp/odd/0"
run acrntrace dump --tsc "$tmp/odd"
is "$(printf '%s\n' "$out" | tail -1)" '              1   0 0x777                       n_data=2 data=0102030405060708090a0b0c0d0e0f10' \
	'an event that is not known is printed raw'
: >"$tmp/odd/0"
run acrntrace dump "$tmp/odd"
is "$status/$out" '0/' 'an empty capture prints nothing'

# --- readers that go away, disks that are full ---
(acrntrace dump $sample 2>"$tmp/err"; echo $? >"$tmp/status") | head -1 >/dev/null
is "$(cat "$tmp/err")/$(cat "$tmp/status")" '/141' 'head(1) ends it quietly'
(trap '' PIPE; acrntrace dump $sample 2>"$tmp/err"; echo $? >"$tmp/status") | head -1 >/dev/null
is "$(cat "$tmp/err")/$(cat "$tmp/status")" '/1' 'also where SIGPIPE is ignored'
acrntrace dump $sample >/dev/full 2>"$tmp/err"
is "$?: $(cat "$tmp/err")" '1: acrntrace: standard output: cannot write: No space left on device' 'a full disk'

# --- bad input ---
bad() { # WHAT STATUS PATTERN ARGUMENT...
	bad_what=$1 bad_status=$2 bad_pattern=$3
	shift 3
	run acrntrace dump "$@"
	like "$status/$(printf '%s\n' "$err" | wc -l)/$err" "$bad_status/1/acrntrace: $bad_pattern" "$bad_what"
}
bad 'no such file' 1 "$tmp/none: no such file*" "$tmp/none"
bad 'not a trace' 1 'README.md: not a trace*' README.md
bad 'no input' 2 'dump: name a stream*' -a 0
bad 'an option there is not' 2 '--nothing: unknown option*' --nothing $sample
bad 'an option without its value' 2 '-a: unknown option, or its value is missing*' $sample -a
bad 'a bad CPU list' 2 '1-: not a list of pCPUs*' -a 1- $sample
bad 'pCPUs that are not there' 1 "$sample: has no records of these pCPUs*" -a 7 $sample
bad 'a bad event' 2 'vm_exits: no such event*' --event=vm_exit,vm_exits $sample
bad 'a bad time' 2 '5parsecs: not a point in time*' --from=5parsecs $sample
bad 'a time without a frequency' 1 '*TSC frequency is not known*' --from=1s $sample
bad 'a bad frequency' 2 '0: the TSC*must be a number*' --tsc-khz=0 $sample
bad 'a range that ends before it begins' 1 '--to: not behind --from' --from=20c --to=20c $sample
bad 'no rules' 1 "$tmp/none: No such file*" --formats="$tmp/none" $sample
echo '0x10 %(tsc)q' >"$tmp/bad"
bad 'bad rules' 1 "$tmp/bad:1: no conversion; *: %(tsc)q" --formats="$tmp/bad" $sample
bad '--json with --formats' 2 '--json: *leave out*' --json --formats=/dev/null $sample
bad 'a directory without a trace' 1 'man: *' man
run acrntrace dump --json "$tmp/none"
like "$out" '{"error": "*none: no such file*"}' 'with --json an error is JSON too'

# --- a stream cut short: all it has, then one message ---
size=$(wc -c <"$tmp/s.atrc")
head -c $((size - size / 4)) "$tmp/s.atrc" >"$tmp/cut.atrc"
acrntrace dump --tsc "$tmp/cut.atrc" >"$tmp/got" 2>"$tmp/err"
is "$?/$(wc -l <"$tmp/err")" 1/1 'a cut stream fails with one message'
acrntrace dump --tsc -a 0 "$tmp/s.atrc" >"$tmp/part"
ok 'after all records of the complete frames' cmp "$tmp/part" "$tmp/got"
like "$(cat "$tmp/err")" "acrntrace: $tmp/cut.atrc: *" 'which names the file'
head -c 5000 $sample/0 >"$tmp/0"
run acrntrace dump "$tmp/0"
is "$status/$(printf '%s\n' "$out" | wc -l)" 1/156 'a raw file with a part of a record: all whole ones, then a failure'
# another version: the header packet alone (behind its length, two bytes), with another second field
zstd -qdc "$tmp/s.atrc" >"$tmp/plain"
length=$(od -An -t u1 -N2 "$tmp/plain" | awk '{ print $1 - 128 + $2 * 128 + 2 }')
at=$(LC_ALL=C grep -obUaP -m1 '\x08\x01\x10\x01' "$tmp/plain" | head -1 | cut -d: -f1)
printf '\143' | dd of="$tmp/plain" bs=1 seek=$((at + 3)) conv=notrunc 2>/dev/null
head -c "$length" "$tmp/plain" >"$tmp/head"
zstd -q "$tmp/head" -o "$tmp/v99.atrc"
bad 'another version' 1 "$tmp/v99.atrc: *version*99*" "$tmp/v99.atrc"
run acrntrace dump --help
like "$status/$out" '0/Usage: acrntrace dump *--formats*' '--help'
plan
