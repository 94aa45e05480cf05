// SPDX-License-Identifier: BSD-3-Clause
/* acrntrace export: the records in formats that other programs read. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acrntrace/acrntrace.h"
#include "acrntrace/lines.h"
#include "acrntrace/options.h"

enum { OPT_FORCE = 0x2000, OPT_FAIL_ON_LOSS };

static const struct option long_options[] = {
	SELECT_LONG_OPTIONS,
	{ "type", required_argument, NULL, 't' },
	{ "output", required_argument, NULL, 'o' },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "fail-on-loss", no_argument, NULL, OPT_FAIL_ON_LOSS },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

struct export
{
	const struct export_type *type;
	struct lines_options lines;
	const char *output;
	bool force;
};

/* A type: what it is called, how it is written, and what that needs. */
struct export_type {
	const char *name;
	int (*run)(const struct export *export, char **paths, int nr);
	const struct line_format *format;
	const char *help;
};

static int run_lines(const struct export *export, char **paths, int nr)
{
	struct lines_options lines = export->lines;

	lines.format = export->type->format;
	lines.output = export->output;
	lines.force = export->force;
	return lines_write(&lines, paths, nr);
}

/* Raw files hold all of an input, in its order. */
static bool asks_for_part(const struct select_options *select)
{
	return select->some_pcpus || select->some_events || select->from.kind != TIME_NONE ||
	       select->to.kind != TIME_NONE;
}

/* Whether the nr paths are the directory fd, or files in it. */
static bool is_input(int fd, char *const *paths, int nr)
{
	struct stat directory, file;

	if (fstat(fd, &directory) < 0)
		return false;
	for (int i = 0; i < nr; i++) {
		const char *slash = strrchr(paths[i], '/');
		const char *name = slash ? slash + 1 : paths[i];

		if (is_file(paths[i], &directory) ||
		    (fstatat(fd, name, &file, 0) == 0 && is_file(paths[i], &file)))
			return true;
	}
	return false;
}

/* The directory, made if it is not there; a negative errno with a message. */
static int open_directory(const struct export *export, char **paths, int nr, struct error *error)
{
	int fd;

	if (mkdir(export->output, 0777) < 0 && (errno != EEXIST || !export->force))
		return error_set(error, errno, "%s: %s", export->output,
				 errno == EEXIST ? "exists; give --force to write into it"
						 : strerror(errno));
	fd = open(export->output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set(error, errno, "%s: %s", export->output, strerror(errno));
	if (!is_input(fd, paths, nr))
		return fd;
	close(fd);
	return error_set(error, EINVAL, "%s: is the input; name another output", export->output);
}

static void print_raw_summary(const char *output, const struct raw_summary *summary)
{
	fprintf(stderr, "%s: %llu records in %u files\n", output,
		(unsigned long long)summary->records, summary->files);
	if (summary->gaps == 0)
		return;
	fprintf(stderr, "%s: %llu gaps, of ", output, (unsigned long long)summary->gaps);
	if (summary->lost_unknown)
		fprintf(stderr, "at least ");
	fprintf(stderr, "%llu lost records, cannot be told in raw files\n",
		(unsigned long long)summary->lost);
}

static int run_raw(const struct export *export, char **paths, int nr)
{
	struct source_filter filter = { .payload = true };
	struct raw_summary summary;
	struct source *source = NULL;
	struct input *input;
	struct error error;
	int dir, err;

	if (strcmp(export->output, "-") == 0)
		return cli_usage("export: raw makes a directory; name it with -o");
	if (asks_for_part(&export->lines.select))
		return cli_usage("export: raw holds all; leave out --cpu, --event, --from, --to");
	err = input_open(&input, paths, nr, 0, &error);
	if (err)
		return cli_error("%s", error.text);
	dir = err = input_source(input, &filter, &source, &error);
	if (!err)
		dir = err = open_directory(export, paths, nr, &error);
	if (dir >= 0) {
		err = export_raw(source, dir, export->output, export->force, &summary, &error);
		print_raw_summary(export->output, &summary);
		close(dir);
	}
	source_close(source);
	input_close(input);
	if (err < 0)
		return cli_error("%s", error.text);
	return export->lines.fail_on_loss && summary.gaps ? CLI_LOST : CLI_OK;
}

static const struct export_type types[] = {
	{ "raw", run_raw, NULL, "a directory of upstream's files, one a pCPU, byte for byte" },
	{ "csv", run_lines, &csv_lines, "a row a record, with a line of names at the start" },
	{ "json", run_lines, &json_lines, "a JSON object a line" },
	{ 0 },
};

static int print_help(void)
{
	fputs("Usage: acrntrace export -t TYPE [-o PATH] [OPTION]... INPUT...\n"
	      "Write trace records in a format that other programs read.\n\n"
	      "  -t, --type TYPE       one of\n",
	      stdout);
	for (const struct export_type *type = types; type->name; type++)
		printf("                          %-6s%s\n", type->name, type->help);
	fputs("  -o, --output PATH     where to; - is standard output (default, but for raw)\n"
	      "      --force           replace what PATH holds\n" SELECT_HELP
	      "      --fail-on-loss    exit with 3 if records were lost\n"
	      "  -h, --help            print this\n",
	      stdout);
	return CLI_OK;
}

static const struct export_type *find_type(const char *name)
{
	for (const struct export_type *type = types; type->name; type++)
		if (strcmp(type->name, name) == 0)
			return type;
	return NULL;
}

/* One option; CLI_OK, or CLI_USAGE after a message. */
static int take_option(struct export *export, int option, char **argv)
{
	struct error error;
	int err;

	switch (option) {
	case 't':
		export->type = find_type(optarg);
		if (!export->type)
			return cli_usage("%s: no such type; there are raw, csv and json", optarg);
		return CLI_OK;
	case 'o':
		export->output = optarg;
		return CLI_OK;
	case OPT_FORCE:
		export->force = true;
		return CLI_OK;
	case OPT_FAIL_ON_LOSS:
		export->lines.fail_on_loss = true;
		return CLI_OK;
	default:
		err = select_option(&export->lines.select, option, optarg, &error);
		if (err == -ENOENT)
			return bad_option("export", argv);
		return err ? cli_usage("%s", error.text) : CLI_OK;
	}
}

int cmd_export(int argc, char **argv)
{
	struct export export = { .output = "-" };
	int option, status = CLI_OK;

	opterr = 0;
	while ((option = getopt_long(argc, argv, SELECT_SHORT_OPTIONS "t:o:h", long_options,
				     NULL)) != -1) {
		if (option == 'h')
			return print_help();
		status = take_option(&export, option, argv);
		if (status != CLI_OK)
			return status;
	}
	if (!export.type)
		return cli_usage("export: name a type with -t: raw, csv or json");
	if (optind == argc)
		return cli_usage("export: name a stream, - or a capture directory");
	return export.type->run(&export, argv + optind, argc - optind);
}
