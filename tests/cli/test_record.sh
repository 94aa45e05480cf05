#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# acrntrace record from the outside: options, how it ends, and every trouble it can meet.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/tap.sh
OUT=$(cd "${OUT:-build}" && pwd)
cd "$tmp" || exit 1
. "$OLDPWD/tests/cli/producer.sh"
unset ACRN_DEV_DIR
record() {
	timeout 60 acrntrace record --dev-dir dev "$@"
}
# A number of the JSON summary in ./json: of all, or of one pCPU.
json() {
	if [ -n "$2" ]; then
		grep -o "\"pcpu\": $2, [^}]*" json
	else
		sed 's/"pcpus".*//' json
	fi | grep -o "\"$1\": [^,}]*" | head -1 | sed 's/[^:]*: //'
}

# --- usage ---
usage() { # PATTERN ARGS...: exit 2, one line
	usage_pattern=$1
	shift
	run timeout 20 acrntrace record "$@"
	is "$status $(printf '%s\n' "$err" | wc -l)" "2 1" "record $*: usage error, one line"
	like "$err" "acrntrace: $usage_pattern" "record $*: says what is wrong"
}
usage '0: --interval must be a number from 1 to 999' -i 0
usage '1000: --interval must*' -i 1000
usage '0: --level must be a number from 1 to 19' --level 0
usage '3-1: not a list of pCPUs*' -a 3-1
usage '0: not a duration*' -d 0
usage 'vmexit_nothing: no such event*' -e vm_exit,vmexit_nothing
usage '*no such event*' -e vm_exit,
usage '*no event has so long a name' -e "$(printf %0999d 1)"
usage '*--bogus: no such option*' --bogus
usage '-o: needs a value*' -o
usage '--json: standard output cannot take both*' --json -o -
run acrntrace record --help
is "$status" 0 'record --help: exit 0'
like "$out" '*--fail-on-loss*' 'record --help: lists options'

# --- no rings, wrong rings ---
run record -d 1
is "$status:$err" '1:acrntrace: dev: No such file or directory' 'no such directory'
mkdir dev
run record -d 1
is "$status" 1 'directory without rings: exit 1'
like "$err" "acrntrace: dev: no acrn_trace_<n> here: is the hypervisor's trace driver loaded?*" \
	'directory without rings: says what to do'
run env ACRN_DEV_DIR=dev/none timeout 20 acrntrace record -d 1
like "$err" 'acrntrace: dev/none: *' 'ACRN_DEV_DIR says where'
run record -d 1 --json
like "$out" '{"error": "dev: no acrn_trace_<n> here*"}' '--json: the error is JSON as well'
head -c 4096 /dev/zero >dev/acrn_trace_0
run record -d 1
like "$status:$err" '1:acrntrace: acrn_trace_0: no valid ring*' 'a file of zeros is no ring'
[ ! -e acrntrace.atrc ]
tap_result $? 'nothing is written when the start fails'

# --- conservation ---
start_producer --pcpus 2 --elements 500
run record --json -o f.atrc -- "$GO" 300000 0
echo "$out" >json
is "$status" 0 'full speed: exit 0'
for p in 0 1; do
	is "$(json events $p) $(json lost $p)" "$(truth put $p) $(truth lost $p)" \
		"full speed: pCPU $p: recorded = put, lost = lost"
done
is "$(json events)" "$(truth put)" 'full speed: total recorded'
is "$(json lost)" "$(truth lost)" 'full speed: total lost'
[ "$(truth lost)" -gt 0 ]
tap_result $? 'full speed: something was lost at all'
is "$(json command_status)" 0 "the command's exit status is in the JSON"
is "$(json bytes)" "$(stat -c %s f.atrc)" 'bytes are those of the file'
stop_producer

start_producer --pcpus 2
run record --json -- "$GO" 20000 50000
echo "$out" >json
is "$(json events) $(json lost)" '40000 0' 'moderate rate: no loss'
is "$(json events 1)" 20000 'moderate rate: all of pCPU 1'
cp acrntrace.atrc first

# --- files ---
# Puts more than the output takes; not for ever, should nobody end it.
cat >fill.sh <<'END'
#!/bin/sh
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
	"$GO" 20000 0
done
END
chmod +x fill.sh
run record -- "$GO" 100 0
ok 'a file that is there becomes FILE.old' cmp first acrntrace.atrc.old
like "$err" '*acrntrace.atrc: 200 events in*, 0 lost,*B/event*' 'the summary on stderr'
is "$out" '' 'and nothing on stdout'
run sh -c "acrntrace record --dev-dir dev -o - -- '$GO' 100 0 | cat >piped"
[ -s piped ]
tap_result $? '-o - writes to a pipe'
like "$err" '*standard output: 200 events*' '-o -: the summary says so'
mkdir directory
run record -d 1 -o directory
is "$status:$err" '1:acrntrace: directory: is a directory; -o takes a file' 'output is a directory'
run record -d 1 -o none/f
is "$status:$err" '1:acrntrace: none/f: No such file or directory' 'output cannot be made'
mkfifo fifo
run record -d 1 -o fifo
is "$status:$err" '1:acrntrace: fifo: nobody reads from this FIFO' 'output is a FIFO without reader'
run record -d 1 -o "$(awk 'BEGIN { while (i++ < 5000) printf "x" }')"
like "$status:$err" '1:acrntrace: xxx*' 'a name that is too long'
run record -o - -- "$GO" 1000 0 >/dev/full
run sh -c "acrntrace record --dev-dir dev -o /dev/full -- '$GO' 1000 0"
is "$status" 1 'disk full: exit 1'
like "$err" '*/dev/full: No space left on device*' 'disk full: says so'
if mkdir small && mount -t tmpfs -o size=64k none small 2>/dev/null; then
	# Does not end by itself before the disk is full; the summary counts what is in the file.
	run record --json -o small/f -- ./fill.sh
	echo "$out" >json
	is "$status $(json end_reason)" '1 "the output failed"' 'real disk full: exit 1'
	like "$(json error)" '"small/f: No space left on device*' 'real disk full: says so'
	is "$(json bytes)" "$(stat -c %s small/f)" 'real disk full: a part of a frame is cut off'
	cp small/f full.atrc
	umount small
fi
run sh -c "ulimit -f 32; acrntrace record --json --dev-dir dev -o limited -- ./fill.sh"
echo "$out" >json
is "$status" 1 'file size limit: exit 1, not a signal'
like "$(json error)" '"limited: File too large*' 'file size limit: says so'
is "$(json bytes)" "$(stat -c %s limited)" 'file size limit: a part of a frame is cut off'
run sh -c "{ timeout 60 acrntrace record --dev-dir dev -o -  -- ./fill.sh; echo \$? >code; } | head -c 10 >/dev/null"
is "$(cat code)" 1 'whoever reads the pipe ends: exit 1'
like "$err" '*standard output: Broken pipe*' 'whoever reads the pipe ends: says so'
stop_producer

# --- how it ends ---
start_producer
run record -d 200ms
is "$status" 0 'duration: exit 0'
is "$(printf '%s\n' "$err" | wc -l)" 1 'no progress where stderr is no terminal'
like "$err" '*acrntrace.atrc: 0 events in 0.[2-9]? s (the time was over), 0 lost*' 'duration: is kept, and said'
for signal in INT TERM HUP; do
	run record -- sh -c "kill -$signal \$PPID; exec sleep 50"
	is "$status" 0 "SIG$signal: exit 0"
	like "$err" "*sh was killed by SIGTERM*(SIG$signal)*" "SIG$signal: the command is ended, and all is said"
done
# timeout(1) sends each signal twice.
run record -- sh -c "kill -TERM \$PPID; kill -TERM \$PPID; exec sleep 50"
like "$status:$err" "0:*(SIGTERM)*" 'the same signal twice is one'
mkfifo stuck
exec 7<>stuck
run record -o stuck -- sh -c "'$GO' 100000 0; '$GO' 100000 0; kill -TERM \$PPID; sleep 0.9; kill -TERM \$PPID"
exec 7<&-
is "$status" 143 'a second SIGTERM ends it at once where the output is stuck'
run record -- sh -c 'exit 7'
is "$status" 0 'a command that fails is no failure of ours'
like "$err" '*acrntrace: sh exited with status 7*' 'its exit status is said'
run record -- sh -c 'kill -9 $$'
like "$err" '*acrntrace: sh was killed by SIGKILL*' 'its signal is said'
rm -f acrntrace.atrc
run record -- no-such-command
is "$status:$err" '1:acrntrace: no-such-command: command not found' 'command not found'
run record -- ./json
like "$status:$err" '1:acrntrace: ./json: Permission denied' 'command that is no program'
[ ! -e acrntrace.atrc ]
tap_result $? 'and nothing is written'
run record -d 1s -- sleep 50
like "$err" '*sleep was killed by SIGTERM*(the time was over)*' 'duration ends the command'

# --- on a terminal: script(1) makes one of record's stdout and stderr ---
run script -qec "acrntrace record --dev-dir dev -d 1300ms" typescript
like "$out" "*00:0?  0 events  0 events/s  0 lost  *B*" 'progress on a terminal'
like "$err$status" 0 'progress: exit 0'
run script -qec "acrntrace record --dev-dir dev -d 1 -o -" typescript
like "$out" "*standard output: a terminal cannot show a stream*" 'no stream to a terminal'

# --- what is recorded ---
go 300 0
run record --json -- "$GO" 20 0
echo "$out" >json
is "$(json events)" 20 'what was in the ring before is left out'
go 300 0
run record --keep --json -- "$GO" 20 0
echo "$out" >json
is "$(json events)" 320 '--keep keeps it'
# Of four records one each is vm_exit, vm_enter, timer_irq and vmexit_cpuid.
filtered() { # LIST EVENTS
	run record --json -e "$1" -- "$GO" 400 0
	echo "$out" >json
	is "$(json events) $(json filtered) $(json lost)" "$2 $((400 - $2)) 0" "--event $1 keeps $2 of 400"
}
filtered vmexit 300
filtered timer_irq 300
filtered 'timer,vmexit_c*' 400
filtered 0x4 300
filtered -timer_irq 300
filtered -vmexit 300
filtered -all 200
filtered -vm_exit,-vm_enter 400
filtered all,-timer,-0x10004 200
filtered -all,timer 300
stop_producer
start_producer --pcpus 3
run record --json -a 0,2 -- "$GO" 10 0
echo "$out" >json
is "$(json events) $(grep -o '"pcpu": [0-9]*' json | tr '\n' ' ')" '20 "pcpu": 0 "pcpu": 2 ' '--cpu takes these alone'
run record -a 1,5 -d 1
is "$status:$err" '1:acrntrace: dev: no acrn_trace_5 here' '--cpu with one that is not there'
run record -o a.atrc -- timeout 20 acrntrace record --dev-dir dev -o b.atrc -d 1
like "$err" 'acrntrace: acrn_trace_0: in use by another reader (EBUSY)*exited with status 1*' 'a second reader is refused'
[ ! -e b.atrc ]
tap_result $? 'a second reader writes nothing'
run record -a 0 -- timeout 20 acrntrace record --dev-dir dev -a 1,2 -o b.atrc -d 100ms
like "$err" '*exited with status 0*' 'two may share the pCPUs'
stop_producer

# --- loss ---
start_producer --elements 100
run record --fail-on-loss -- "$GO" 50 0
is "$status" 0 '--fail-on-loss: nothing lost, exit 0'
run record --fail-on-loss -- "$GO" 100000 0
is "$status" 3 '--fail-on-loss: exit 3'
stop_producer
start_producer --elements 100 --no-cookie --pcpus 2
run record --json -- "$GO" 10 0
echo "$out" >json
is "$(json lost) $(json lost 1)" 'null null' 'a ring that does not count: lost is null'
run record --fail-on-loss -- "$GO" 10 0
like "$status:$err" '0:*, lost: unknown (no ring was seen full),*' 'a ring that does not count: unknown'
run record --fail-on-loss -- "$GO" 100000 0
like "$status:$err" '3:*, lost: unknown,*pCPU 1:*lost: unknown' 'a ring that does not count and was full'
stop_producer

# --- damage while it runs ---
# The header's fields: offset, and bytes that no ring of ours has there.
damage() { # NAME OFFSET BYTES PATTERN
	start_producer --pcpus 2
	run record --json -- sh -c "printf '$3' | dd of=dev/acrn_trace_0 bs=1 seek=$2 conv=notrunc status=none
		'$GO' 1000 0"
	echo "$out" >json
	is "$status" 1 "damaged $1: exit 1"
	like "$err" "acrntrace: acrn_trace_0: ring damaged: $4; recording goes on without it" "damaged $1: says so"
	is "$(json events 1) $(json lost 1)" '1000 0' "damaged $1: the other ring goes on"
	is "$(json lost 0)" null "damaged $1: how much is lost is unknown"
	stop_producer
}
damage magic 0 '\0' 'its header has changed'
damage ele_num 8 '\1' 'its header has changed'
damage ele_size 12 '\20' 'its header has changed'
start_producer
run record -- sh -c "printf '\1\0\0\0' | dd of=dev/acrn_trace_0 bs=1 seek=20 conv=notrunc status=none; exec sleep 50"
like "$status:$err" '1:*ring damaged: tail is 1 of *no ring is left to record from*(no ring was left)*' \
	'damaged tail, and no other ring: ends'
stop_producer
# head belongs to the consumer, who does not read it; size, flags and the overrun count nobody does.
start_producer
run record --json -- sh -c "printf '\377\377\377\377' | dd of=dev/acrn_trace_0 bs=1 seek=36 conv=notrunc status=none
	'$GO' 1000 0"
echo "$out" >json
is "$status $(json events)" '0 1000' 'a wrong size in the header harms nobody'
stop_producer
for field in 'magic 0 \0' 'ele_num 8 \0\0\0\0' 'ele_num 8 \377\377\377\377' 'ele_size 12 \0' 'head 16 \1' 'tail 20 \377\377\377\377' 'size 36 \0'; do
	set -- $field
	start_producer
	printf "$3" | dd of=dev/acrn_trace_0 bs=1 seek="$2" conv=notrunc status=none
	run record -d 1
	like "$status:$err" '1:acrntrace: acrn_trace_0: no valid ring of 32-byte elements*' "damaged $1 at the start: refused"
	stop_producer
done
start_producer --pcpus 2
run record --json -- sh -c "truncate -s 64 dev/acrn_trace_0; echo 'go 1 0' >/dev/null; truncate -s 0 dev/acrn_trace_0; exec sleep 1"
echo "$out" >json
is "$status $(json end_reason)" '1 "the command ended"' 'truncated ring: the other goes on, exit 1'
like "$err" "*acrn_trace_0: the ring's memory is gone*" 'truncated ring: says so'
kill "$producer" 2>/dev/null
stop_producer

# --- the hypervisor ---
start_producer --hsm 1881600
run record --json -- sh -c "'$GO' 500 0; kill -9 $producer; exec sleep 50"
echo "$out" >json
is "$status $(json events) $(json end_reason)" '1 500 "the hypervisor ended"' 'hypervisor gone: drains, ends, exit 1'
like "$err" '*acrntrace: the hypervisor has ended*' 'hypervisor gone: says so'
stop_producer 2>/dev/null
start_producer --hsm 1881600
go 100 0
stop_producer
run record --keep --json
echo "$out" >json
is "$status $(json events)" '1 100' 'hypervisor gone before: --keep saves what it left'
plan
