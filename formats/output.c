// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/output.h"

int output_open(struct output *output, int fd, const char *name)
{
	*output = (struct output){ .fd = fd, .name = name, .data = malloc(OUTPUT_SIZE) };
	return output->data ? 0 : -ENOMEM;
}

int output_flush(struct output *output)
{
	size_t done = 0;

	while (!output->err && done < output->used) {
		ssize_t n = write(output->fd, output->data + done, output->used - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			output->err = -errno;
	}
	output->used = 0;
	return output->err;
}

int output_close(struct output *output, struct error *error)
{
	int err = output_flush(output);

	free(output->data);
	output->data = NULL;
	if (err)
		return error_set(error, -err, "%s: cannot write: %s", output->name, strerror(-err));
	return 0;
}
