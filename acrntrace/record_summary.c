// SPDX-License-Identifier: BSD-3-Clause
/* What record says of itself. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "acrntrace/record_summary.h"
#include "formats/put.h"

#define NS_PER_S 1e9

void record_totals(const struct record_stream *stream, struct record_totals *totals)
{
	*totals = (struct record_totals){ 0 };
	for (unsigned int i = 0; i < capture_rings(stream->capture); i++) {
		const struct record_counts *counts = &stream->rings[i].counts;

		totals->drained += counts->drained;
		totals->kept += counts->kept;
		totals->lost += counts->lost;
		totals->gaps |= counts->gaps;
		totals->loss_unknown |= counts->unknown;
	}
}

/* "1.23 M": value with three digits and a prefix; text of 16 bytes. */
static const char *scaled(double value, char *text)
{
	static const char *const prefixes[] = { "", "k", "M", "G", "T" };
	size_t i = 0;

	while (value >= 999.5 && i < 4) {
		value /= 1000;
		i++;
	}
	snprintf(text, 16, "%.*f %s",
		 i == 0 || value >= 99.95 ? 0
		 : value >= 9.995	  ? 1
					  : 2,
		 value, prefixes[i]);
	return text;
}

static void describe_loss(const struct record_totals *totals, char *text, size_t size)
{
	if (totals->loss_unknown && totals->lost)
		snprintf(text, size, "%" PRIu64 " and an unknown number more lost", totals->lost);
	else if (totals->loss_unknown)
		snprintf(text, size, "lost: unknown%s",
			 totals->gaps ? "" : " (no ring was seen full)");
	else
		snprintf(text, size, "%" PRIu64 " lost", totals->lost);
}

void progress_show(void *context, uint64_t elapsed_ns)
{
	struct record_progress *progress = context;
	struct record_totals totals;
	char events[16], rate[16], bytes[16], loss[64];
	uint64_t seconds = elapsed_ns / 1000000000U, span = elapsed_ns - progress->last_ns;

	if (span < 400000000U)
		return;
	record_totals(progress->stream, &totals);
	describe_loss(&totals, loss, sizeof(loss));
	scaled((double)totals.kept, events);
	scaled((double)(totals.drained - progress->last_drained) * NS_PER_S / (double)span, rate);
	scaled((double)progress->stream->bytes, bytes);
	fprintf(stderr, "\r%02" PRIu64 ":%02" PRIu64 "  %sevents  %sevents/s  %s  %sB\033[K",
		seconds / 60, seconds % 60, events, rate, loss, bytes);
	fflush(stderr);
	progress->last_ns = elapsed_ns;
	progress->last_drained = totals.drained;
}

void progress_clear(void)
{
	fputs("\r\033[K", stderr);
}

static void print_pcpu(const struct record_stream *stream, unsigned int ring)
{
	const struct record_counts *counts = &stream->rings[ring].counts;
	uint64_t lost = counts->lost, drained = counts->drained;

	fprintf(stderr, "  pCPU %u: %" PRIu64 " events, ", capture_pcpu(stream->capture, ring),
		drained);
	if (counts->unknown)
		fprintf(stderr, "lost: unknown\n");
	else
		fprintf(stderr, "%" PRIu64 " lost\n", lost);
}

void summary_print(const struct record_stream *stream, const struct record_summary *summary)
{
	unsigned int nr_rings = capture_rings(stream->capture);
	double seconds = (double)summary->elapsed_ns / NS_PER_S;
	struct record_totals totals;
	char rate[16], bytes[16], loss[64], text[64];

	record_totals(stream, &totals);
	describe_loss(&totals, loss, sizeof(loss));
	scaled(seconds > 0 ? (double)totals.drained / seconds : 0, rate);
	scaled((double)stream->bytes, bytes);
	if (summary->command) {
		command_describe(summary->command, text, sizeof(text));
		fprintf(stderr, "acrntrace: %s %s\n", summary->command->argv[0], text);
	}
	fprintf(stderr, "acrntrace: %s: %" PRIu64 " events", summary->name, totals.kept);
	if (stream->filter)
		fprintf(stderr, " of %" PRIu64, totals.drained);
	fprintf(stderr, " in %.2f s (%s), %s, %sB", seconds, summary->reason, loss, bytes);
	if (totals.kept)
		fprintf(stderr, ", %.2f B/event", (double)stream->bytes / (double)totals.kept);
	fprintf(stderr, ", %sevents/s\n", rate);
	for (unsigned int i = 0; totals.gaps && nr_rings > 1 && i < nr_rings; i++)
		print_pcpu(stream, i);
}

static void json_string(const char *key, const char *value)
{
	char text[6 * 512 + 2];
	char *end = put_json_string(text, value, 512);

	printf(", \"%s\": %.*s", key, (int)(end - text), text);
}

static void json_number(const char *key, bool known, uint64_t value)
{
	if (known)
		printf("\"%s\": %" PRIu64, key, value);
	else
		printf("\"%s\": null", key);
}

void summary_print_json(const struct record_stream *stream, const struct record_summary *summary)
{
	double seconds = (double)summary->elapsed_ns / NS_PER_S;
	struct record_totals totals;
	uint64_t bytes = stream->bytes;

	record_totals(stream, &totals);
	printf("{\"events\": %" PRIu64 ", \"filtered\": %" PRIu64 ", ", totals.kept,
	       totals.drained - totals.kept);
	json_number("lost", !totals.loss_unknown, totals.lost);
	printf(", \"bytes\": %" PRIu64 ", \"seconds\": %.6f", bytes, seconds);
	json_string("file", summary->path);
	json_string("end_reason", summary->reason);
	if (summary->error[0])
		json_string("error", summary->error);
	if (summary->command && !summary->command->ended)
		printf(", \"command_status\": null");
	else if (summary->command && WIFSIGNALED(summary->command->status))
		printf(", \"command_signal\": %d", WTERMSIG(summary->command->status));
	else if (summary->command)
		printf(", \"command_status\": %d", WEXITSTATUS(summary->command->status));
	printf(", \"pcpus\": [");
	for (unsigned int i = 0; i < capture_rings(stream->capture); i++) {
		const struct record_counts *counts = &stream->rings[i].counts;
		uint64_t kept = counts->kept, drained = counts->drained;

		printf("%s{\"pcpu\": %u, \"events\": %" PRIu64 ", \"filtered\": %" PRIu64 ", ",
		       i ? ", " : "", capture_pcpu(stream->capture, i), kept, drained - kept);
		json_number("lost", !counts->unknown, counts->lost);
		printf("}");
	}
	printf("]}\n");
}
