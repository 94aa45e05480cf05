#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The bash completion of acrntrace offers what the program has.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/tap.sh
. man/completion/acrntrace
compopt() { :; } # works only while bash completes

complete_words() { # WORD...: what is offered for the last one, sorted
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_acrntrace
	printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
}

is "$(complete_words acrntrace du)" 'dump ' 'a subcommand'
for command in dump info convert export; do
	like " $(complete_words acrntrace '')" "* $command *" "$command is offered"
	# every long option that the help has in front of a line
	missing=
	for option in $(acrntrace $command --help | grep -oE '^ +(-[a-z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
		[ "$(complete_words acrntrace $command "$option" | tr ' ' '\n' | grep -cx -- "$option")" = 1 ] || missing="$missing $option"
	done
	is "$missing" '' "$command: all its options"
done
is "$(complete_words acrntrace dump -a | head -c 3)" '-a ' 'short options'
is "$(complete_words acrntrace dump --event vm_e)" 'vm_enter vm_exit ' 'events'
is "$(complete_words acrntrace dump --event = vm_exit,sched)" 'vm_exit,sched_next ' 'events behind others'
is "$(complete_words acrntrace export -t '')" 'csv json raw ' 'types of export'
is "$(complete_words acrntrace dump READ)" 'README.md ' 'files'
wanted=$(awk -F '\t' '/^0x/ { print $2 }' formats/events.tsv | sort | tr '\n' ' ')
is "$(complete_words acrntrace dump --event '')" "$wanted" 'all events of events.tsv, and no other'
plan
