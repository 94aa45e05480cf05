// SPDX-License-Identifier: BSD-3-Clause
/* acrntrace dump: the records as text, one a line, all pCPUs in the order of time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "acrntrace/acrntrace.h"
#include "acrntrace/lines.h"
#include "acrntrace/options.h"

enum { OPT_TSC = 0x2000, OPT_FORMATS, OPT_JSON, OPT_FAIL_ON_LOSS };

static const struct option long_options[] = {
	SELECT_LONG_OPTIONS,
	{ "tsc", no_argument, NULL, OPT_TSC },
	{ "formats", required_argument, NULL, OPT_FORMATS },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "fail-on-loss", no_argument, NULL, OPT_FAIL_ON_LOSS },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

struct dump {
	struct lines_options lines;
	const char *formats; /* a file of rules, or NULL */
	bool json, help;
};

static int print_help(void)
{
	fputs("Usage: acrntrace dump [OPTION]... INPUT...\n"
	      "Print trace records as text, one a line, all pCPUs in the order of time.\n"
	      "INPUT is a stream, - (standard input), or upstream's capture directory or "
	      "files.\n\n" SELECT_HELP "      --tsc             print values of the TSC, not the "
	      "time since the first record\n"
	      "      --formats FILE    print records by rules in upstream's layout, as in\n"
	      "                        0x10004 CPU%(cpu)d %(tsc)d cpuid leaf=0x%(1)08x\n"
	      "      --json            print a JSON object a line\n"
	      "      --fail-on-loss    exit with 3 if records were lost\n"
	      "  -h, --help            print this\n",
	      stdout);
	return CLI_OK;
}

/* CLI_OK, or CLI_USAGE after a message. */
static int parse_options(int argc, char **argv, struct dump *dump)
{
	struct error error;
	int option, err;

	opterr = 0;
	while ((option = getopt_long(argc, argv, SELECT_SHORT_OPTIONS "h", long_options, NULL)) !=
	       -1) {
		switch (option) {
		case OPT_TSC:
			dump->lines.raw_tsc = true;
			break;
		case OPT_FORMATS:
			dump->formats = optarg;
			break;
		case OPT_JSON:
			dump->json = true;
			cli_set_json(true);
			break;
		case OPT_FAIL_ON_LOSS:
			dump->lines.fail_on_loss = true;
			break;
		case 'h':
			dump->help = true;
			return CLI_OK;
		default:
			err = select_option(&dump->lines.select, option, optarg, &error);
			if (err == -ENOENT)
				return bad_option("dump", argv);
			if (err)
				return cli_usage("%s", error.text);
		}
	}
	if (dump->json && (dump->formats || dump->lines.raw_tsc))
		return cli_usage("--json: has its own format; leave out --formats and --tsc");
	if (optind == argc)
		return cli_usage("dump: name a stream, - or a capture directory");
	return CLI_OK;
}

static int read_rules(const char *path, struct rules **rules)
{
	struct error error;
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return cli_error("%s: %s", path, strerror(errno));
	err = rules_read(rules, fd, path, &error);
	close(fd);
	return err ? cli_error("%s", error.text) : CLI_OK;
}

int cmd_dump(int argc, char **argv)
{
	struct dump dump = { .lines = { .output = "-" } };
	struct rules *rules = NULL;
	int status = parse_options(argc, argv, &dump);

	if (status != CLI_OK)
		return status;
	if (dump.help)
		return print_help();
	if (dump.formats)
		status = read_rules(dump.formats, &rules);
	if (status == CLI_OK) {
		dump.lines.rules = rules;
		dump.lines.format = dump.json ? &json_lines : &text_lines;
		status = lines_write(&dump.lines, argv + optind, argc - optind);
	}
	rules_free(rules);
	return status;
}
