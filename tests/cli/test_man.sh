#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The man pages are well-formed, each program has one, and it names every option of --help.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/tap.sh

for page in build/man/*; do
	is "$(mandoc -Tlint -W warning "$page" 2>&1)" '' "mandoc -Tlint ${page##*/}"
done

# Options that --help lists and the page does not name.
unnamed() { # PAGE COMMAND...
	page=$1
	shift
	"$@" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+( [A-Z]+)?(, --[a-z-]+)*' |
		grep -oE -- '--[a-z-]+' | sort -u | while read -r option; do
		grep -qE "^\.(It|Op|Fl) .*(Fl|,) -${option#--}( |$)|^\.Fl -${option#--}( |$)" "$page" || echo "$option"
	done
}
for command in record report dump info convert export; do
	is "$(unnamed man/acrntrace.1 acrntrace $command | grep -v -- '--help')" '' "acrntrace(1) has the options of $command"
done
is "$(unnamed man/acrn-hv.8 acrn-hv)" '' 'acrn-hv(8) has the options of acrn-hv'
plan
