// SPDX-License-Identifier: BSD-3-Clause
/*
 * How fast the analysis walks columns: the sample's records, over and over with later TSCs, beside
 * a loop that only sums up their TSC column; and the same with the records read from a stream.
 * Prints "name value unit".
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "formats/analysis.h"
#include "formats/columns.h"
#include "formats/stream.h"

#define COPIES 16
#define PASSES 9
#define MAX_CHUNKS (2 * COPIES)
#define ALL_DETAILS ((1U << NR_DETAILS) - 1)

static const char *const figures[] = { "report.walk", "report.walk_details", "report.stream",
				       "report.stream_details", "report.sum_tsc_reference" };
#define NR_FIGURES 5

struct chunk {
	struct columns_buffer *buffer;
	struct trace_item item;
};

static struct chunk chunks[MAX_CHUNKS];
static unsigned int nr_chunks;
static struct stream_writer *writer;
static int stream_fd;

static void fail(const char *what)
{
	fprintf(stderr, "bench_report: %s\n", what);
	exit(1);
}

/* The whole sample file of a pCPU, COPIES times, each copy later than the one before. */
static uint64_t read_sample(uint16_t pcpu, struct trace_record *records)
{
	char path[64];
	size_t count;
	uint64_t length;
	FILE *file;

	snprintf(path, sizeof(path), "tests/data/sample/%u", pcpu);
	file = fopen(path, "r");
	if (!file)
		fail("run it where tests/data/sample is");
	count = fread(records, sizeof(records[0]), CHUNK_RECORDS, file);
	fclose(file);
	length = records[count - 1].tsc - records[0].tsc + 1000;
	for (size_t i = count; i < count * COPIES; i++) {
		records[i] = records[i - count];
		records[i].tsc += length;
	}
	return count * COPIES;
}

static void add_chunk(uint16_t pcpu, const struct trace_record *records, uint32_t count)
{
	struct chunk *chunk = &chunks[nr_chunks++];
	struct error error;

	chunk->item.kind = ITEM_TRACE;
	chunk->buffer = columns_buffer_new();
	if (!chunk->buffer ||
	    columns_split(chunk->buffer, pcpu, records, count, &chunk->item.columns))
		fail("no memory");
	if (stream_write_trace(writer, pcpu, records, count, &error))
		fail(error.text);
}

/* Into chunks, and into the stream. */
static void load(uint16_t pcpu)
{
	struct trace_record *records = malloc(sizeof(*records) * CHUNK_RECORDS * COPIES);
	uint64_t nr;

	if (!records)
		fail("no memory");
	nr = read_sample(pcpu, records);
	for (uint64_t at = 0; at < nr; at += CHUNK_RECORDS)
		add_chunk(pcpu, records + at,
			  (uint32_t)(nr - at < CHUNK_RECORDS ? nr - at : CHUNK_RECORDS));
	free(records);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t records_of_all(void)
{
	uint64_t records = 0;

	for (unsigned int i = 0; i < nr_chunks; i++)
		records += chunks[i].item.columns.count;
	return records;
}

static double walk(unsigned int details)
{
	const struct analysis_options options = { .details = details };
	struct analysis *analysis = analysis_new(&options);
	struct error error;
	double start = now(), seconds;

	if (!analysis)
		fail("no memory");
	for (unsigned int i = 0; i < nr_chunks; i++)
		if (analysis_add(analysis, &chunks[i].item, &error))
			fail(error.text);
	seconds = now() - start;
	analysis_free(analysis);
	return seconds;
}

/* The same from the stream, as report does. */
static double read_stream(bool payload)
{
	const struct analysis_options options = { .details = payload ? ALL_DETAILS : 0 };
	const struct source_filter filter = { .payload = payload };
	struct analysis *analysis = analysis_new(&options);
	struct source *source = NULL;
	struct trace_item item;
	struct error error = { "it cannot be read" };
	double start = now();

	if (lseek(stream_fd, 0, SEEK_SET) < 0 ||
	    source_open_stream(&source, dup(stream_fd), "stream", &filter, &error))
		fail(error.text);
	for (;;) {
		if (source_next(source, &item, &error) ||
		    (item.kind != ITEM_END && analysis_add(analysis, &item, &error)))
			fail(error.text);
		if (item.kind == ITEM_END)
			break;
	}
	source_close(source);
	analysis_free(analysis);
	return now() - start;
}

static double sum_tsc(void)
{
	static volatile uint64_t sink;
	double start = now();
	uint64_t sum = 0;

	for (unsigned int i = 0; i < nr_chunks; i++)
		for (uint32_t r = 0; r < chunks[i].item.columns.count; r++)
			sum += chunks[i].item.columns.tsc[r];
	sink = sum;
	(void)sink;
	return now() - start;
}

static void open_stream(void)
{
	static const struct stream_header header = { .nr_pcpus = 2, .pcpus = { 0, 1 } };
	char path[] = "/tmp/bench_report-XXXXXX";
	struct error error;

	stream_fd = mkstemp(path);
	if (stream_fd < 0)
		fail("no temporary file");
	unlink(path);
	if (stream_writer_open(&writer, stream_fd, STREAM_LEVEL_DEFAULT, &header, &error))
		fail(error.text);
}

/* The best of some passes of each, taking turns. */
int main(void)
{
	double seconds[NR_FIGURES], million;
	struct error error;

	open_stream();
	load(0);
	load(1);
	if (stream_writer_close(writer, "done", &error))
		fail(error.text);
	million = (double)records_of_all() / 1e6;
	for (int pass = 0; pass < PASSES; pass++) {
		double now_taken[NR_FIGURES] = { walk(0), walk(ALL_DETAILS), read_stream(false),
						 read_stream(true), sum_tsc() };

		for (int i = 0; i < NR_FIGURES; i++)
			if (pass == 0 || now_taken[i] < seconds[i])
				seconds[i] = now_taken[i];
	}
	for (int i = 0; i < NR_FIGURES; i++)
		printf("%s %.1f M_events/s\n", figures[i], million / seconds[i]);
	for (unsigned int i = 0; i < nr_chunks; i++)
		columns_buffer_free(chunks[i].buffer);
	close(stream_fd);
	return 0;
}
