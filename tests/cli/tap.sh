# SPDX-License-Identifier: BSD-3-Clause
# For shell tests: TAP on stdout, why on stderr. Source it, assert, and end with plan.
#
#   ok WHAT COMMAND...       COMMAND succeeds
#   is GOT WANTED WHAT       both strings are equal
#   like GOT PATTERN WHAT    GOT matches the shell pattern, as in '*: no such file*'
#   run COMMAND...           runs it; afterwards $status, and $out and $err with what it printed
#   plan                     prints the plan; exits with 1 if something failed
#
# $tmp is a directory of the test's own, removed at the end.
tap_count=0
tap_failed=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

tap_result() { # 0 or 1, what
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_count - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $2"
	fi
}

ok() {
	tap_what=$1
	shift
	"$@" >"$tmp/.ok" 2>&1
	tap_status=$?
	[ $tap_status -eq 0 ] || { echo "# $*: exit status $tap_status"; tail -20 "$tmp/.ok"; } >&2
	[ $tap_status -eq 0 ]
	tap_result $? "$tap_what"
}

is() {
	[ "$1" = "$2" ]
	tap_status=$?
	[ $tap_status -eq 0 ] || printf '# got:    %s\n# wanted: %s\n' "$1" "$2" >&2
	tap_result $tap_status "$3"
}

like() {
	# shellcheck disable=SC2254  # the pattern is meant as one
	case $1 in
	$2) tap_status=0 ;;
	*) tap_status=1 ;;
	esac
	[ $tap_status -eq 0 ] || printf '# got:     %s\n# pattern: %s\n' "$1" "$2" >&2
	tap_result $tap_status "$3"
}

# shellcheck disable=SC2034  # for the test that sources this
run() {
	"$@" >"$tmp/.out" 2>"$tmp/.err" </dev/null
	status=$?
	out=$(cat "$tmp/.out")
	err=$(cat "$tmp/.err")
}

plan() {
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
	exit
}
