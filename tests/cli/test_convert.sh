#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# acrntrace convert: upstream's capture to a stream, and a stream to a stream.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/tap.sh
sample=tests/data/sample

same() { # WHAT STREAM: it holds the sample, byte for byte
	rm -rf "$tmp/back"
	acrntrace export -t raw -o "$tmp/back" "$2" 2>/dev/null
	ok "$1" sh -c "cmp $sample/0 $tmp/back/0 && cmp $sample/1 $tmp/back/1 && [ \$(ls $tmp/back | wc -l) = 2 ]"
}

run acrntrace convert -o "$tmp/a.atrc" $sample
is "$status/$out" 0/ 'a directory'
size=$(wc -c <"$tmp/a.atrc")
like "$err" "$tmp/a.atrc: 65525 records, lost unknown, $size bytes, 2.9* a record" 'the summary has what is in the file'
same 'comes back the same' "$tmp/a.atrc"
run acrntrace convert -o "$tmp/b.atrc" $sample/1 $sample/0
same 'files' "$tmp/b.atrc"
run acrntrace convert --level=9 -o "$tmp/c.atrc" "$tmp/a.atrc"
same 'a stream' "$tmp/c.atrc"
ok '--level makes it smaller' [ "$(wc -c <"$tmp/c.atrc")" -lt "$size" ]
# A pipe is what is meant here.
# shellcheck disable=SC2002
cat "$tmp/a.atrc" | acrntrace convert -o - - 2>"$tmp/err" | cat >"$tmp/d.atrc"
same 'from a pipe to a pipe' "$tmp/d.atrc"
ok 'with its end' acrntrace info --check "$tmp/d.atrc"
acrntrace convert --tsc-khz=1900000 -o "$tmp/e.atrc" $sample 2>/dev/null
run acrntrace info --json "$tmp/e.atrc"
like "$out" '*"tsc_source": "?*", "tsc_khz": 1900000,*' '--tsc-khz stays in the stream, and that it was given'
acrntrace convert -o "$tmp/f.atrc" "$tmp/e.atrc" 2>/dev/null
run acrntrace info --json "$tmp/f.atrc"
like "$out" '*"tsc_khz": 1900000,*' 'and in a stream made of that'
acrntrace convert --tsc-khz=2000000 -o "$tmp/g.atrc" "$tmp/e.atrc" 2>/dev/null
run acrntrace info --json "$tmp/g.atrc"
like "$out" '*"tsc_khz": 2000000,*' 'where another one may be given'
mkdir "$tmp/one"
cp $sample/1 "$tmp/one/1"
run acrntrace convert -o "$tmp/one.atrc" "$tmp/one"
acrntrace export -t raw -o "$tmp/one.back" "$tmp/one.atrc" 2>/dev/null
is "$(ls "$tmp/one.back")" 1 'a capture of one pCPU'
: >"$tmp/one/1"
run acrntrace convert --force -o "$tmp/one.atrc" "$tmp/one"
like "$status/$err" "0/*: 0 records, *" 'an empty capture'
ok 'makes a stream too' acrntrace info --check "$tmp/one.atrc"

# --- what is refused; nothing is overwritten ---
bad() { # WHAT STATUS PATTERN ARGUMENT...
	bad_what=$1 bad_status=$2 bad_pattern=$3
	shift 3
	run acrntrace convert "$@"
	like "$status/$(printf '%s\n' "$err" | wc -l)/$out$err" "$bad_status/1/acrntrace: $bad_pattern" "$bad_what"
}
cp "$tmp/a.atrc" "$tmp/kept"
bad 'an output that exists' 1 "$tmp/b.atrc: exists; give --force*" -o "$tmp/b.atrc" $sample
run acrntrace convert --force -o "$tmp/b.atrc" $sample
is "$status" 0 '--force replaces it'
bad 'the input as output' 1 "$tmp/a.atrc: is the input*" --force -o "$tmp/a.atrc" "$tmp/a.atrc"
ok 'leaves it alone' cmp "$tmp/kept" "$tmp/a.atrc"
bad 'an output that cannot be made' 1 "$tmp/none/x: No such file*" -o "$tmp/none/x" $sample
bad 'a full disk' 1 '/dev/full: *No space left on device*' --force -o /dev/full $sample
bad 'no output' 2 'convert: name the stream*' $sample
bad 'no input' 2 'convert: name an upstream*' -o "$tmp/x"
bad 'no such input' 1 "$tmp/none: no such file*" -o "$tmp/x" "$tmp/none"
bad 'not a trace' 1 'README.md: not a trace*' -o "$tmp/x" README.md
bad 'a bad level' 2 '20: the level must be a number from 1 to 19' --level=20 -o "$tmp/x" $sample
bad 'a bad frequency' 2 'x: the TSC*' --tsc-khz=x -o "$tmp/x" $sample
bad 'an option there is not' 2 '--nothing: unknown option*' --nothing
ok 'and leaves no file behind' [ ! -e "$tmp/x" ]

# --- an input that breaks off: what there is becomes a whole stream, and the exit status says so ---
head -c 100010 $sample/0 >"$tmp/0"
run acrntrace convert -o "$tmp/part.atrc" "$tmp/0"
is "$status/$(printf '%s\n' "$err" | wc -l)" 1/2 'a part of a record: summary and message'
ok 'makes a whole stream' acrntrace info --check "$tmp/part.atrc"
acrntrace export -t raw -o "$tmp/part" "$tmp/part.atrc" 2>/dev/null
head -c 100000 "$tmp/0" >"$tmp/wanted"
ok 'of all whole records' cmp "$tmp/wanted" "$tmp/part/0"
head -c $((size * 3 / 4)) "$tmp/a.atrc" >"$tmp/cut.atrc"
run acrntrace convert -o "$tmp/whole.atrc" "$tmp/cut.atrc"
is "$status" 1 'a cut stream'
ok 'makes a whole one of the complete frames' acrntrace info --check "$tmp/whole.atrc"
plan
