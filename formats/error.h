/* SPDX-License-Identifier: BSD-3-Clause */
/* What went wrong, in one line for a person; beside the negative errno that a function returns. */
#ifndef FORMATS_ERROR_H
#define FORMATS_ERROR_H

struct error {
	char text[256];
};

/* Fills in error (may be NULL), cutting what does not fit; returns -err. */
int error_set(struct error *error, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
