// SPDX-License-Identifier: BSD-3-Clause
/*
 * How fast the analysis walks columns: the sample's records, over and over with later TSCs, beside
 * a loop that only sums up their TSC column. Prints "name value unit".
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "formats/analysis.h"
#include "formats/columns.h"
#include "formats/stream.h"

#define COPIES 16
#define PASSES 9
#define MAX_CHUNKS (2 * COPIES)

struct chunk {
	struct columns_buffer *buffer;
	struct trace_item item;
};

static struct chunk chunks[MAX_CHUNKS];
static unsigned int nr_chunks;

static void fail(const char *what)
{
	fprintf(stderr, "bench_report: %s\n", what);
	exit(1);
}

/* The whole sample file of a pCPU, COPIES times, each copy later than the one before. */
static void load(uint16_t pcpu)
{
	static struct trace_record records[CHUNK_RECORDS];
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
	for (int copy = 0; copy < COPIES; copy++) {
		struct chunk *chunk = &chunks[nr_chunks++];

		chunk->buffer = columns_buffer_new();
		if (!chunk->buffer || columns_split(chunk->buffer, pcpu, records, (uint32_t)count,
						    &chunk->item.columns))
			fail("no memory");
		chunk->item.kind = ITEM_TRACE;
		for (size_t i = 0; i < count; i++)
			records[i].tsc += length;
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
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

int main(void)
{
	double best_walk = 1e9, best_details = 1e9, best_sum = 1e9, million;

	load(0);
	load(1);
	million = (double)records_of_all() / 1e6;
	for (int pass = 0; pass < PASSES; pass++) {
		double w = walk(0), d = walk((1U << NR_DETAILS) - 1), s = sum_tsc();

		best_walk = w < best_walk ? w : best_walk;
		best_details = d < best_details ? d : best_details;
		best_sum = s < best_sum ? s : best_sum;
	}
	printf("report.walk %.1f M_events/s\n", million / best_walk);
	printf("report.walk_details %.1f M_events/s\n", million / best_details);
	printf("report.sum_tsc_reference %.1f M_events/s\n", million / best_sum);
	for (unsigned int i = 0; i < nr_chunks; i++)
		columns_buffer_free(chunks[i].buffer);
	return 0;
}
