// SPDX-License-Identifier: BSD-3-Clause
/* acrntrace record: from the rings to a stream. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "acrntrace/acrntrace.h"
#include "acrntrace/record_output.h"
#include "acrntrace/record_summary.h"
#include "acrntrace/record_wait.h"
#include "formats/events.h"

#define DEFAULT_OUTPUT "acrntrace.atrc"
#define DEFAULT_POLL_MS 10

/*
 * Records wait this long for a fuller chunk, then they are written and synced. With the poll period
 * and a slow disk's fdatasync a power cut costs less than a second.
 */
#define HOLD_NS 500000000U

struct record {
	const char *path;
	const char *dev_dir;
	uint64_t level, poll_ms, duration_ns;
	struct pcpu_set pcpus;
	bool have_pcpus, keep, fail_on_loss, json;
	struct event_set filter;
	bool have_filter;
	char **command_argv; /* NULL: none */

	struct stream_header header;
	struct capture *capture;
	struct client_hsm hsm;
	struct record_stream stream;
	struct record_command command;
	struct record_wait wait;
	struct record_progress progress;
	struct error failure; /* of the output */
	int fd;
	int status;
};

static int print_help(void)
{
	puts("Usage: acrntrace record [OPTION]... [-- COMMAND [ARG]...]\n"
	     "Record the trace of all pCPUs to a file, until Ctrl-C, or while COMMAND runs.\n\n"
	     "  -o, --output FILE     the file (default " DEFAULT_OUTPUT "; one that is there is\n"
	     "                        renamed to FILE.old); - is standard output\n"
	     "  -d, --duration TIME   end after so many seconds; also 500ms, 2m, 1h\n"
	     "  -a, --cpu LIST        only these pCPUs, as in 0-1,3\n"
	     "  -e, --event LIST      keep only these events: names, groups (vmexit, timer),\n"
	     "                        patterns, ids; -NAME leaves out. vm_exit, vm_enter and\n"
	     "                        sched_next are always kept\n"
	     "  -k, --keep            keep what was in the rings before the start\n"
	     "  -i, --interval MS     poll the rings at least every 1..999 ms (default 10)\n"
	     "      --level N         compression, zstd's 1..19\n"
	     "      --dev-dir DIR     where the rings are (default $ACRN_DEV_DIR, else /dev)\n"
	     "      --fail-on-loss    exit with 3 where records were, or may have been, lost\n"
	     "      --json            the summary as JSON on standard output\n"
	     "  -h, --help            this help");
	return CLI_OK;
}

enum { OPT_LEVEL = 256, OPT_DEV_DIR, OPT_FAIL_ON_LOSS, OPT_JSON };

static const struct option longopts[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "duration", required_argument, NULL, 'd' },
	{ "cpu", required_argument, NULL, 'a' },
	{ "event", required_argument, NULL, 'e' },
	{ "keep", no_argument, NULL, 'k' },
	{ "interval", required_argument, NULL, 'i' },
	{ "level", required_argument, NULL, OPT_LEVEL },
	{ "dev-dir", required_argument, NULL, OPT_DEV_DIR },
	{ "fail-on-loss", no_argument, NULL, OPT_FAIL_ON_LOSS },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

/* What pairs exits and tells VMs apart stays: without it times and VMs would come out wrong. */
static int parse_events(struct record *record, const char *list, struct error *error)
{
	static const uint64_t always_kept[] = { TRACE_VM_EXIT, TRACE_VM_ENTER, TRACE_SCHED_NEXT };
	int ret = event_set_parse(list, &record->filter, error);

	record->have_filter = true;
	for (size_t i = 0; ret == 0 && i < sizeof(always_kept) / sizeof(always_kept[0]); i++)
		ret = event_set_add(&record->filter, always_kept[i], error);
	return ret;
}

/* The options with a value that can be wrong. */
static int parse_value(struct record *record, int opt, const char *value, struct error *error)
{
	switch (opt) {
	case 'd':
		return cli_parse_duration(value, &record->duration_ns, error);
	case 'a':
		record->have_pcpus = true;
		return cli_parse_pcpus(value, &record->pcpus, error);
	case 'e':
		return parse_events(record, value, error);
	case 'i':
		return cli_parse_number(value, "--interval", 1, 999, &record->poll_ms, error);
	default:
		return cli_parse_number(value, "--level", 1, 19, &record->level, error);
	}
}

/* 0, 1: help was asked for, or a negative errno. */
static int parse_options(int argc, char **argv, struct record *record, struct error *error)
{
	int opt, ret = 0;

	opterr = 0;
	while (ret == 0 &&
	       (opt = getopt_long(argc, argv, "+:o:d:a:e:ki:h", longopts, NULL)) != -1) {
		switch (opt) {
		case 'h':
			return 1;
		case 'o':
			record->path = optarg;
			break;
		case 'k':
			record->keep = true;
			break;
		case OPT_DEV_DIR:
			record->dev_dir = optarg;
			break;
		case OPT_FAIL_ON_LOSS:
			record->fail_on_loss = true;
			break;
		case OPT_JSON:
			record->json = true;
			cli_set_json(true);
			break;
		case '?':
		case ':':
			ret = error_set(error, EINVAL,
					"%s: %s; 'acrntrace record --help' lists the options",
					argv[optind - 1],
					opt == ':' ? "needs a value" : "no such option");
			break;
		default:
			ret = parse_value(record, opt, optarg, error);
		}
	}
	if (ret == 0 && record->json && strcmp(record->path, "-") == 0)
		ret = error_set(error, EINVAL,
				"--json: standard output cannot take both the summary and the "
				"stream; give -o FILE");
	if (ret == 0 && optind < argc)
		record->command_argv = argv + optind;
	return ret;
}

/* --- the head of the stream --- */

static void join_arguments(int argc, char **argv, char *text, size_t size)
{
	size_t used = (size_t)snprintf(text, size, "acrntrace");

	for (int i = 0; i < argc && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, " %s", argv[i]);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* Reads three clocks at one instant: of some tries the one that was interrupted least. */
static void read_clocks(struct stream_header *header)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 8; i++) {
		uint64_t before = __rdtsc();
		uint64_t mono = clock_ns(CLOCK_MONOTONIC), wall = clock_ns(CLOCK_REALTIME);
		uint64_t took = __rdtsc() - before;

		if (took >= best)
			continue;
		best = took;
		header->tsc = before + took / 2;
		header->mono_ns = mono;
		header->wall_ns = (int64_t)wall;
	}
}

static void fill_header(struct record *record)
{
	struct stream_header *header = &record->header;
	struct client_hypervisor hypervisor;
	struct utsname system;

	if (uname(&system) == 0) {
		snprintf(header->host, sizeof(header->host), "%s", system.nodename);
		snprintf(header->kernel, sizeof(header->kernel), "%s %s %s", system.sysname,
			 system.release, system.version);
	}
	client_hypervisor(&record->hsm, &hypervisor);
	snprintf(header->hypervisor, sizeof(header->hypervisor), "%s", hypervisor.version);
	snprintf(header->tsc_source, sizeof(header->tsc_source), "%s", hypervisor.tsc_source);
	header->tsc_khz = hypervisor.tsc_khz;
	header->nr_pcpus = capture_rings(record->capture);
	for (unsigned int i = 0; i < header->nr_pcpus; i++)
		header->pcpus[i] = capture_pcpu(record->capture, i);
	read_clocks(header);
}

/* --- start, wait, end --- */

static int open_stream(struct record *record, struct error *error)
{
	int ret;

	record->fd = output_file_open(record->path, error);
	if (record->fd < 0)
		return record->fd;
	fill_header(record);
	record->stream.fd = record->fd;
	record->stream.name = output_file_name(record->path);
	record->stream.filter = record->have_filter ? &record->filter : NULL;
	record->stream.capture = record->capture;
	ret = record_stream_open(&record->stream, &record->header, (int)record->level, error);
	return ret;
}

static int start(struct record *record, struct error *error)
{
	struct capture_options options = {
		.dev_dir = client_dev_dir(record->dev_dir),
		.pcpus = record->have_pcpus ? &record->pcpus : NULL,
		.keep = record->keep,
		.poll_ns = record->poll_ms * 1000000U,
		.hold_ns = HOLD_NS,
	};
	struct capture_sink sink;
	int ret = 0;

	if (record->command_argv)
		ret = command_find(record->command_argv[0], error);
	if (ret == 0)
		ret = wait_prepare(&record->wait, error);
	if (ret == 0)
		ret = client_hsm_open(&record->hsm, options.dev_dir, error);
	if (ret == 0)
		ret = capture_open(&record->capture, &options, error);
	if (ret == 0)
		ret = open_stream(record, error);
	if (ret == 0 && record->command_argv)
		ret = command_prepare(&record->command, record->command_argv, error);
	if (ret < 0)
		return ret;
	record_stream_sink(&record->stream, &sink);
	ret = capture_start(record->capture, &sink, error);
	if (ret == 0 && record->command_argv)
		ret = command_go(&record->command, error);
	return ret;
}

static void wait_for(struct record *record)
{
	struct record_wait *wait = &record->wait;
	bool show = isatty(STDERR_FILENO);

	wait->capture = record->capture;
	wait->hsm = &record->hsm;
	wait->duration_ns = record->duration_ns;
	if (record->command_argv)
		wait->command = &record->command;
	if (show) {
		record->progress.stream = &record->stream;
		wait->progress = progress_show;
		wait->context = &record->progress;
	}
	wait_for_end(wait);
	if (show)
		progress_clear();
}

static void finish(struct record *record)
{
	struct record_wait *wait = &record->wait;
	struct record_summary summary = {
		.path = record->path,
		.name = output_file_name(record->path),
		.elapsed_ns = wait->elapsed_ns,
		.command = record->command_argv ? &record->command : NULL,
	};
	struct record_totals totals;
	bool output_failed;

	/* The command may not be there any more to free the terminal, so first this. */
	wait_done(wait);
	capture_stop(record->capture);
	output_failed = wait_check(wait);
	command_end(&record->command);
	if (record_stream_close(&record->stream, output_failed ? NULL : wait->reason,
				&record->failure) < 0) {
		wait->failed = true;
		cli_error("%s", record->failure.text);
	}
	summary.reason = wait->reason;
	summary.error = wait->failure.text[0] ? wait->failure.text : record->failure.text;
	if (record->json)
		summary_print_json(&record->stream, &summary);
	else
		summary_print(&record->stream, &summary);
	record_totals(&record->stream, &totals);
	if (wait->failed)
		record->status = CLI_FAILED;
	else if (record->fail_on_loss && totals.gaps)
		record->status = CLI_LOST;
}

static int run(struct record *record, struct error *error)
{
	int ret = start(record, error);

	if (ret < 0)
		return ret;
	/* From here on errors go into the summary's JSON. */
	cli_set_json(false);
	wait_for(record);
	finish(record);
	return 0;
}

/* Also where start() failed in the middle. */
static void clean_up(struct record *record)
{
	command_end(&record->command);
	if (record->capture)
		capture_stop(record->capture);
	record_stream_free(&record->stream);
	capture_close(record->capture);
	client_hsm_close(&record->hsm);
	if (record->fd >= 0)
		close(record->fd);
}

int cmd_record(int argc, char **argv)
{
	/* Too large for a stack that may be small. */
	struct record *record = calloc(1, sizeof(*record));
	struct error error;
	int ret, status;

	if (!record)
		return cli_error("no memory");
	record->path = DEFAULT_OUTPUT;
	record->level = STREAM_LEVEL_DEFAULT;
	record->poll_ms = DEFAULT_POLL_MS;
	record->fd = record->hsm.fd = record->wait.signal_fd = -1;
	record->command.hold_fd = record->command.exec_fd = -1;
	join_arguments(argc, argv, record->header.command, sizeof(record->header.command));
	ret = parse_options(argc, argv, record, &error);
	if (ret < 0) {
		status = cli_usage("%s", error.text);
	} else if (ret > 0) {
		status = print_help();
	} else {
		ret = run(record, &error);
		status = ret < 0 ? cli_error("%s", error.text) : record->status;
	}
	clean_up(record);
	free(record);
	return status;
}
