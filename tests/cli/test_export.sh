#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# acrntrace export: raw, CSV and JSON against what od sees.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/tap.sh
. tests/cli/raw_truth.sh
sample=tests/data/sample
raw_truth $sample/0 $sample/1 >"$tmp/truth"
ok 'the sample makes a stream' acrntrace convert --tsc-khz=2000000 -o "$tmp/s.atrc" $sample

# --- raw ---
run acrntrace export -t raw -o "$tmp/raw" "$tmp/s.atrc"
is "$status/$out/$err" "0//$tmp/raw: 65525 records in 2 files" 'raw makes a directory'
ok 'pCPU 0 is byte for byte the same' cmp $sample/0 "$tmp/raw/0"
ok 'pCPU 1 is byte for byte the same' cmp $sample/1 "$tmp/raw/1"
is "$(ls "$tmp/raw" | tr '\n' ' ')" '0 1 ' 'and nothing else is there'
run acrntrace export -t raw -o "$tmp/raw" "$tmp/s.atrc"
like "$status/$err" "1/acrntrace: $tmp/raw: exists; give --force*" 'it must not exist'
echo garbage >"$tmp/raw/0"
run acrntrace export -t raw --force -o "$tmp/raw" "$tmp/s.atrc"
ok 'or be replaced with --force' cmp $sample/0 "$tmp/raw/0"
run acrntrace export -t raw --force -o "$tmp/raw" "$tmp/raw"
like "$status/$err" "1/acrntrace: $tmp/raw: is the input*" 'but not the input'
run acrntrace export -t raw --force -o "$tmp/raw" "$tmp/raw/1" "$tmp/raw/0"
like "$status/$err" "1/acrntrace: $tmp/raw: is the input*" 'nor its files'
ok 'which stay as they are' cmp $sample/1 "$tmp/raw/1"

# --- CSV ---
# e and f as od has them
for pcpu in 0 1; do
	od -An -v -t u8 -w32 $sample/$pcpu | awk -v p=$pcpu '{ print $1 "," p "," $3 "," $4 }'
done | sort -s -t, -n -k1,1 -k2,2 >"$tmp/wanted"
acrntrace export -t csv -o "$tmp/csv" "$tmp/s.atrc"
is "$(head -1 "$tmp/csv")" 'tsc,time_ns,pcpu,event,id,n_data,e,f,fields,lost' 'CSV has a line of names'
sed 1d "$tmp/csv" | awk -F, '{ print $1 "," $3 "," $7 "," $8 }' >"$tmp/got"
ok 'CSV has every record in order, its payload exactly' cmp "$tmp/wanted" "$tmp/got"
awk '{ sub(/^0+/, "", $3); print int(($1 - 1000000000000) / 2), $2, $3, $4 }' "$tmp/truth" >"$tmp/wanted.ids"
sed 1d "$tmp/csv" | awk -F, '{ printf "%d %d %x %d\n", $2, $3, $5, $6 }' >"$tmp/got"
ok 'and its time, id and form' cmp "$tmp/wanted.ids" "$tmp/got"
is "$(awk -F, '$4 == "vm_exit" { print; exit }' "$tmp/csv")" \
	'1000000011890,5945,1,vm_exit,16,2,32,18446744071579017216,reason=WRMSR rip=0xffffffff8102a000,' 'and its fields'
run acrntrace export -t csv -o "$tmp/csv" "$tmp/s.atrc"
like "$status/$err" "1/acrntrace: $tmp/csv: exists; give --force*" 'an output that exists'
run acrntrace export -t csv --force -o "$tmp/s.atrc" "$tmp/s.atrc"
like "$status/$err" "1/acrntrace: $tmp/s.atrc: is the input*" 'the input as output'
run acrntrace export -t csv -a 1 --event=sched_next --from=50ms --to=75ms "$tmp/s.atrc"
is "$(printf '%s\n' "$out" | sed 1d | wc -l)" \
	"$(awk '$1 >= 1000100000000 && $1 < 1000150000000 && $2 == 1 && $3 ~ /^0+20$/' "$tmp/truth" | wc -l)" 'a selection'

# --- JSON ---
acrntrace export -t json "$tmp/s.atrc" >"$tmp/json"
sed -n 's/^{"tsc": \([0-9]*\), "time_ns": [0-9]*, "pcpu": \([0-9]*\), .* "e": \([0-9]*\), "f": \([0-9]*\), "fields": {.*}}$/\1,\2,\3,\4/p' \
	"$tmp/json" >"$tmp/got"
ok 'JSON has every record in order, its payload exactly' cmp "$tmp/wanted" "$tmp/got"
acrntrace dump --json "$tmp/s.atrc" >"$tmp/got"
ok 'and is what dump --json prints' cmp "$tmp/json" "$tmp/got"

# --- bad input ---
bad() { # WHAT STATUS PATTERN ARGUMENT...
	bad_what=$1 bad_status=$2 bad_pattern=$3
	shift 3
	run acrntrace export "$@"
	like "$status/$(printf '%s\n' "$err" | wc -l)/$out$err" "$bad_status/1/acrntrace: $bad_pattern" "$bad_what"
}
bad 'no type' 2 'export: name a type*' "$tmp/s.atrc"
bad 'a type there is not' 2 'xml: no such type*' -t xml "$tmp/s.atrc"
bad 'no input' 2 'export: name a stream*' -t csv
bad 'raw to standard output' 2 'export: raw makes a directory*' -t raw "$tmp/s.atrc"
bad 'a part as raw' 2 'export: raw holds all*' -t raw -o "$tmp/r" -a 0 "$tmp/s.atrc"
bad 'no such file' 1 "$tmp/none: no such file*" -t csv -o "$tmp/x" "$tmp/none"
bad 'no such file, raw' 1 "$tmp/none: no such file*" -t raw -o "$tmp/x" "$tmp/none"
ok 'which leaves nothing behind' [ ! -e "$tmp/x" ]
bad 'not a trace' 1 'README.md: not a trace*' -t json README.md
bad 'an output that cannot be made' 1 "$tmp/none/x: *" -t csv -o "$tmp/none/x" "$tmp/s.atrc"
bad 'a directory that cannot be made' 1 "$tmp/none/x: *" -t raw -o "$tmp/none/x" "$tmp/s.atrc"
bad 'a file where a directory is wanted' 1 "$tmp/csv: Not a directory" -t raw --force -o "$tmp/csv" "$tmp/s.atrc"
bad 'a full disk' 1 '/dev/full: cannot write: No space*' -t csv --force -o /dev/full "$tmp/s.atrc"
mkdir "$tmp/full"
ln -s /dev/full "$tmp/full/0"
run acrntrace export -t raw --force -o "$tmp/full" "$tmp/s.atrc"
like "$status/$err" "1/*acrntrace: $tmp/full/0: cannot write: No space*" 'a full disk, raw'
size=$(wc -c <"$tmp/s.atrc")
head -c $((size * 3 / 4)) "$tmp/s.atrc" >"$tmp/cut.atrc"
run acrntrace export -t raw -o "$tmp/cut" "$tmp/cut.atrc"
is "$status" 1 'a cut stream fails'
ok 'after what it has' cmp $sample/0 "$tmp/cut/0"
plan
