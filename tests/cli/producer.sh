# SPDX-License-Identifier: BSD-3-Clause
# For tests that record: a ring_producer in the background, told what to do through fd 3, answering
# on fd 4. Source it after tap.sh, from a directory of the test's own.
#
#   start_producer [OPTION]...   rings in ./dev, see tests/tools/ring_producer.c
#   go COUNT RATE                puts records; waits until they are put, truth in ./truth
#   stop_producer                ends it, and the rings stay
#   truth put|lost [PCPU]        what the producer says of a pCPU, or of all together
#
# $GO COUNT RATE is go for a command that record runs.
tools=$(cd "$OUT/tools" && pwd) || exit 1

start_producer() {
	rm -rf dev in out
	mkfifo in out
	"$tools/ring_producer" dev "$@" <in >out 3>&- 4>&- &
	producer=$!
	exec 3>in 4<out
	read -r producer_line <&4
	[ "$producer_line" = ready ] || { echo "ring_producer did not start" >&2; exit 1; }
	producer_rings=$(ls dev | grep -c acrn_trace)
	export producer_rings
}

cat >go.sh <<'END'
#!/bin/sh
echo "go $1 $2" >&3
: >truth
for i in $(seq "$producer_rings"); do
	read -r line <&4
	echo "$line" >>truth
done
END
chmod +x go.sh
export GO="$PWD/go.sh"

go() {
	"$GO" "$@"
}

stop_producer() {
	exec 3>&- 4<&-
	wait "$producer"
}

truth() {
	awk -v what="$1" -v pcpu="$2" 'pcpu == "" || $2 == pcpu { n += what == "put" ? $4 : $6 }
		END { print n + 0 }' truth
}
