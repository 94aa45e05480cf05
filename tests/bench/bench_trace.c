// SPDX-License-Identifier: BSD-3-Clause
/*
 * What a trace point costs, beside its reference: a bare rdtsc and a store of 32 bytes that goes
 * through a ring's memory in the same way. Cycles of the TSC, the best of many rounds, in one run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/core/trace.h"

#define ELEMENTS 4096UL /* 128 KiB: what the reader has just left is in the cache */
#define ROUNDS 400U

static struct pcpu pcpu;
static struct shared_buf *shared;

static void reset_ring(void)
{
	*shared = (struct shared_buf){
		.magic = SBUF_MAGIC,
		.ele_num = ELEMENTS + 1,
		.ele_size = SBUF_TRACE_ELE_SIZE,
		.size = (ELEMENTS + 1) * SBUF_TRACE_ELE_SIZE,
	};
	if (sbuf_producer_init(&pcpu.rings[SBUF_TRACE], shared,
			       SBUF_HEADER_SIZE + (ELEMENTS + 1) * SBUF_TRACE_ELE_SIZE,
			       SBUF_TRACE_ELE_SIZE))
		abort();
}

static __attribute__((noinline)) void bare(struct trace_record *records)
{
	for (uint32_t i = 0; i < ELEMENTS; i++) {
		records[i].tsc = arch_tsc();
		records[i].word = TRACE_WORD(TRACE_VM_EXIT, TRACE_2L, 0);
		records[i].e = i;
		records[i].f = i;
		/* Each store is made, as others are to see it. */
		__asm__ volatile("" ::: "memory");
	}
}

static __attribute__((noinline)) void traced(void)
{
	for (uint32_t i = 0; i < ELEMENTS; i++) {
		trace_2l(&pcpu, TRACE_VM_EXIT, i, i);
		__asm__ volatile("" ::: "memory");
	}
}

static __attribute__((noinline)) void empty(void)
{
	for (uint32_t i = 0; i < ELEMENTS; i++)
		__asm__ volatile("" ::: "memory");
}

static uint64_t smaller(uint64_t best, uint64_t start)
{
	uint64_t cycles = arch_tsc() - start;

	return cycles < best ? cycles : best;
}

int main(void)
{
	uint64_t best_bare = UINT64_MAX, best_on = UINT64_MAX, best_off = UINT64_MAX;
	uint64_t best_empty = UINT64_MAX;
	double per_bare, per_on;

	shared = aligned_alloc(4096, (ELEMENTS + 256) * SBUF_TRACE_ELE_SIZE);
	if (!shared)
		return 1;
	memset(shared, 0, (ELEMENTS + 256) * SBUF_TRACE_ELE_SIZE);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t start = arch_tsc();

		bare((struct trace_record *)(shared + 1));
		best_bare = smaller(best_bare, start);
		reset_ring();
		pcpu.trace = &pcpu.rings[SBUF_TRACE];
		start = arch_tsc();
		traced();
		best_on = smaller(best_on, start);
		if (pcpu.trace->put != ELEMENTS || pcpu.trace->lost)
			abort();
		pcpu.trace = NULL;
		start = arch_tsc();
		traced();
		best_off = smaller(best_off, start);
		start = arch_tsc();
		empty();
		best_empty = smaller(best_empty, start);
	}
	per_bare = (double)best_bare / ELEMENTS;
	per_on = (double)best_on / ELEMENTS;
	printf("trace_reference %.2f cycles/event\n", per_bare);
	printf("trace_on %.2f cycles/event\n", per_on);
	printf("trace_off %.2f cycles/event\n", ((double)best_off - (double)best_empty) / ELEMENTS);
	printf("trace_ratio %.3f x\n", per_on / per_bare);
	free(shared);
	return 0;
}
