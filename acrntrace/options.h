/* SPDX-License-Identifier: BSD-3-Clause */
/* What the subcommands' options have in common. */
#ifndef ACRNTRACE_OPTIONS_H
#define ACRNTRACE_OPTIONS_H

#include <stdbool.h>
#include <sys/stat.h>

#include "acrntrace/input.h"

/* After getopt_long() (with opterr 0) has said '?': a message; CLI_USAGE. */
int bad_option(const char *command, char *const *argv);

/*
 * Opens path for writing, "-" is standard output. It must not exist yet, or must be replaceable
 * (force) and none of the nr inputs. The file descriptor, or a negative errno with a message.
 */
int open_output(const char *path, bool force, char *const *inputs, int nr, struct error *error);

/* Whether path is that file. */
bool is_file(const char *path, const struct stat *file);

#endif
