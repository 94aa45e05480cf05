/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams together with the truth of what is in them, and a reader that compares. */
#ifndef TESTS_STREAM_TRUTH_H
#define TESTS_STREAM_TRUTH_H

#include <errno.h>
#include <limits.h>

#include "formats/stream.h"
#include "tests/unit/stream_support.h"

#define TRUTH_ITEMS 1500

struct truth_item {
	uint32_t count; /* 0: a loss */
	struct trace_record *records;
	struct trace_loss loss;
	uint16_t pcpu;
	long end; /* bytes of the stream up to here */
};

struct truth {
	struct truth_item items[TRUTH_ITEMS];
	unsigned int nr_items;
	struct stream_header header;
};

static inline void truth_header(struct stream_header *header)
{
	*header = (struct stream_header){
		.host = "host",
		.kernel = "6.1",
		.hypervisor = "hv 1",
		.command = "record -o x",
		.tsc_khz = 2100000,
		.tsc_source = "cpuid",
		.tsc = 1234567890123ULL,
		.wall_ns = -5,
		.mono_ns = 77,
		.pcpus = { 3, 700 },
		.nr_pcpus = 2,
		.vms = { { 0, "Service VM" }, { 1, "rt" } },
		.nr_vms = 2,
	};
}

/* What was planned; write_truth() writes it and fills in the ends. */
static inline void plan_chunk(struct truth *truth, uint16_t pcpu, enum records_kind kind,
			      uint32_t count)
{
	struct truth_item *item = &truth->items[truth->nr_items++];

	item->records = make_records(kind, count, truth->nr_items);
	item->count = count;
	item->pcpu = pcpu;
}

static inline void plan_loss(struct truth *truth, struct trace_loss loss)
{
	struct truth_item *item = &truth->items[truth->nr_items++];

	item->loss = loss;
	item->pcpu = loss.pcpu;
}

static inline struct truth *truth_new(void)
{
	struct truth *truth = calloc(1, sizeof(*truth));

	assert_non_null(truth);
	truth_header(&truth->header);
	return truth;
}

static inline void truth_free(struct truth *truth)
{
	for (unsigned int i = 0; i < truth->nr_items; i++)
		free(truth->items[i].records);
	free(truth);
}

/* A small one with all there is, for tests that take it apart byte by byte. */
static inline struct truth *small_truth(void)
{
	struct truth *truth = truth_new();

	plan_chunk(truth, 3, RECORDS_PLAIN, 40);
	plan_chunk(truth, 700, RECORDS_PLAIN, 25);
	plan_loss(truth, (struct trace_loss){ .pcpu = 3, .count = 99, .from_tsc = 1, .to_tsc = 2 });
	plan_chunk(truth, 3, RECORDS_NOISE, 9);
	plan_chunk(truth, 3, RECORDS_PAIRS, 30);
	plan_loss(truth, (struct trace_loss){ .pcpu = 700, .unknown = true, .from_tsc = 8 });
	plan_chunk(truth, 700, RECORDS_EQUAL, 1);
	plan_chunk(truth, 3, RECORDS_EXTREMES, 20);
	return truth;
}

/* Enough frames for several Index packets. */
static inline struct truth *long_truth(bool losses)
{
	struct truth *truth = truth_new();

	for (unsigned int i = 0; i < 1200; i++) {
		plan_chunk(truth, i % 3 ? 3 : 700, RECORDS_PLAIN, 1 + i % 7);
		for (uint32_t k = 0; k < 1 + i % 7; k++)
			truth->items[truth->nr_items - 1].records[k].tsc += 100000ULL * i;
		if (losses && i % 50 == 17)
			plan_loss(truth, (struct trace_loss){ .pcpu = 3, .count = i });
	}
	return truth;
}

static inline int write_item(struct stream_writer *writer, const struct truth_item *item,
			     struct error *error)
{
	if (item->count)
		return stream_write_trace(writer, item->pcpu, item->records, item->count, error);
	return stream_write_loss(writer, &item->loss, error);
}

/* Writes all items to fd; end: close the stream, else abandon it. */
static inline void write_truth(struct truth *truth, int fd, bool end)
{
	struct stream_writer *writer;
	struct stream_totals totals;
	struct error error = { "" };

	assert_int_equal(stream_writer_open(&writer, fd, 1, &truth->header, &error), 0);
	for (unsigned int i = 0; i < truth->nr_items; i++) {
		assert_int_equal(write_item(writer, &truth->items[i], &error), 0);
		stream_writer_totals(writer, -1, &totals);
		truth->items[i].end = (long)totals.bytes;
	}
	if (end)
		assert_int_equal(stream_writer_close(writer, "it was time", &error), 0);
	else
		stream_writer_abandon(writer);
}

/* The stream in memory, to be freed. */
static inline uint8_t *truth_bytes(struct truth *truth, bool end, size_t *size)
{
	int fd = memfd_create("truth", 0);
	uint8_t *bytes;

	assert_true(fd >= 0);
	write_truth(truth, fd, end);
	*size = (size_t)lseek(fd, 0, SEEK_END);
	bytes = malloc(*size);
	assert_non_null(bytes);
	assert_int_equal(pread(fd, bytes, *size, 0), (ssize_t)*size);
	close(fd);
	return bytes;
}

static inline bool loss_equal(const struct trace_loss *a, const struct trace_loss *b)
{
	return a->pcpu == b->pcpu && a->unknown == b->unknown && a->count == b->count &&
	       a->from_tsc == b->from_tsc && a->to_tsc == b->to_tsc;
}

/* Only what is given without payload: TSC, word, and e of the three events. */
static inline void check_core(const struct trace_columns *columns, const struct truth_item *item)
{
	uint32_t *next = calloc(columns->words, sizeof(*next));

	assert_non_null(next);
	for (uint32_t i = 0; i < columns->count; i++) {
		const struct trace_record *record = &item->records[i];
		uint64_t event = TRACE_WORD_EVENT(record->word);
		uint16_t w = columns->word_of[i];
		uint32_t at = next[w]++;

		assert_int_equal(columns->tsc[i], record->tsc);
		assert_int_equal(columns->word[w], record->word);
		assert_true(at < columns->payload[w].count);
		if (event == TRACE_VM_EXIT || event == TRACE_VM_ENTER || event == TRACE_SCHED_NEXT)
			assert_int_equal(columns->payload[w].e[at], record->e);
	}
	free(next);
}

static inline void check_item(const struct trace_item *given, const struct truth_item *item,
			      bool payload)
{
	assert_int_equal(given->kind, item->count ? ITEM_TRACE : ITEM_LOSS);
	if (!item->count) {
		assert_true(loss_equal(&given->loss, &item->loss));
		return;
	}
	assert_int_equal(given->columns.pcpu, item->pcpu);
	assert_int_equal(given->columns.count, item->count);
	if (payload) {
		struct trace_record *joined = calloc(item->count, sizeof(*joined));

		assert_non_null(joined);
		assert_int_equal(columns_join(&given->columns, joined), 0);
		assert_memory_equal(joined, item->records, item->count * sizeof(*joined));
		free(joined);
	} else {
		check_core(&given->columns, item);
	}
}

/*
 * Reads fd (and closes it): every item must be the next of the truth that the filter lets through.
 * Returns how the stream ended, 0 or a negative errno; given is how many items came.
 */
static inline int read_truth(const struct truth *truth, int fd, const struct source_filter *filter,
			     unsigned int *given, struct error *error)
{
	struct source *source;
	struct trace_item item;
	unsigned int at = 0;
	int err = source_open_stream(&source, fd, "FILE", filter, error);

	*given = 0;
	if (err)
		return err;
	for (;;) {
		err = source_next(source, &item, error);
		if (err || item.kind == ITEM_END)
			break;
		while (at < truth->nr_items && filter->one_pcpu &&
		       truth->items[at].pcpu != filter->pcpu)
			at++;
		assert_true(at < truth->nr_items);
		check_item(&item, &truth->items[at++], filter->payload);
		++*given;
	}
	if (err) /* and then nothing more, but the same error */
		assert_int_equal(source_next(source, &item, error), err);
	source_close(source);
	return err;
}

#endif
