/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a user may name as input: a stream file, "-", an upstream capture directory, or upstream's
 * per-pCPU files.
 */
#ifndef ACRNTRACE_INPUT_H
#define ACRNTRACE_INPUT_H

#include "formats/error.h"
#include "formats/source.h"
#include "formats/stream.h"

struct input;

/*
 * Finds out what the nr paths are. tsc_khz (0: not given) is for raw files, and overrides what a
 * stream says. command is what a header made here says. A negative errno with a message that names
 * the path.
 */
int input_open(struct input **input, char *const *paths, int nr, uint64_t tsc_khz,
	       struct error *error);
const struct stream_header *input_header(const struct input *input);

/*
 * A source over the input. Where the input is a pipe this works once, and a second time fails with
 * -ESPIPE; input_spool() first copies a pipe to an unlinked file in $TMPDIR so that it works often.
 */
int input_source(struct input *input, const struct source_filter *filter, struct source **source,
		 struct error *error);
int input_spool(struct input *input, struct error *error);

/*
 * The least TSC of any first record of a pCPU (0: no record at all). A pipe is spooled for that.
 */
int input_first_tsc(struct input *input, uint64_t *tsc, struct error *error);

/* The stream's file descriptor, or -1 for raw files; and the name for messages. */
int input_stream_fd(const struct input *input);
const char *input_name(const struct input *input);
void input_close(struct input *input);

#endif
