#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What record costs and how much it can take, with the sample's records under new TSCs.
#   record_drain_*: 2 M events/s a pCPU, 4 MiB rings, the usual poll period and level: events lost,
#       and the CPU time of record a ring, in percent of a core. Marks: 0, and under 10.
#       With CPU time stolen from this machine, the drain comes late and losses are no fault of it.
#   record_burst_*: as fast as record takes them, from a producer that waits when the ring is full.
#       Mark: at least 20. record_burst_raw, without encoding and compression, is the reference.
cd "$(dirname "$0")/../.." || exit 1
sample=$PWD/tests/data/sample/0
tools=$(cd "${OUT:-build}/tools" && pwd)
tmp=$(mktemp -d) || exit 1
trap 'exec 3>&- 4<&-; rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1

start_producer() {
	rm -rf in out dev
	mkfifo in out
	nice -n -20 "$tools/ring_producer" dev --sample "$sample" "$@" <in >out 3>&- 4>&- &
	exec 3>in 4<out
	read -r line <&4
}
stop_producer() {
	exec 3>&- 4<&-
	wait
}

# For record to run: COUNT RATE PCPUS; leaves CPU seconds of record, wall seconds, and the truth.
cat >measure.sh <<'END'
#!/bin/sh
cpu() {
	cat /proc/$PPID/task/*/schedstat | awk '{ s += $1 } END { printf "%.6f\n", s / 1e9 }'
}
before=$(cpu)
start=$(date +%s.%N)
echo "go $1 $2" >&3
: >truth
for i in $(seq "$3"); do
	read -r line <&4
	echo "$line" >>truth
done
echo "$before $(cpu) $start $(date +%s.%N)" >measured
END
chmod +x measure.sh

# CPU time that the machine under this one took away, in 1/100 s: what loses records in spite of all.
stolen() {
	awk '/^cpu / { print $9 }' /proc/stat
}
drain() { # PCPUS NAME
	before=$(stolen)
	start_producer --pcpus "$1"
	acrntrace record --dev-dir dev -o f.atrc --json -- ./measure.sh 10000000 2000000 "$1" >json
	awk -v name="record_drain_$2" -v pcpus="$1" 'FNR == NR { lost += $6; put += $4; next }
		{ printf "%s_rate %.2f Mevents/s/pcpu\n", name, (put + lost) / ($4 - $3) / 1e6 / pcpus
		  printf "%s_lost %d events\n", name, lost
		  printf "%s_cpu %.1f %%core/ring\n", name, 100 * ($2 - $1) / ($4 - $3) / pcpus }' truth measured
	echo "record_drain_$2_stolen $((($(stolen) - before) * 10)) ms"
	awk -v size="$(stat -c %s f.atrc)" -v name="record_drain_$2" '{ put += $4 }
		END { printf "%s_size %.2f B/event\n", name, size / put }' truth
	stop_producer
}
burst() { # NAME COMMAND...
	name=$1
	shift
	start_producer --patient
	"$@" -- ./measure.sh 30000000 0 1 2>/dev/null
	awk -v name="record_burst_$name" '{ printf "%s %.1f Mevents/s\n", name, 30 / ($4 - $3)
		printf "%s_cpu %.1f Mevents/CPU-s\n", name, 30 / ($2 - $1) }' measured
	stop_producer
}
drain 1 one
drain 2 two
burst null acrntrace record --dev-dir dev -o /dev/null
burst file acrntrace record --dev-dir dev -o f.atrc
