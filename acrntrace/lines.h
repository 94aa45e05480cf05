/* SPDX-License-Identifier: BSD-3-Clause */
/* Records as lines: what dump and export to CSV and JSON have in common. */
#ifndef ACRNTRACE_LINES_H
#define ACRNTRACE_LINES_H

#include "acrntrace/select.h"
#include "formats/export.h"
#include "formats/rules.h"

struct lines_options {
	struct select_options select;
	const struct line_format *format;
	const struct rules *rules; /* for records, instead of format; or NULL */
	bool raw_tsc;
	bool fail_on_loss;
	const char *output; /* a path, or - */
	bool force;	    /* replace it */
};

/* Writes all that is selected; says what went wrong; returns the exit status. */
int lines_write(const struct lines_options *options, char *const *paths, int nr);

#endif
