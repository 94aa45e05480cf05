/* SPDX-License-Identifier: BSD-3-Clause */
/* The subcommands of acrntrace: one file each, listed once in main.c. */
#ifndef ACRNTRACE_H
#define ACRNTRACE_H

struct command {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the subcommand; returns the exit status */
	const char *help;
};

int cmd_record(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_dump(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_convert(int argc, char **argv);
int cmd_export(int argc, char **argv);

/* Upstream's command line, with no subcommand: acrntrace [-i ms] [-t s] [-c] [-r] [-a cpus] [-h] */
int cmd_upstream(int argc, char **argv);

#endif
