/* SPDX-License-Identifier: BSD-3-Clause */
/* The file that record writes to. */
#ifndef RECORD_OUTPUT_H
#define RECORD_OUTPUT_H

#include "formats/error.h"

/*
 * Opens path for writing; "-" is stdout, which must not be a terminal. A regular file that is there
 * gets the name path.old first. A FIFO without a reader is refused (-ENXIO). Returns the file
 * descriptor, or a negative errno with a message that names the file.
 */
int output_file_open(const char *path, struct error *error);

/* How messages call it. */
const char *output_file_name(const char *path);

#endif
