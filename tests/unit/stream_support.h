/* SPDX-License-Identifier: BSD-3-Clause */
/* Records to write, and files in memory, for the tests of columns and streams. */
#ifndef TESTS_STREAM_SUPPORT_H
#define TESTS_STREAM_SUPPORT_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/abi/trace.h"
#include "formats/abi/trace_events.h"

/* splitmix64: the same numbers in each run. */
static inline uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

enum records_kind {
	RECORDS_PLAIN,	   /* like a trace: few events, TSC rising */
	RECORDS_NOISE,	   /* every bit random: as many words as records */
	RECORDS_PAIRS,	   /* each word twice, core events among them; TSC running backwards */
	RECORDS_EQUAL,	   /* one record again and again */
	RECORDS_300_WORDS, /* more words than a byte can number */
	RECORDS_EXTREMES,  /* 0 and all ones */
	NR_RECORDS_KINDS,
};

static inline void make_record(struct trace_record *r, enum records_kind kind, uint32_t i,
			       uint64_t *random)
{
	static const uint64_t events[] = { TRACE_VM_EXIT, TRACE_VMEXIT_CPUID, TRACE_VM_ENTER,
					   TRACE_SCHED_NEXT, TRACE_TIMER_ADDED };
	uint64_t x = next_random(random);

	memset(r, 0, sizeof(*r));
	switch (kind) {
	case RECORDS_PLAIN:
		r->tsc = 1000000000000ULL + 5000ULL * i + x % 4000;
		r->word = TRACE_WORD(events[x % 5], TRACE_2L, 3);
		r->e = x % 70;
		r->f = 0xffffffff81000000ULL + x % 65536;
		break;
	case RECORDS_PAIRS:
		r->tsc = -(uint64_t)i * 77777;
		r->word = TRACE_WORD(events[i % 5], i / 10 % 256, i / 2560);
		r->e = x;
		r->f = ~x;
		break;
	case RECORDS_EQUAL:
		r->tsc = 5;
		r->word = TRACE_WORD(TRACE_VM_EXIT, TRACE_2L, 0);
		r->e = 7;
		break;
	case RECORDS_300_WORDS:
		r->tsc = 1ULL << 63 | (uint64_t)i << 32;
		r->word = x % 300;
		r->e = i;
		break;
	case RECORDS_EXTREMES:
		memset(r, x & 1 ? 0xff : 0, sizeof(*r));
		break;
	default:
		r->tsc = x;
		r->word = next_random(random);
		r->e = next_random(random);
		r->f = next_random(random);
	}
}

static inline struct trace_record *make_records(enum records_kind kind, uint32_t count,
						uint64_t seed)
{
	struct trace_record *records = calloc(count, sizeof(*records));

	assert_non_null(records);
	for (uint32_t i = 0; i < count; i++)
		make_record(&records[i], kind, i, &seed);
	return records;
}

/* The sample's records of one pCPU. */
static inline struct trace_record *load_sample(unsigned int pcpu, uint32_t *count)
{
	char path[64];
	struct trace_record *records;
	FILE *file;
	long size;

	snprintf(path, sizeof(path), "tests/data/sample/%u", pcpu);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	rewind(file);
	assert_true(size > 0 && size % 32 == 0);
	*count = (uint32_t)(size / 32);
	records = calloc(*count, sizeof(*records));
	assert_non_null(records);
	assert_int_equal(fread(records, 32, *count, file), *count);
	fclose(file);
	return records;
}

/* An unlinked file in memory that holds size bytes, read from its start. */
static inline int memory_file(const void *bytes, size_t size)
{
	int fd = memfd_create("stream", 0);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

#endif
