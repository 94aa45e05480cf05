/* SPDX-License-Identifier: BSD-3-Clause */
/* The command that record runs while it records: record -- COMMAND [ARG]... */
#ifndef RECORD_COMMAND_H
#define RECORD_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

#include "formats/error.h"

struct record_command {
	char **argv;
	pid_t pid;   /* 0: not started */
	bool ended;  /* and status holds */
	int status;  /* wait status */
	int hold_fd; /* it waits until this is written to */
	int exec_fd; /* gives the errno of a failed exec */
};

/* Is there such a command in PATH? -ENOENT or -EACCES with error filled in. */
int command_find(const char *name, struct error *error);

/* Forks; the child waits. To be called before there are threads; the child gets signal mask none.
 */
int command_prepare(struct record_command *command, char **argv, struct error *error);

/* Lets it run. The error is that of exec. */
int command_go(struct record_command *command, struct error *error);

/* After SIGCHLD: true when it has ended. */
bool command_poll(struct record_command *command);

/* Ends it where it still runs: SIGTERM, and after a second without effect it is left alone. */
void command_end(struct record_command *command);

/* "exited with status 3", "was killed by SIGSEGV", "is still running"; text of size bytes. */
void command_describe(const struct record_command *command, char *text, size_t size);

#endif
