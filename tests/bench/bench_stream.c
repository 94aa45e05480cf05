// SPDX-License-Identifier: BSD-3-Clause
/*
 * How large streams are and how fast they are written and read, on the sample repeated. A chunk is
 * one of the sample's two files (32,762 records): one that held a file twice would be too easy.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "formats/stream.h"

#define CHUNKS 600U /* 20 million events */
#define ROUNDS 5

static struct trace_record sample[2][CHUNK_RECORDS];
static uint32_t counts[2];
static uint64_t events;
static uint8_t scratch[4 << 20], copy[sizeof(sample)];

/* Seconds of this thread on its core: others on the machine count less that way. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_stream: %s\n", what);
	exit(1);
}

static void load_sample(void)
{
	for (unsigned int pcpu = 0; pcpu < 2; pcpu++) {
		char path[64];
		FILE *file;

		snprintf(path, sizeof(path), "tests/data/sample/%u", pcpu);
		file = fopen(path, "rb");
		must(file != NULL, "run it in the project's root");
		counts[pcpu] = (uint32_t)fread(sample[pcpu], 32, CHUNK_RECORDS, file);
		fclose(file);
		must(counts[pcpu] > 0, "the sample is empty");
		events += (uint64_t)counts[pcpu] * CHUNKS / 2;
	}
}

/* Each time round the sample comes later. */
static void move_on(unsigned int pcpu)
{
	for (uint32_t i = 0; i < counts[pcpu]; i++)
		sample[pcpu][i].tsc += 1000000007;
}

/* Seconds spent writing; bytes: of the stream. */
static double encode(int fd, int level, unsigned int chunks, uint64_t *bytes)
{
	struct stream_header header = { .host = "bench" };
	struct stream_writer *writer;
	struct stream_totals totals;
	struct error error;
	double spent = 0;

	must(!stream_writer_open(&writer, fd, level, &header, &error), "cannot open a writer");
	for (unsigned int i = 0; i < chunks; i++) {
		unsigned int pcpu = i % 2;
		double start = now();

		must(!stream_write_trace(writer, (uint16_t)pcpu, sample[pcpu], counts[pcpu],
					 &error),
		     "cannot write");
		spent += now() - start;
		move_on(pcpu);
	}
	stream_writer_totals(writer, -1, &totals);
	*bytes = totals.bytes;
	must(!stream_writer_close(writer, "", &error), "cannot end the stream");
	return spent;
}

/* Reads it all; join: puts the records together as well. */
static double decode(int fd, bool payload, bool join)
{
	struct source_filter filter = { .payload = payload };
	static struct trace_record records[CHUNK_RECORDS];
	struct source *source;
	struct trace_item item;
	struct error error;
	uint64_t read = 0;
	double start = now();

	lseek(fd, 0, SEEK_SET);
	must(!source_open_stream(&source, dup(fd), "bench", &filter, &error), "cannot open");
	for (;;) {
		must(!source_next(source, &item, &error), "cannot read");
		if (item.kind == ITEM_END)
			break;
		read += item.columns.count;
		if (join)
			columns_join(&item.columns, records);
	}
	source_close(source);
	must(read == events, "not all was read");
	return now() - start;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

static void sizes(void)
{
	static const int levels[] = { 1, 2, 3, 9, 19 };
	double n = counts[0] + counts[1];
	int fd = memfd_create("sizes", 0);
	uint64_t bytes;

	must(fd >= 0, "no memory file");
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		double spent;

		must(ftruncate(fd, 0) == 0, "no memory file");
		lseek(fd, 0, SEEK_SET);
		spent = encode(fd, levels[i], 2, &bytes);
		printf("stream_size_level_%d %.3f bytes/event\n", levels[i],
		       (double)lseek(fd, 0, SEEK_END) / n);
		if (levels[i] > 1)
			printf("stream_encode_level_%d %.1f Mevents/s\n", levels[i],
			       n / spent / 1e6);
	}
	close(fd);
	for (int level = 1; level <= 19; level += 18) {
		size_t all = 0;

		for (int pcpu = 0; pcpu < 2; pcpu++)
			all += ZSTD_compress(scratch, sizeof(scratch), sample[pcpu],
					     32UL * counts[pcpu], level);
		printf("reference_size_zstd_%d_raw %.3f bytes/event\n", level, (double)all / n);
	}
}

static double copy_raw(void)
{
	double start = now();

	for (unsigned int i = 0; i < CHUNKS; i++) {
		memcpy(copy, sample[i % 2], 32UL * counts[i % 2]);
		__asm__ volatile("" ::"r"(copy) : "memory");
	}
	return now() - start;
}

static double zstd_raw(void)
{
	double start = now();

	for (unsigned int i = 0; i < CHUNKS / 20; i++)
		ZSTD_compress(scratch, sizeof(scratch), sample[i % 2], 32UL * counts[i % 2], 1);
	return 20 * (now() - start);
}

int main(void)
{
	double best[6] = { 1e9, 1e9, 1e9, 1e9, 1e9, 1e9 }, m;
	int fd = memfd_create("stream", 0), null = open("/dev/null", O_WRONLY);
	uint64_t bytes;

	must(fd >= 0 && null >= 0, "no files to write to");
	load_sample();
	m = (double)events / 1e6;
	sizes();
	encode(fd, STREAM_LEVEL_DEFAULT, CHUNKS, &bytes);
	for (int i = 0; i < ROUNDS; i++) {
		best[0] = least(best[0], encode(null, STREAM_LEVEL_DEFAULT, CHUNKS, &bytes));
		best[1] = least(best[1], decode(fd, true, false));
		best[2] = least(best[2], decode(fd, false, false));
		best[3] = least(best[3], decode(fd, true, true));
		best[4] = least(best[4], copy_raw());
		best[5] = least(best[5], zstd_raw());
	}
	printf("stream_encode %.1f Mevents/s\n", m / best[0]);
	printf("stream_decode_all %.1f Mevents/s\n", m / best[1]);
	printf("stream_decode_core %.1f Mevents/s\n", m / best[2]);
	printf("stream_decode_records %.1f Mevents/s\n", m / best[3]);
	printf("reference_memcpy_raw %.1f Mevents/s\n", m / best[4]);
	printf("reference_zstd_1_raw %.1f Mevents/s\n", m / best[5]);
	return 0;
}
