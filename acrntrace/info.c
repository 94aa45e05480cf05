// SPDX-License-Identifier: BSD-3-Clause
/* acrntrace info: what there is in a stream or a capture, and whether it is whole. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acrntrace/acrntrace.h"
#include "acrntrace/info.h"
#include "acrntrace/options.h"
#include "formats/cli.h"
#include "formats/put.h"
#include "formats/timespan.h"

enum { OPT_CHECK = 0x2000, OPT_JSON, OPT_TSC_KHZ };

static const struct option long_options[] = {
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "tsc-khz", required_argument, NULL, OPT_TSC_KHZ },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

struct info_options {
	bool check, json, help;
	uint64_t tsc_khz;
};

/* All that is printed. */
struct report {
	const char *name;
	bool raw; /* upstream's files; else a stream */
	struct stream_info info;
	uint64_t records, lost, gaps, first_tsc, last_tsc; /* of all pCPUs */
	bool lost_unknown;
};

static int print_help(void)
{
	fputs("Usage: acrntrace info [OPTION]... INPUT...\n"
	      "Say what a stream or an upstream capture holds.\n\n"
	      "      --check      decode every frame and compare with what index and end say;\n"
	      "                   of a capture, check each record's event, form, pCPU and order\n"
	      "      --json       print one JSON document\n"
	      "      --tsc-khz N  frequency of the TSC, where the input does not say\n"
	      "  -h, --help       print this\n",
	      stdout);
	return CLI_OK;
}

static void sum_up(struct report *report)
{
	for (unsigned int i = 0; i < report->info.nr_pcpus; i++) {
		const struct stream_pcpu_info *pcpu = &report->info.pcpu[i];

		report->lost += pcpu->lost;
		report->lost_unknown |= pcpu->lost_unknown;
		report->gaps += pcpu->gaps;
		if (pcpu->records == 0)
			continue;
		if (report->records == 0 || pcpu->first_tsc < report->first_tsc)
			report->first_tsc = pcpu->first_tsc;
		if (pcpu->last_tsc > report->last_tsc)
			report->last_tsc = pcpu->last_tsc;
		report->records += pcpu->records;
	}
}

/* Seconds, or cycles where the frequency is not known. */
static const char *span_text(uint64_t cycles, uint64_t tsc_khz, char text[48])
{
	uint64_t ns = tsc_khz ? tsc_to_ns(cycles, tsc_khz) : 0;

	if (tsc_khz)
		snprintf(text, 48, "%" PRIu64 ".%09" PRIu64 " s", ns / 1000000000, ns % 1000000000);
	else
		snprintf(text, 48, "%" PRIu64 " cycles", cycles);
	return text;
}

static void print_row(const char *name, const char *value)
{
	if (*value)
		printf("%-14s %s\n", name, value);
}

/* Wall clock of the first record, from the header's instant on both clocks. */
static void print_start(const struct report *report)
{
	const struct stream_header *header = &report->info.header;
	int64_t ns = header->wall_ns;
	char text[32];
	struct tm tm;
	time_t seconds;

	if (!ns || !header->tsc_khz || !report->records)
		return;
	if (report->first_tsc >= header->tsc)
		ns += (int64_t)tsc_to_ns(report->first_tsc - header->tsc, header->tsc_khz);
	else
		ns -= (int64_t)tsc_to_ns(header->tsc - report->first_tsc, header->tsc_khz);
	seconds = (time_t)(ns / 1000000000);
	if (!gmtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		return;
	printf("%-14s %s.%09" PRId64 " UTC\n", "start", text, ns % 1000000000);
}

static void print_header(const struct report *report)
{
	const struct stream_header *header = &report->info.header;

	print_row("host", header->host);
	print_row("kernel", header->kernel);
	print_row("hypervisor", header->hypervisor);
	print_row("command", header->command);
	if (header->tsc_khz)
		printf("%-14s %" PRIu64 " kHz%s%s\n", "TSC frequency", header->tsc_khz,
		       *header->tsc_source ? ", " : "", header->tsc_source);
	else
		print_row("TSC frequency", "unknown; times are in cycles");
	if (header->nr_vms == 0)
		return;
	printf("%-14s", "VMs");
	for (unsigned int i = 0; i < header->nr_vms; i++)
		printf("%s %u %s", i ? "," : "", header->vms[i].id, header->vms[i].name);
	putchar('\n');
}

/* What of losses nobody counted is not known either, but for those that were seen. */
static void print_table_row(const char *name, uint64_t records, uint64_t cycles, uint64_t tsc_khz,
			    bool lost_unknown, uint64_t lost, uint64_t gaps)
{
	char span[48], rate[24] = "-", losses[24] = "unknown", breaks[24] = "unknown";

	if (tsc_khz && cycles)
		snprintf(rate, sizeof(rate), "%.0f",
			 (double)records * (double)tsc_khz * 1e3 / (double)cycles);
	if (!lost_unknown)
		snprintf(losses, sizeof(losses), "%" PRIu64, lost);
	if (!lost_unknown || gaps)
		snprintf(breaks, sizeof(breaks), "%" PRIu64, gaps);
	printf("%-5s %12" PRIu64 " %24s %12s %12s %8s\n", name, records,
	       span_text(cycles, tsc_khz, span), rate, losses, breaks);
}

static void print_table(const struct report *report)
{
	const struct stream_info *info = &report->info;
	uint64_t khz = info->header.tsc_khz;

	printf("\n%-5s %12s %24s %12s %12s %8s\n", "pCPU", "records", "span", "records/s", "lost",
	       "gaps");
	for (unsigned int i = 0; i < info->nr_pcpus; i++) {
		const struct stream_pcpu_info *pcpu = &info->pcpu[i];
		char name[8];

		snprintf(name, sizeof(name), "%u", pcpu->pcpu);
		print_table_row(name, pcpu->records, pcpu->last_tsc - pcpu->first_tsc, khz,
				pcpu->lost_unknown, pcpu->lost, pcpu->gaps);
	}
	print_table_row("all", report->records, report->last_tsc - report->first_tsc, khz,
			report->lost_unknown, report->lost, report->gaps);
}

static void print_text(const struct report *report)
{
	const struct stream_info *info = &report->info;

	print_row("input", report->name);
	if (report->raw)
		print_row("kind", "upstream capture");
	else
		printf("%-14s stream, %s%s\n", "kind",
		       info->complete ? "complete: " : "cut short: it has no end",
		       info->complete ? info->end_reason : "");
	print_header(report);
	print_start(report);
	if (!report->raw) {
		printf("%-14s %" PRIu64 " in %" PRIu64 " frames", "bytes", info->file_bytes,
		       info->frames);
		if (report->records)
			printf(", %.2f a record",
			       (double)info->file_bytes / (double)report->records);
		putchar('\n');
	}
	print_table(report);
}

static void json_string(const char *name, const char *value)
{
	char text[6 * 1024 + 3];
	char *end = put_json_string(text, value, 1024);

	*end = '\0';
	printf("\"%s\": %s, ", name, *value ? text : "null");
}

static void json_count(const char *name, uint64_t value, bool unknown)
{
	if (unknown)
		printf("\"%s\": null", name);
	else
		printf("\"%s\": %" PRIu64, name, value);
}

static void json_header(const struct stream_header *header)
{
	printf("\"header\": {");
	json_string("host", header->host);
	json_string("kernel", header->kernel);
	json_string("hypervisor", header->hypervisor);
	json_string("command", header->command);
	json_string("tsc_source", header->tsc_source);
	json_count("tsc_khz", header->tsc_khz, header->tsc_khz == 0);
	printf(", \"tsc\": %" PRIu64 ", \"wall_ns\": %" PRId64 ", \"mono_ns\": %" PRIu64
	       ", \"vms\": [",
	       header->tsc, header->wall_ns, header->mono_ns);
	for (unsigned int i = 0; i < header->nr_vms; i++) {
		printf("%s{", i ? ", " : "");
		json_string("name", header->vms[i].name);
		printf("\"id\": %u}", header->vms[i].id);
	}
	printf("]}, ");
}

static void json_totals(uint64_t records, uint64_t first_tsc, uint64_t last_tsc, uint64_t lost,
			bool lost_unknown, uint64_t gaps)
{
	json_count("records", records, false);
	printf(", ");
	json_count("first_tsc", first_tsc, records == 0);
	printf(", ");
	json_count("last_tsc", last_tsc, records == 0);
	printf(", ");
	json_count("lost", lost, lost_unknown);
	printf(", ");
	json_count("gaps", gaps, lost_unknown && gaps == 0);
}

static void print_json(const struct report *report)
{
	const struct stream_info *info = &report->info;

	putchar('{');
	json_string("input", report->name);
	printf("\"kind\": \"%s\", ", report->raw ? "raw" : "stream");
	if (!report->raw) {
		printf("\"complete\": %s, ", info->complete ? "true" : "false");
		json_string("end_reason", info->end_reason);
		printf("\"bytes\": %" PRIu64 ", \"frames\": %" PRIu64 ", ", info->file_bytes,
		       info->frames);
	}
	json_header(&info->header);
	printf("\"pcpus\": [");
	for (unsigned int i = 0; i < info->nr_pcpus; i++) {
		const struct stream_pcpu_info *pcpu = &info->pcpu[i];

		printf("%s{\"pcpu\": %u, ", i ? ", " : "", pcpu->pcpu);
		json_totals(pcpu->records, pcpu->first_tsc, pcpu->last_tsc, pcpu->lost,
			    pcpu->lost_unknown, pcpu->gaps);
		putchar('}');
	}
	printf("], ");
	json_totals(report->records, report->first_tsc, report->last_tsc, report->lost,
		    report->lost_unknown, report->gaps);
	printf("}\n");
}

/* CLI_OK, or CLI_USAGE after a message. */
static int parse_options(int argc, char **argv, struct info_options *options)
{
	struct error error;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		switch (option) {
		case OPT_CHECK:
			options->check = true;
			break;
		case OPT_JSON:
			options->json = true;
			cli_set_json(true);
			break;
		case OPT_TSC_KHZ:
			if (cli_parse_number(optarg, "the TSC's frequency in kHz", 1, TSC_KHZ_MAX,
					     &options->tsc_khz, &error))
				return cli_usage("%s", error.text);
			break;
		case 'h':
			options->help = true;
			return CLI_OK;
		default:
			return bad_option("info", argv);
		}
	}
	if (optind == argc)
		return cli_usage("info: name a stream, - or a capture directory");
	return CLI_OK;
}

/* Prints what is known also of an input that is damaged, and then what is wrong. */
static int info_of(const struct info_options *options, struct input *input, struct report *report)
{
	struct error error = { "" };
	int err = input_spool(input, &error);

	report->name = input_name(input);
	report->raw = input_stream_fd(input) < 0;
	if (err)
		return cli_error("%s", error.text);
	if (report->raw)
		err = info_read_raw(input, options->check, &report->info, &error);
	else
		err = stream_read_info(input_stream_fd(input), report->name, options->check,
				       &report->info, &error);
	if (!err && options->check && !report->raw && !report->info.complete)
		err = error_set(&error, ENODATA, "%s: cut short: it has no end", report->name);
	if (options->tsc_khz)
		report->info.header.tsc_khz = options->tsc_khz;
	if (report->info.header.tsc_khz > TSC_KHZ_MAX) /* beyond belief */
		report->info.header.tsc_khz = 0;
	sum_up(report);
	if (options->json)
		print_json(report);
	else
		print_text(report);
	if (fflush(stdout) || ferror(stdout))
		return cli_error("standard output: cannot write: %s", strerror(errno));
	return err ? cli_error("%s", error.text) : CLI_OK;
}

int cmd_info(int argc, char **argv)
{
	struct info_options options = { 0 };
	int status = parse_options(argc, argv, &options);
	struct report *report;
	struct input *input;
	struct error error;

	if (status != CLI_OK)
		return status;
	if (options.help)
		return print_help();
	if (input_open(&input, argv + optind, argc - optind, options.tsc_khz, &error))
		return cli_error("%s", error.text);
	report = calloc(1, sizeof(*report));
	status = report ? info_of(&options, input, report) : cli_error("info: no memory");
	free(report);
	input_close(input);
	return status;
}
