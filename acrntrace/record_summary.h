/* SPDX-License-Identifier: BSD-3-Clause */
/* What record says of itself: a line while it runs, and a summary at the end. */
#ifndef RECORD_SUMMARY_H
#define RECORD_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "acrntrace/record_command.h"
#include "acrntrace/record_stream.h"

struct record_totals {
	uint64_t drained, kept, lost;
	bool loss_unknown; /* a ring that does not count may have lost something */
	bool gaps;	   /* something was, or may have been, lost */
};

void record_totals(const struct record_stream *stream, struct record_totals *totals);

/* Rewrites the line on the terminal that stderr is. last: how it was the last time. */
struct record_progress {
	const struct record_stream *stream;
	uint64_t last_ns, last_drained;
};
void progress_show(void *context, uint64_t elapsed_ns);
void progress_clear(void);

struct record_summary {
	const char *path;   /* as given by the user */
	const char *name;   /* for messages */
	const char *reason; /* why it ended */
	const char *error;  /* what failed, "" where nothing did */
	uint64_t elapsed_ns;
	const struct record_command *command; /* NULL: none */
};

void summary_print(const struct record_stream *stream, const struct record_summary *summary);
void summary_print_json(const struct record_stream *stream, const struct record_summary *summary);

#endif
