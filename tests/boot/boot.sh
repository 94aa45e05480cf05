# SPDX-License-Identifier: BSD-3-Clause
# For test_*.sh here: boots, and TAP about what came out of the serial line.
cd "$(dirname "$0")/../.." || exit 1
n=0 bad=0
log=$(mktemp) other=$(mktemp) iso=$(mktemp)
trap 'rm -f "$log" "$other" "$iso"' EXIT

boot() # OPTIONS of run.sh: what comes out is in $log, without \r
{
	tests/boot/run.sh "$@" | tr -d '\r' >"$log"
}
report() # STATUS WHAT
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		bad=1
		echo "not ok $n - $2"
		sed 's/^/# /' "$log"
	fi
}
says() # WHAT PATTERN...: each (extended regular expression) is in the log
{
	what=$1 found=0
	shift
	for pattern; do
		grep -qE "$pattern" "$log" || { found=1; echo "# missing: $pattern"; }
	done
	report $found "$what"
}
says_not() # WHAT PATTERN
{
	! grep -qE "$2" "$log"
	report $? "$1"
}
done_testing()
{
	echo "1..$n"
	exit $bad
}
