// SPDX-License-Identifier: BSD-3-Clause
/* The command line of acrntrace report. */
#include <ctype.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "acrntrace/report.h"
#include "formats/events.h"

static int print_help(void)
{
	printf("Usage: acrntrace report [OPTION]... INPUT...\n"
	       "Say where the time of each VM went: its exits by reason, and its CPU time.\n\n"
	       "INPUT is a stream file, - (a stream on standard input), an upstream capture\n"
	       "directory, or upstream's per-pCPU files.\n\n"
	       "  --by LIST          rows by any of");
	for (unsigned int i = 0; i < NR_BY; i++)
		printf("%s %s", i ? "," : "", analysis_by_name((enum analysis_by)i));
	printf("\n                     (default vm,reason)\n"
	       "  --vm LIST          only these VMs: numbers, vm1, names, or unknown\n"
	       "  --reason LIST      only these exit reasons: names or numbers\n"
	       "  --from TIME        only exits that begin at or after TIME, and\n"
	       "  --to TIME          before TIME; TIME is since the first record: 1.5 (seconds),\n"
	       "                     20ms, 300us, 5ns, 123c (TSC cycles); or tsc:N, a TSC value\n"
	       "  --sort COLUMN      largest first (what --by names: smallest first)\n"
	       "  --limit N          only the first N rows\n"
	       "  --columns LIST     only these columns, also where they do not fit\n"
	       "  --json, --csv      exact numbers, as JSON or CSV\n"
	       "  --color WHEN       auto, always or never\n"
	       "  --tsc-khz N        the TSC's frequency, where the input does not know it\n"
	       "  --fail-on-loss     exit with 3 where records were lost\n"
	       "  -h, --help         this text\n"
	       "\nColumns:\n");
	view_columns_help(report_columns, nr_report_columns, stdout);
	return CLI_OK;
}

const char *report_next_word(const char *list, char *word, size_t size)
{
	size_t length = strcspn(list, ",");

	snprintf(word, size, "%.*s", (int)length, list);
	return list[length] ? list + length + 1 : NULL;
}

static int parse_by(const char *list, struct report_options *options)
{
	char word[32];

	options->nr_by = 0;
	while (list) {
		unsigned int by = 0, i;

		list = report_next_word(list, word, sizeof(word));
		while (by < NR_BY && strcasecmp(word, analysis_by_name((enum analysis_by)by)) != 0)
			by++;
		if (by == NR_BY)
			return cli_usage("--by: %s: rows can be told apart by vm, vcpu, pcpu, "
					 "reason, vector, port, msr, hypercall, gpa and leaf",
					 word);
		for (i = 0; i < options->nr_by && options->by[i] != by; i++)
			;
		if (i == options->nr_by)
			options->by[options->nr_by++] = (enum analysis_by)by;
	}
	return 0;
}

/* Equal but for case and for what is no letter or digit: "ept-violation", "EPT violation". */
static bool same_name(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a && !isalnum((unsigned char)*a))
			a++;
		while (*b && !isalnum((unsigned char)*b))
			b++;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (!*a)
			return true;
	}
}

static int find_reason(const char *word)
{
	char *end;
	unsigned long number = strtoul(word, &end, 0);

	if (isdigit((unsigned char)*word) && *end == '\0' && number < ANALYSIS_REASON_OTHER)
		return (int)number;
	for (unsigned int i = 0; i < nr_exit_reasons; i++)
		if (exit_reasons[i].name && (same_name(word, exit_reasons[i].name) ||
					     same_name(word, exit_reasons[i].short_name)))
			return (int)i;
	return -1;
}

static int unknown_reason(const char *word)
{
	char list[900];
	size_t at = 0;

	for (unsigned int i = 0; i < nr_exit_reasons && at < sizeof(list); i++)
		if (exit_reasons[i].name)
			at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", at ? ", " : "",
					       exit_reasons[i].short_name);
	return cli_usage("--reason: %s: no such exit reason; there are numbers and %s", word, list);
}

static int parse_reasons(const char *list, struct report_options *options)
{
	char word[64];

	while (list) {
		int reason;

		list = report_next_word(list, word, sizeof(word));
		reason = find_reason(word);
		if (reason < 0)
			return unknown_reason(word);
		if (options->nr_reasons == REPORT_MAX_CHOSEN)
			return cli_usage("--reason: more than %u", REPORT_MAX_CHOSEN);
		options->reasons[options->nr_reasons++] = (uint16_t)reason;
	}
	return 0;
}

static int parse_time(const char *text, const char *option, struct time_point *point)
{
	struct error error;

	if (time_parse(text, point, &error))
		return cli_usage("%s: %s", option, error.text);
	if (point->kind == TIME_NS && point->value == 0)
		point->kind = TIME_CYCLES; /* needs no frequency */
	return 0;
}

enum {
	OPT_BY = 256,
	OPT_VM,
	OPT_REASON,
	OPT_FROM,
	OPT_TO,
	OPT_SORT,
	OPT_LIMIT,
	OPT_COLUMNS,
	OPT_JSON,
	OPT_CSV,
	OPT_COLOR,
	OPT_KHZ,
	OPT_FAIL
};

static const struct option long_options[] = {
	{ "by", required_argument, NULL, OPT_BY },
	{ "vm", required_argument, NULL, OPT_VM },
	{ "reason", required_argument, NULL, OPT_REASON },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "to", required_argument, NULL, OPT_TO },
	{ "sort", required_argument, NULL, OPT_SORT },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "columns", required_argument, NULL, OPT_COLUMNS },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "csv", no_argument, NULL, OPT_CSV },
	{ "color", required_argument, NULL, OPT_COLOR },
	{ "tsc-khz", required_argument, NULL, OPT_KHZ },
	{ "fail-on-loss", no_argument, NULL, OPT_FAIL },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int parse_sort(const char *name, struct report_options *options)
{
	options->sort = report_column(name);
	if (!options->sort)
		return cli_usage("--sort: %s: no such column; --help lists them", name);
	return 0;
}

static int parse_option(int c, struct report_options *options)
{
	struct error error;
	int rc = 0;

	switch (c) {
	case OPT_BY:
		return parse_by(optarg, options);
	case OPT_VM:
		options->vms = optarg;
		break;
	case OPT_REASON:
		return parse_reasons(optarg, options);
	case OPT_FROM:
		return parse_time(optarg, "--from", &options->from);
	case OPT_TO:
		return parse_time(optarg, "--to", &options->to);
	case OPT_SORT:
		return parse_sort(optarg, options);
	case OPT_LIMIT:
		rc = cli_parse_number(optarg, "--limit", 1, UINT32_MAX, &options->limit, &error);
		break;
	case OPT_COLUMNS:
		options->columns = optarg;
		break;
	case OPT_JSON:
		options->form = REPORT_JSON;
		break;
	case OPT_CSV:
		options->form = REPORT_CSV;
		break;
	case OPT_COLOR:
		rc = cli_parse_color(optarg, &options->color, &error);
		break;
	case OPT_KHZ:
		rc = cli_parse_number(optarg, "--tsc-khz", 1, TSC_KHZ_MAX, &options->tsc_khz,
				      &error);
		break;
	default:
		options->fail_on_loss = true;
		break;
	}
	return rc ? cli_usage("%s", error.text) : 0;
}

/* 0, or an exit status; *done where there is nothing left to do. */
int report_parse_options(int argc, char **argv, struct report_options *options, bool *done)
{
	int c, status = 0;

	*options = (struct report_options){ .by = { BY_VM, BY_REASON }, .nr_by = 2 };
	/* An error in what follows is to be JSON whatever the order of the options. */
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			cli_set_json(true);
	opterr = 0;
	while (status == 0 && (c = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
		if (c == 'h') {
			*done = true;
			return print_help();
		}
		if (c == ':')
			return cli_usage("%s: needs a value; see acrntrace report --help",
					 argv[optind - 1]);
		if (c == '?')
			return cli_usage("%s: no such option; see acrntrace report --help",
					 argv[optind - 1]);
		status = parse_option(c, options);
	}
	if (status == 0 && optind == argc)
		status = cli_usage("report: no input; name a capture, or see acrntrace report "
				   "--help");
	return status;
}
