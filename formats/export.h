/* SPDX-License-Identifier: BSD-3-Clause */
/* Records in formats that other programs read. */
#ifndef FORMATS_EXPORT_H
#define FORMATS_EXPORT_H

#include "formats/source.h"
#include "formats/text.h"

/* A format of one line a record: each function writes at out, which has TEXT_MAX bytes of room. */
struct line_format {
	char *(*head)(char *out); /* first line, or NULL */
	char *(*record)(struct text *text, char *out, uint16_t pcpu,
			const struct trace_record *record);
	char *(*loss)(const struct text *text, char *out, const struct trace_loss *loss);
};

extern const struct line_format text_lines; /* for people */

/*
 * tsc,time_ns,pcpu,event,id,n_data,e,f,fields,lost
 *
 * time_ns is empty where the frequency is not known, event where the event is not. e and f are the
 * payload as two u64, fields as text.c has them. A gap is a row with event LOST, the TSC of the
 * first record behind it, and in lost how many, or "unknown".
 */
extern const struct line_format csv_lines;

/*
 * {"tsc": N, "time_ns": N, "pcpu": N, "event": "...", "id": N, "n_data": N, "e": N, "f": N,
 * "fields": {...}}: the same, and all numbers exact up to 64 bits. A gap is
 * {"lost": N or null, "pcpu": N, "from_tsc": N, "to_tsc": N}.
 */
extern const struct line_format json_lines;

/*
 * Writes a source as upstream's files: one a pCPU, named by its number, into the directory dir_fd
 * (dir is its name for messages); a file of that name must not exist, unless replace. Gaps cannot
 * be told there; summary says what was left out. A negative errno with error filled in; what came
 * before it is written.
 */
struct raw_summary {
	uint64_t records, gaps, lost;
	bool lost_unknown; /* of some gap */
	unsigned int files;
};
int export_raw(struct source *source, int dir_fd, const char *dir, bool replace,
	       struct raw_summary *summary, struct error *error);

#endif
