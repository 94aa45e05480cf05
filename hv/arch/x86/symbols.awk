# SPDX-License-Identifier: BSD-3-Clause
# Makes assembly of `nm -n` (functions only; empty input: an empty table) for symbols.c.
$2 ~ /^[tT]$/ && length($1) == 16 && $1 ~ /^ffffffff8/ && $3 != "text_end" {
	start[n + 0] = "0x" substr($1, 10)
	name[n + 0] = $3
	n++
}
END {
	print "\t.section .symbols, \"a\""
	print "\t.globl symbol_count, symbol_table, symbol_names"
	print "\t.balign 4"
	print "symbol_count:\n\t.long " n + 0
	print "symbol_table:"
	for (i = 0; i < n; i++) {
		printf "\t.long %s, %d\n", start[i], at
		at += length(name[i]) + 1
	}
	print "symbol_names:"
	for (i = 0; i < n; i++)
		printf "\t.asciz \"%s\"\n", name[i]
	print "\t.section .note.GNU-stack, \"\", @progbits"
}
