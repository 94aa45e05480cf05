// SPDX-License-Identifier: BSD-3-Clause
/* acrntrace: the table of subcommands, and which of them a command line means. */
#include <stdio.h>
#include <string.h>

#include "acrntrace/acrntrace.h"
#include "formats/cli.h"

/* Ends at a row without a name. */
static const struct command commands[] = {
	{ "record", cmd_record, "record the trace of the hypervisor to a file" },
	{ "report", cmd_report, "say where the time of each VM went" },
	{ "dump", cmd_dump, "print records as text, one a line" },
	{ "info", cmd_info, "say what a stream or capture holds, and check it" },
	{ "convert", cmd_convert, "make a stream of upstream's capture" },
	{ "export", cmd_export, "write records in formats that other programs read" },
	{ 0 },
};

static int print_help(FILE *out)
{
	fprintf(out,
		"Usage: acrntrace COMMAND [OPTION]...\n"
		"       acrntrace [-i ms] [-t s] [-c] [-r] [-a cpus]    (upstream's command line)\n"
		"Record what the ACRN hypervisor does, and say where the time "
		"went.\n\nCommands:\n");
	for (const struct command *c = commands; c->name; c++)
		fprintf(out, "  %-8s %s\n", c->name, c->help);
	fprintf(out, "\n'acrntrace COMMAND --help' lists a command's options; see acrntrace(1).\n");
	return CLI_OK;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	cli_init("acrntrace");
	if (name && (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0))
		return print_help(stdout);
	if (name && (strcmp(name, "-V") == 0 || strcmp(name, "--version") == 0)) {
		printf("acrntrace %s\n", VERSION);
		return CLI_OK;
	}
	if (!name || name[0] == '-')
		return cmd_upstream(argc, argv);
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(name, c->name) == 0)
			return c->run(argc - 1, argv + 1);
	return cli_usage("%s: no such command; 'acrntrace --help' lists them", name);
}
