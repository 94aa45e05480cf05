// SPDX-License-Identifier: BSD-3-Clause
/*
 * Lines a second of CPU time that one core puts into /dev/null, from raw files through merge and
 * text, beside fprintf(3) of the same lines, and the mere copying of as many bytes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "formats/events.h"
#include "formats/export.h"
#include "formats/output.h"
#include "formats/rules.h"
#include "formats/stream.h"

#define SAMPLE "tests/data/sample"
#define REPEAT 60U
#define SPAN 260000000ULL /* more than the cycles of the sample */

static struct stream_header header = { .pcpus = { 0, 1 }, .nr_pcpus = 2 };
static int files[2];
static char *copy_to;

/* CPU time: what others run at the same time does not count. */
static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The sample again and again, each time later, in memory. */
static int make_file(uint16_t pcpu)
{
	static struct trace_record records[40000];
	char path[64];
	FILE *file;
	size_t count;
	int fd = memfd_create("records", 0);

	snprintf(path, sizeof(path), SAMPLE "/%u", pcpu);
	file = fopen(path, "rb");
	if (!file || fd < 0)
		return -1;
	count = fread(records, sizeof(records[0]), 40000, file);
	fclose(file);
	for (unsigned int r = 0; r < REPEAT; r++) {
		if (write(fd, records, count * sizeof(records[0])) < 0)
			return -1;
		for (size_t i = 0; i < count; i++)
			records[i].tsc += SPAN;
	}
	return fd;
}

static int open_file(void *context, uint16_t pcpu, struct source **source, struct error *error)
{
	const struct source_filter filter = { .payload = true, .one_pcpu = true, .pcpu = pcpu };
	struct raw_file file = { .pcpu = pcpu, .name = "records" };
	char path[32];

	(void)context;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", files[pcpu]);
	file.fd = open(path, O_RDONLY);
	return source_open_raw(source, &file, 1, &header, &filter, error);
}

/* What is done with a record: puts it at out, or prints it itself and returns out. */
typedef char *(*line_fn)(struct text *text, char *out, const struct merge_record *record);

static char *line_text(struct text *text, char *out, const struct merge_record *record)
{
	return text_record(text, out, record->pcpu, record->record);
}

static char *line_json(struct text *text, char *out, const struct merge_record *record)
{
	return json_lines.record(text, out, record->pcpu, record->record);
}

static char *line_copy(struct text *text, char *out, const struct merge_record *record)
{
	(void)text;
	(void)record;
	memcpy(out, copy_to, 64);
	return out + 64;
}

static FILE *null_file;

static char *line_fprintf(struct text *text, char *out, const struct merge_record *record)
{
	const struct trace_record *r = record->record;
	const struct trace_event_info *info = text_event(text, TRACE_WORD_EVENT(r->word));

	fprintf(null_file, "%15.9f %3u %-27s e=0x%llx f=0x%llx\n",
		(double)(r->tsc - text->base_tsc) / 2e9, record->pcpu, info ? info->name : "?",
		(unsigned long long)r->e, (unsigned long long)r->f);
	return out;
}

static double run(const char *name, line_fn line)
{
	struct output output;
	struct merge *merge;
	struct merge_record record;
	struct error error;
	struct text text;
	unsigned long lines = 0;
	int fd = open("/dev/null", O_WRONLY);
	double start = now();

	text_init(&text, 1000000000000ULL, 2000000);
	if (output_open(&output, fd, "null") ||
	    merge_open(&merge, header.pcpus, header.nr_pcpus, open_file, NULL, &error))
		exit(1);
	for (; merge_next(merge, &record, &error) > 0; lines++)
		output_end(&output, line(&text, output_room(&output, TEXT_MAX), &record));
	merge_close(merge);
	output_close(&output, NULL);
	close(fd);
	start = now() - start;
	printf("%s %.2f M/s\n", name, (double)lines / start / 1e6);
	return (double)lines / start;
}

int main(void)
{
	double text, reference;

	copy_to = calloc(1, 64);
	null_file = fopen("/dev/null", "w");
	for (uint16_t pcpu = 0; pcpu < 2; pcpu++)
		files[pcpu] = make_file(pcpu);
	if (!copy_to || !null_file || files[0] < 0 || files[1] < 0) {
		fprintf(stderr, "bench_dump: cannot read " SAMPLE "\n");
		return 1;
	}
	run("dump.warm_up", line_copy);
	text = run("dump.lines", line_text);
	run("dump.json_lines", line_json);
	run("dump.merge_and_copy", line_copy);
	reference = run("dump.reference_fprintf", line_fprintf);
	printf("dump.times_fprintf %.1f x\n", text / reference);
	fclose(null_file);
	free(copy_to);
	return 0;
}
