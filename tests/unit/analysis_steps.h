/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of the analysis: captures made by hand, and how they are handed over. */
#ifndef TESTS_ANALYSIS_STEPS_H
#define TESTS_ANALYSIS_STEPS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/analysis.h"
#include "formats/analysis_rows.h"
#include "formats/events.h"

/* A record of a pCPU's ring, or a loss at that place. */
struct step {
	bool loss, unknown;
	uint64_t lost;
	struct trace_record record;
};

#define RECORD(at, event, form, first, second)              \
	{                                                   \
		.record = {                                 \
			.tsc = (at),                        \
			.word = TRACE_WORD(event, form, 0), \
			{ { (first), (second) } }           \
		}                                           \
	}
#define EXIT(at, reason) RECORD(at, TRACE_VM_EXIT, TRACE_2L, reason, 0x1234)
#define ENTER(at) RECORD(at, TRACE_VM_ENTER, TRACE_2L, 0, 0)
#define ENTER_OF(at, vm, vcpu) RECORD(at, TRACE_VM_ENTER, TRACE_2L, TRACE_ENTER(vm, vcpu), 0)
#define TIMER(at) RECORD(at, TRACE_TIMER_ADDED, TRACE_2L, (at) + 1000, 0)
#define SCHED(at, names)                                                      \
	{                                                                     \
		.record = {                                                   \
			.tsc = (at),                                          \
			.word = TRACE_WORD(TRACE_SCHED_NEXT, TRACE_16STR, 0), \
			{ .str = names }                                      \
		}                                                             \
	}
#define LOSS(n)                           \
	{                                 \
		.loss = true, .lost = (n) \
	}
#define UNKNOWN_LOSS                          \
	{                                     \
		.loss = true, .unknown = true \
	}
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Hands steps over in chunks of at most chunk records. */
static void feed(struct analysis *analysis, uint16_t pcpu, const struct step *steps, size_t nr,
		 uint32_t chunk)
{
	struct columns_buffer *buffer = columns_buffer_new();
	struct trace_record *records = calloc(chunk, sizeof(*records));
	struct trace_item item;
	struct error error;
	uint32_t n = 0;

	assert_non_null(buffer);
	for (size_t i = 0; i <= nr; i++) {
		bool loss = i < nr && steps[i].loss;

		if (n && (i == nr || loss || n == chunk)) {
			item.kind = ITEM_TRACE;
			assert_int_equal(columns_split(buffer, pcpu, records, n, &item.columns), 0);
			assert_int_equal(analysis_add(analysis, &item, &error), 0);
			n = 0;
		}
		if (loss) {
			item.kind = ITEM_LOSS;
			item.loss = (struct trace_loss){ .pcpu = pcpu,
							 .unknown = steps[i].unknown,
							 .count = steps[i].lost };
			assert_int_equal(analysis_add(analysis, &item, &error), 0);
		} else if (i < nr) {
			records[n++] = steps[i].record;
		}
	}
	free(records);
	columns_buffer_free(buffer);
}

static inline struct analysis *new_analysis(unsigned int details, uint64_t from, uint64_t to)
{
	const struct analysis_options options = { .details = details, .from = from, .to = to };
	struct analysis *analysis = analysis_new(&options);

	assert_non_null(analysis);
	return analysis;
}

static void unmatched(const struct analysis *analysis, uint64_t *enters, uint64_t *exits)
{
	*enters = *exits = 0;
	for (unsigned int p = 0; p < ANALYSIS_MAX_PCPUS; p++) {
		const struct analysis_pcpu *pcpu = analysis_pcpu(analysis, p);

		for (const struct analysis_account *a = pcpu ? pcpu->accounts : NULL; a;
		     a = a->next) {
			*enters += a->unmatched_enters;
			*exits += a->unmatched_exits;
		}
	}
}

/* All the time looked at is somebody's. */
static void assert_conserved(const struct analysis_pcpu *pcpu)
{
	uint64_t sum = pcpu->idle + pcpu->other + pcpu->unknown;

	for (const struct analysis_account *a = pcpu->accounts; a; a = a->next)
		sum += a->guest + a->hv;
	assert_int_equal(sum, pcpu->span);
}

#endif
