// SPDX-License-Identifier: BSD-3-Clause
/* The merge by time, over sources that give what a test has written down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/source.h"
#include "formats/stream.h"

#define MAX_ITEMS 512U

/* One step of a source: records with these TSCs, or a loss, or an error. */
struct step {
	enum { RECORDS, LOSS, BREAK, NO_PAYLOAD } kind;
	uint32_t first, count; /* of tscs */
	struct trace_loss loss;
};

struct script {
	unsigned int nr_steps;
	struct step steps[MAX_ITEMS];
	const uint64_t *tscs;
};

struct fake {
	struct source source;
	const struct script *script;
	uint16_t pcpu;
	unsigned int at;
	struct columns_buffer *buffer;
	struct trace_record *records;
};

static struct script scripts[300];
static unsigned int open_sources;
static const struct stream_header header;

static int fake_next(struct source *source, struct trace_item *item, struct error *error)
{
	struct fake *fake = (struct fake *)source;
	const struct step *step = &fake->script->steps[fake->at];

	if (fake->at == fake->script->nr_steps) {
		item->kind = ITEM_END;
		return 0;
	}
	fake->at++;
	if (step->kind == BREAK)
		return error_set(error, ENODATA, "pCPU %u broke off", fake->pcpu);
	item->loss = step->loss;
	item->kind = step->kind == LOSS ? ITEM_LOSS : ITEM_TRACE;
	if (step->kind == LOSS)
		return 0;
	for (uint32_t i = 0; i < step->count; i++) {
		struct trace_record *record = &fake->records[i];

		record->tsc = fake->script->tscs[step->first + i];
		record->word = TRACE_WORD(i % 3 + 1, TRACE_2L, fake->pcpu);
		record->e = step->first + i; /* its place in the ring */
		record->f = ~record->tsc;
	}
	assert_int_equal(
		columns_split(fake->buffer, fake->pcpu, fake->records, step->count, &item->columns),
		0);
	if (step->kind == NO_PAYLOAD)
		((struct trace_payload *)item->columns.payload)->e = NULL;
	return 0;
}

static void fake_close(struct source *source)
{
	struct fake *fake = (struct fake *)source;

	columns_buffer_free(fake->buffer);
	free(fake->records);
	free(fake);
	open_sources--;
}

static int fake_open(void *context, uint16_t pcpu, struct source **source, struct error *error)
{
	struct fake *fake;

	if (context && *(uint16_t *)context == pcpu)
		return error_set(error, EACCES, "pCPU %u: no", pcpu);
	fake = calloc(1, sizeof(*fake));
	assert_non_null(fake);
	fake->source = (struct source){ fake_next, fake_close, &header, true };
	fake->script = &scripts[pcpu];
	fake->pcpu = pcpu;
	fake->buffer = columns_buffer_new();
	fake->records = malloc(CHUNK_RECORDS * sizeof(*fake->records));
	assert_non_null(fake->buffer);
	assert_non_null(fake->records);
	*source = &fake->source;
	open_sources++;
	return 0;
}

static void add_records(uint16_t pcpu, uint32_t first, uint32_t count)
{
	struct script *script = &scripts[pcpu];

	script->steps[script->nr_steps++] =
		(struct step){ .kind = RECORDS, .first = first, .count = count };
}

static void add_loss(uint16_t pcpu, uint64_t lost, uint64_t from, uint64_t to)
{
	struct script *script = &scripts[pcpu];

	script->steps[script->nr_steps++] = (struct step){
		.kind = LOSS,
		.loss = { .pcpu = pcpu, .count = lost, .from_tsc = from, .to_tsc = to }
	};
}

static void add_break(uint16_t pcpu)
{
	struct script *script = &scripts[pcpu];

	script->steps[script->nr_steps++].kind = BREAK;
}

static int setup(void **state)
{
	(void)state;
	memset(scripts, 0, sizeof(scripts));
	return 0;
}

static struct merge *open_merge(unsigned int nr_pcpus)
{
	uint16_t pcpus[300];
	struct merge *merge;
	struct error error;

	for (unsigned int i = 0; i < nr_pcpus; i++)
		pcpus[i] = (uint16_t)i;
	assert_int_equal(merge_open(&merge, pcpus, nr_pcpus, fake_open, NULL, &error), 0);
	return merge;
}

/*
 * What comes out, as words: "0:5" a record of pCPU 0 with TSC 5, "0-7" a loss of 7 there; then the
 * end, or the error.
 */
static void assert_merged(unsigned int nr_pcpus, const char *wanted)
{
	struct merge *merge = open_merge(nr_pcpus);
	struct merge_record record;
	struct error error = { "" };
	char got[4096] = "";
	size_t length = 0;
	int rc;

	while ((rc = merge_next(merge, &record, &error)) > 0) {
		if (record.record) {
			length += (size_t)sprintf(got + length, "%u:%llu ", record.pcpu,
						  (unsigned long long)record.record->tsc);
			assert_int_equal(record.record->f, ~record.record->tsc);
		} else {
			assert_int_equal(record.loss.pcpu, record.pcpu);
			length += (size_t)sprintf(got + length, "%u-%llu ", record.pcpu,
						  (unsigned long long)record.loss.count);
		}
	}
	sprintf(got + length, "%s", rc ? error.text : "end");
	assert_string_equal(got, wanted);
	/* it stays at its end */
	assert_int_equal(merge_next(merge, &record, &error), rc);
	merge_close(merge);
	assert_int_equal(open_sources, 0);
}

static void test_order(void **state)
{
	static const uint64_t a[] = { 1, 5, 5, 9 }, b[] = { 2, 5, 6, 7, 9 }, c[] = { 0, 100 };

	(void)state;
	scripts[0].tscs = a;
	scripts[1].tscs = b;
	scripts[3].tscs = c;
	add_records(0, 0, 2);
	add_records(0, 2, 2);
	add_records(1, 0, 5);
	add_records(3, 0, 1);
	add_records(3, 1, 1);
	assert_merged(4, "3:0 0:1 1:2 0:5 0:5 1:5 1:6 1:7 0:9 1:9 3:100 end");
}

static void test_empty(void **state)
{
	static const uint64_t a[] = { 3 };

	(void)state;
	assert_merged(0, "end");
	assert_merged(3, "end");
	scripts[1].tscs = a;
	add_records(1, 0, 1);
	assert_merged(3, "1:3 end");
}

/* Each before the first record after it, whatever TSC it names. */
static void test_losses(void **state)
{
	static const uint64_t a[] = { 10, 20, 30 }, b[] = { 5, 15, 25, 35 };

	(void)state;
	scripts[0].tscs = a;
	scripts[1].tscs = b;
	add_loss(0, 1, 0, 10);
	add_records(0, 0, 1);
	add_loss(0, 2, 10, UINT64_MAX); /* it lies */
	add_records(0, 1, 1);
	add_loss(0, 3, 20, 0);
	add_loss(0, 4, 20, 1);
	add_loss(0, 5, 20, 30);
	add_records(0, 2, 1);
	add_loss(0, 6, 30, 0); /* at the end */
	add_records(1, 0, 4);
	add_loss(1, 7, 35, 0);
	assert_merged(2, "1:5 0-1 0:10 1:15 0-2 0:20 0-3 0-4 1:25 0-5 0:30 0-6 1:35 1-7 end");
}

static void test_only_losses(void **state)
{
	static const uint64_t b[] = { 5 };

	(void)state;
	add_loss(0, 1, 0, 0);
	add_loss(0, 2, 0, 0);
	scripts[1].tscs = b;
	add_records(1, 0, 1);
	assert_merged(2, "0-1 0-2 1:5 end");
}

/* One breaks off: all that it and the others have is given first, then its error. */
static void test_break(void **state)
{
	static const uint64_t a[] = { 1, 2 }, b[] = { 0, 3, 4 };

	(void)state;
	scripts[0].tscs = a;
	scripts[1].tscs = b;
	add_records(0, 0, 2);
	add_loss(0, 9, 2, 0);
	add_break(0);
	add_records(1, 0, 1);
	add_records(1, 1, 2);
	add_break(1);
	assert_merged(2, "1:0 0:1 0:2 0-9 1:3 1:4 pCPU 0 broke off");
}

static void test_break_at_once(void **state)
{
	(void)state;
	add_break(1);
	assert_merged(2, "pCPU 1 broke off");
}

static void test_no_payload(void **state)
{
	static const uint64_t a[] = { 1 };

	(void)state;
	scripts[0].tscs = a;
	add_records(0, 0, 1);
	scripts[0].steps[0].kind = NO_PAYLOAD;
	assert_merged(1, "pCPU 0: a chunk lacks its payload");
}

static void test_open_fails(void **state)
{
	uint16_t pcpus[] = { 0, 1, 2 }, bad = 1;
	struct merge *merge;
	struct error error;

	(void)state;
	assert_int_equal(merge_open(&merge, pcpus, 3, fake_open, &bad, &error), -EACCES);
	assert_string_equal(error.text, "pCPU 1: no");
	assert_int_equal(open_sources, 0);
}

/* Records that run backwards in a ring stay in the ring's order and none is lost. */
static void test_backwards(void **state)
{
	static const uint64_t a[] = { 10, 3, 12 }, b[] = { 4, 11 };

	(void)state;
	scripts[0].tscs = a;
	scripts[1].tscs = b;
	add_records(0, 0, 3);
	add_records(1, 0, 2);
	assert_merged(2, "1:4 0:10 0:3 1:11 0:12 end");
}

/* Many pCPUs, chunks of any size: all that went in comes out, in order, each ring in its own. */
static void test_many(void **state)
{
	enum { PCPUS = 64, RECORDS_EACH = 3000 };
	uint64_t *tscs = calloc(PCPUS, RECORDS_EACH * sizeof(*tscs));
	uint32_t seen[PCPUS] = { 0 };
	struct merge *merge;
	struct merge_record record;
	struct error error;
	uint64_t last = 0;
	uint16_t last_pcpu = 0;

	(void)state;
	assert_non_null(tscs);
	srand(3);
	for (unsigned int cpu = 0; cpu < PCPUS; cpu++) {
		uint16_t pcpu = (uint16_t)cpu;
		uint64_t *mine = tscs + (size_t)pcpu * RECORDS_EACH, tsc = (uint64_t)rand() % 100;

		for (uint32_t i = 0; i < RECORDS_EACH; i++)
			mine[i] = tsc += (uint64_t)rand() % (pcpu % 2 ? 4 : 100);
		scripts[pcpu].tscs = mine;
		for (uint32_t i = 0, count; i < RECORDS_EACH; i += count) {
			count = (uint32_t)rand() % 50 + 1;
			if (count > RECORDS_EACH - i)
				count = RECORDS_EACH - i;
			add_records(pcpu, i, count);
		}
	}
	merge = open_merge(PCPUS);
	for (unsigned int i = 0; i < PCPUS * RECORDS_EACH; i++) {
		assert_int_equal(merge_next(merge, &record, &error), 1);
		assert_true(record.record->tsc > last ||
			    (record.record->tsc == last && record.pcpu >= last_pcpu));
		assert_int_equal(record.record->e, seen[record.pcpu]++);
		last = record.record->tsc;
		last_pcpu = record.pcpu;
	}
	assert_int_equal(merge_next(merge, &record, &error), 0);
	for (unsigned int pcpu = 0; pcpu < PCPUS; pcpu++)
		assert_int_equal(seen[pcpu], RECORDS_EACH);
	merge_close(merge);
	free(tscs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_order, setup),
		cmocka_unit_test_setup(test_empty, setup),
		cmocka_unit_test_setup(test_losses, setup),
		cmocka_unit_test_setup(test_only_losses, setup),
		cmocka_unit_test_setup(test_break, setup),
		cmocka_unit_test_setup(test_break_at_once, setup),
		cmocka_unit_test_setup(test_no_payload, setup),
		cmocka_unit_test_setup(test_open_fails, setup),
		cmocka_unit_test_setup(test_backwards, setup),
		cmocka_unit_test_setup(test_many, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
