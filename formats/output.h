/* SPDX-License-Identifier: BSD-3-Clause */
/* A large buffer in front of write(2), for outputs of millions of lines. */
#ifndef FORMATS_OUTPUT_H
#define FORMATS_OUTPUT_H

#include <stddef.h>

#include "formats/error.h"

#define OUTPUT_SIZE (1U << 18)

struct output {
	int fd;
	const char *name; /* for messages */
	size_t used;
	int err; /* of the first write that failed; nothing is written after it */
	char *data;
};

/* fd and name stay the caller's. -ENOMEM. */
int output_open(struct output *output, int fd, const char *name);

/* Writes all that is there. 0, or a negative errno; -EPIPE: whoever read has had enough. */
int output_flush(struct output *output);

/* Writes what is left and frees the buffer; says what failed, now or earlier. */
int output_close(struct output *output, struct error *error);

/* Room for length (up to OUTPUT_SIZE) bytes; NULL: writing failed, output_close() says why. */
static inline char *output_room(struct output *output, size_t length)
{
	if (output->used + length > OUTPUT_SIZE)
		(void)output_flush(output);
	return output->err ? NULL : output->data + output->used;
}

/* Takes over what was put at output_room(): up to end. */
static inline void output_end(struct output *output, const char *end)
{
	output->used = (size_t)(end - output->data);
}

#endif
