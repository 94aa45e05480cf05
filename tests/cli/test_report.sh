#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# acrntrace report: the sample's truth in every form of input and output, options, and bad input.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/tap.sh
sample=tests/data/sample

# A record of 32 bytes: TSC, event, form, pCPU, two u64; little-endian.
u64() {
	for shift in 0 8 16 24 32 40 48 56; do
		printf "\\$(printf %03o $(($1 >> shift & 255)))"
	done
}
record() { # tsc event form pcpu e f
	u64 "$1"
	u64 $(($2 | $3 << 48 | $4 << 56))
	u64 "$5"
	u64 "$6"
}
json_field() { # the value of a top-level key
	printf '%s\n' "$out" | sed -n "s/^\"$1\": \([^,}]*\).*/\1/p"
}

# --- the truth ---
check_truth() { # what, inputs...
	what=$1
	shift
	run acrntrace report --by pcpu,vm,reason --json "$@"
	is "$status" 0 "$what: exit status"
	printf '%s\n' "$out" >"$tmp/json"
	for pcpu in 0 1; do
		awk -v pcpu=$pcpu -f tests/cli/truth.awk "$tmp/json" | sort >"$tmp/got"
		grep -v '^#' "$sample/truth.$pcpu.txt" | sort >"$tmp/wanted"
		ok "$what: truth of pCPU $pcpu" diff "$tmp/wanted" "$tmp/got"
	done
	is "$(json_field unmatched_enters)" 6 "$what: unmatched enters"
	is "$(json_field unmatched_exits)" 4 "$what: unmatched exits"
	is "$(json_field lost)" null "$what: a loss that nobody counted is not 0"
}
check_truth directory $sample
check_truth files $sample/1 $sample/0
cp $sample/0 "$tmp/first"
cp $sample/1 "$tmp/second"
check_truth "files of other names" "$tmp/first" "$tmp/second"
acrntrace convert -o "$tmp/sample.atrc" $sample 2>"$tmp/convert.err"
check_truth stream "$tmp/sample.atrc"
run sh -c "cat $tmp/sample.atrc | acrntrace report --csv -"
piped=$out
run acrntrace report --csv $sample
is "$piped" "$out" "a stream through a pipe"
run sh -c "acrntrace report --csv - <$tmp/sample.atrc"
is "$piped" "$out" "a stream on standard input"
run sh -c "cat $tmp/sample.atrc | TMPDIR=$tmp acrntrace report --csv --from 1000000c --to 9000000c -"
piped=$out
run acrntrace report --csv --from 1000000c --to 9000000c $sample
is "$piped" "$out" "a span of a pipe"

# --- forms of output ---
rows=$(acrntrace report --csv $sample | sed 1d)
is "$(echo "$rows" | wc -l)" 36 "a row for each VM and reason"
is "$(echo "$rows" | awk -F, '{ n += $4 } END { print n }')" \
	"$(awk '!/^#/ { n += $3 } END { print n }' $sample/truth.?.txt)" "CSV has all exits"
like "$rows" '*,HLT,12,*' "HLT has a row of its own"
run acrntrace report $sample
is "$(echo "$out" | sed -n 1p)" "lost: unknown (this capture does not count them)" "losses are named first"
is "$(echo "$out" | awk 'length > 80' | wc -l)" 0 "the table fits 80 columns"
like "$out" '*vm2 *HLT*CPU time*vm0 *PCPU*IDLE*' "tables of exits, VMs and pCPUs"
like "$out" '*Mc *' "without a frequency: cycles"
case $out in *RATE* | *[0-9]ms*) bad=1 ;; *) bad=0 ;; esac
is $bad 0 "without a frequency: no rates and times"
run acrntrace report --json $sample
like "$out" '*"tsc_khz": null*' "JSON says that the frequency is not known"
case $out in *_ns\"* | *\"rate\"*) bad=1 ;; *) bad=0 ;; esac
is $bad 0 "without a frequency: no _ns in JSON"
run acrntrace report --json --tsc-khz 2000000 --vm 0 --reason 12 $sample
like "$out" '*"reason": "HLT", "reason_id": 12, "count": 1008, "rate": *"cycles": 304926077, "ns": 152463038, *' \
	"with a frequency: times beside cycles"
like "$out" '*"totals": {"count": 1008, *"min_cycles": *"max_ns": *' "totals"
run acrntrace report --columns count,P99.9,hv --csv $sample
is "$(echo "$out" | sed -n 1p)" "vm,reason,reason_id,count,p999_cycles,hv_cycles" "chosen columns"
run acrntrace report --color always $sample
like "$out" "*$(printf '\033')*" "colour when asked for"
run acrntrace report $sample
case $out in *"$(printf '\033')"*) bad=1 ;; *) bad=0 ;; esac
is $bad 0 "no colour into a pipe"

# --- choosing, sorting ---
run acrntrace report --csv --by reason --sort count --limit 2 --columns count $sample
is "$out" "reason,reason_id,count
External interrupt,1,6381
WRMSR,32,3211" "sorted and limited"
run acrntrace report --csv --by vm --sort vm --columns count --vm vm2,0 $sample
is "$out" "vm,count
0,7139
2,6759" "chosen VMs"
run acrntrace report --csv --by reason --columns count --reason ept-violation,Hlt,54 $sample
is "$out" "reason,reason_id,count
HLT,12,3082
EPT violation,48,2510" "chosen reasons, by name and number"
run acrntrace report --csv --by vector --columns count --reason 1 $sample
od -A n -v -t x8 -w32 $sample/0 $sample/1 | awk '
	substr($2, 9) == "00000010" { exit_reason = substr($3, 9) }
	substr($2, 9) == "00010001" { n[$3]++ }
	END { for (v in n) printf "%d %d\n", "0x" v, n[v] }' >"$tmp/wanted.vectors"
is "$(echo "$out" | awk -F, '$1 != "" && NR > 1 { n++ } END { print n }')" \
	"$(wc -l <"$tmp/wanted.vectors")" "a row for each vector in the records"
run acrntrace report --csv --by hypercall --columns count --reason vmcall $sample
like "$out" '*,notify_ioreq_finish,313*' "hypercalls have names"
for detail in vcpu port msr gpa leaf; do
	total=$(acrntrace report --csv --by vm,$detail --columns count $sample |
		awk -F, 'NR > 1 { n += $NF } END { print n }')
	is "$total" 21151 "by $detail: no exit is left out"
done
whole=$(acrntrace report --csv --by pcpu --columns count $sample | awk -F, 'NR > 1 { n += $2 } END { print n }')
parts=0
for span in "--to 50000000c" "--from 50000000c --to tsc:1000150000000" "--from tsc:1000150000000"; do
	# shellcheck disable=SC2086  # options
	n=$(acrntrace report --csv --by pcpu --columns count $span $sample | awk -F, 'NR > 1 { n += $2 } END { print n + 0 }')
	[ "$n" -gt 1000 ] && parts=$((parts + n))
done
is "$parts" "$whole" "each exit is in one of three spans"

# --- loss ---
{
	record 100 0x20 16 0 $((0x3a316d763a306d76)) 0 # vm0: to vm1:
	record 200 0x11 2 0 0 0
	record 300 0x10 2 0 10 0
	record 350 0x11 2 0 0 0
	# vm2: goes, which never came
	record 400 0x20 16 0 $((0x3a306d763a326d76)) 0
} >"$tmp/3"
run acrntrace report "$tmp/3"
like "$out" '*lost: records are missing at 1 place on pCPU 3*' "records that contradict each other"
is $status 0 "that is no failure"
run acrntrace report --fail-on-loss "$tmp/3"
is $status 3 "unless --fail-on-loss"
run acrntrace report --fail-on-loss $sample
is $status 0 "--fail-on-loss where nothing is known to be lost"
run acrntrace report --csv --by pcpu,vm --columns count "$tmp/3"
is "$out" "pcpu,vm,count
3,1,1" "the pCPU is in the file's name"

# --- damage: what is good is shown, then what is wrong ---
head -c 1000007 $sample/0 >"$tmp/0"
run acrntrace report --json "$tmp/0"
is $status 1 "a file that was cut off: exit status"
like "$err" "acrntrace: $tmp/0: ends inside a record, 7 bytes behind*" "a file that was cut off: message"
like "$out" '*"vm": 2, "reason": "HLT"*"error": "*ends inside a record*' "and its rows"
head -c 150000 "$tmp/sample.atrc" >"$tmp/cut.atrc"
run acrntrace report "$tmp/cut.atrc"
is $status 1 "a stream that was cut off: exit status"
like "$err" "acrntrace: $tmp/cut.atrc: ends early*" "a stream that was cut off: message"
like "$out" '*vm0 *HLT*' "and its rows"

# --- bad input ---
fails() { # status, message pattern, what, command...
	wanted=$1 pattern=$2 what=$3
	shift 3
	run "$@"
	is "$status" "$wanted" "$what: exit status"
	like "$err" "acrntrace: $pattern" "$what: message"
	is "$(echo "$err" | wc -l)" 1 "$what: one line"
}
mkdir "$tmp/empty" "$tmp/mixed" "$tmp/twice" "$tmp/numbers"
echo "hello, this is no trace but it is longer than 32 bytes" >"$tmp/text"
: >"$tmp/nothing"
cp $sample/0 "$tmp/mixed/0"
echo "not a record, not a record, not a record" >"$tmp/mixed/1"
cp $sample/truth.0.txt "$tmp/mixed/truth.0.txt"
cp $sample/0 "$tmp/twice/0"
fails 1 "$tmp/none: no such file or directory" "no such file" acrntrace report "$tmp/none"
fails 1 "$tmp/empty: the directory has no trace*" "empty directory" acrntrace report "$tmp/empty"
fails 1 "$tmp/text: not a trace*" "not a trace" acrntrace report "$tmp/text"
fails 1 "$tmp/nothing: the file is empty" "empty file" acrntrace report "$tmp/nothing"
fails 1 "$tmp/mixed/1: holds no trace records*" "a directory with something else" acrntrace report "$tmp/mixed"
fails 1 "$tmp/twice/0: pCPU 0 again*" "a pCPU twice" acrntrace report $sample/0 "$tmp/twice/0"
fails 1 "$tmp/sample.atrc: a stream is read alone*" "two kinds of input" acrntrace report $sample/0 "$tmp/sample.atrc"
fails 1 "-: not an acrnscope stream" "no stream in a pipe" sh -c "cat $tmp/text | acrntrace report -"
if [ "$(id -u)" != 0 ]; then
	chmod 0 "$tmp/empty"
	fails 1 "$tmp/empty: cannot be opened: Permission denied" "no rights" acrntrace report "$tmp/empty"
elif command -v setpriv >/dev/null; then
	chmod 711 "$tmp"
	mkdir "$tmp/closed"
	chmod 0 "$tmp/closed"
	cp "$(command -v acrntrace)" "$tmp/acrntrace"
	fails 1 "$tmp/closed: cannot be opened: Permission denied" "no rights" \
		setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/acrntrace" report "$tmp/closed"
fi

# --- wrong usage ---
fails 2 "report: no input*" "no input" acrntrace report
fails 2 "*--what*" "no such option" acrntrace report --what $sample
fails 2 "*--by*needs a value*" "an option without its value" acrntrace report --by
fails 2 "--by: colour: rows can be told apart by vm, vcpu*" "--by" acrntrace report --by vm,colour $sample
fails 2 "--reason: foo: no such exit reason; there are*HLT*" "--reason" acrntrace report --reason foo $sample
fails 2 "--vm: 7: no such VM in this capture; there are vm0, vm1, vm2" "--vm" acrntrace report --vm 0,7 $sample
fails 2 "--sort: x: no such column*" "--sort" acrntrace report --sort x $sample
fails 2 "--columns: x: no such column*" "--columns" acrntrace report --columns count,x $sample
fails 2 "--columns: vm: no such column*" "--columns with a key" acrntrace report --columns vm $sample
fails 2 "--from: 3x: not a point in time*" "--from" acrntrace report --from 3x $sample
fails 2 "*the TSC frequency is not known*" "--to without a frequency" acrntrace report --to 1s $sample
fails 2 "*the end must lie behind the start" "--to before --from" acrntrace report --from 5c --to 5c $sample
fails 2 "*--limit must be a number*" "--limit" acrntrace report --limit 0 $sample
fails 2 "*--tsc-khz must be a number*" "--tsc-khz" acrntrace report --tsc-khz 2GHz $sample
fails 2 "*colour is*" "--color" acrntrace report --color blue $sample
run acrntrace report --reason foo --json $sample
like "$out" '{"error": "--reason: foo*"}' "with --json an error is JSON too"
run acrntrace report --help
is $status 0 "help: exit status"
like "$out" '*--by LIST*P99.9*' "help names options and columns"
run sh -c "acrntrace report $sample >/dev/full"
is $status 1 "output that cannot be written"
like "$err" "acrntrace: standard output: No space left on device" "output that cannot be written: message"
plan
