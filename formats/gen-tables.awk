# SPDX-License-Identifier: BSD-3-Clause
# Makes from events.tsv or exit-reasons.tsv what others need of it:
#   awk -v what=events-header|events-table|events-man|reasons-header|reasons-table -f gen-tables.awk FILE.tsv
BEGIN {
	FS = "\t"
	note = "/* SPDX-License-Identifier: BSD-3-Clause */\n/* Made by formats/gen-tables.awk; do not edit. */\n"
	if (what == "events-header")
		printf "%s#ifndef ABI_TRACE_EVENTS_H\n#define ABI_TRACE_EVENTS_H\n\nenum trace_event {\n", note
	else if (what == "events-table")
		printf "%s#include \"formats/events.h\"\n\nconst struct trace_event_info trace_events[] = {\n", note
	else if (what == "reasons-header")
		printf "%s#ifndef ABI_EXIT_REASONS_H\n#define ABI_EXIT_REASONS_H\n\n" \
			"/* Basic exit reasons; Intel SDM volume 3, appendix C. */\nenum exit_reason {\n", note
	else if (what == "reasons-table")
		printf "%s#include \"formats/events.h\"\n\nconst struct exit_reason_info exit_reasons[] = {\n", note
}
/^#/ || /^$/ { next }
what == "events-header" { printf "\tTRACE_%s = %s,\n", toupper($2), $1 }
what == "events-table" {
	n_data["2L"] = 2; n_data["4I"] = 4; n_data["6C"] = 8; n_data["16STR"] = 16; n_data["any"] = 0
	printf "\t{ %s, \"%s\", %d, %s, \"%s\",\n\t  {\n", $1, $2, n_data[$3], $4 == "-" ? "-1" : $4, $6
	n = $5 == "-" ? 0 : split($5, fields, " ")
	for (i = 1; i <= n; i++) {
		split(fields[i], part, /[=:]/)
		printf "\t\t  { \"%s\", FIELD_%s, FORMAT_%s },\n", part[1], toupper(part[2]), toupper(part[3])
	}
	print "\t  } },"
}
what == "events-man" {
	gsub(/_/, "\\_", $5)
	printf ".It Li %s Ta %s Ta %s Ta %s\n", $1, $2, $3, $6
}
what == "reasons-header" { printf "\tEXIT_%s = %d,\n", $2, $1; last = $1 }
what == "reasons-table" { printf "\t[%d] = { \"%s\", \"%s\" },\n", $1, $3, $4 == "-" ? $3 : $4 }
END {
	if (what == "events-header")
		printf "};\n\n#endif\n"
	else if (what == "reasons-header")
		printf "\tEXIT_REASONS = %d, /* one more than the last */\n};\n\n#endif\n", last + 1
	else if (what == "events-table")
		print "};\n\nconst unsigned int nr_trace_events = sizeof(trace_events) / sizeof(trace_events[0]);"
	else if (what == "reasons-table")
		print "};\n\nconst unsigned int nr_exit_reasons = sizeof(exit_reasons) / sizeof(exit_reasons[0]);"
}
