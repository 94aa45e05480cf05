// SPDX-License-Identifier: BSD-3-Clause
/*
 * The records of all pCPUs in the order of their TSCs. A lane is one pCPU with one chunk of it; a
 * heap has the lane with the lowest TSC on top, and records are taken from that one while they are
 * below the next lane's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/source.h"

struct lane {
	struct source *source;
	uint16_t pcpu;
	bool ended;
	uint32_t at, count;
	struct trace_record *records;
	struct trace_loss loss, next_loss; /* the latter: read already, to come after the former */
	bool has_loss, has_next_loss;
	uint64_t last_tsc;
	uint64_t key; /* TSC at which the lane goes on */
};

struct merge {
	unsigned int nr_lanes, nr_heap;
	struct lane *lanes;
	struct lane **heap;
	uint64_t limit;	 /* lowest key of the lanes below the top */
	bool top_is_out; /* what the top lane had first was given to the caller */
	int err; /* the first lane's that broke off; told when all others are at their end */
	struct error error;
};

/* Breaks the lane off; the others go on to their ends. */
static void lane_fail(struct merge *merge, struct lane *lane, int err, const struct error *error)
{
	lane->ended = true;
	if (!merge->err) {
		merge->err = err;
		merge->error = *error;
	}
}

/* Reads the next item; a chunk goes into records, a loss to *loss and *has_loss. */
static void lane_read(struct merge *merge, struct lane *lane, struct trace_loss *loss,
		      bool *has_loss)
{
	struct error error = { "" };
	struct trace_item item;
	int err = source_next(lane->source, &item, &error);

	if (err) {
		lane_fail(merge, lane, err, &error);
	} else if (item.kind == ITEM_END) {
		lane->ended = true;
	} else if (item.kind == ITEM_LOSS) {
		*loss = item.loss;
		*has_loss = true;
	} else {
		err = columns_join(&item.columns, lane->records);
		if (err) {
			error_set(&error, -err, "pCPU %u: a chunk lacks its payload", lane->pcpu);
			lane_fail(merge, lane, err, &error);
			return;
		}
		lane->at = 0;
		lane->count = item.columns.count;
	}
}

/*
 * Gets more for a lane that has given all. A loss takes its place from the record behind it, so
 * that is read along; without one it follows what was last. False: the lane is at its end.
 */
static bool lane_fill(struct merge *merge, struct lane *lane)
{
	lane->at = lane->count = 0;
	if (lane->has_next_loss) {
		lane->loss = lane->next_loss;
		lane->has_loss = true;
		lane->has_next_loss = false;
	} else if (!lane->ended) {
		lane_read(merge, lane, &lane->loss, &lane->has_loss);
	}
	if (lane->has_loss && !lane->ended)
		lane_read(merge, lane, &lane->next_loss, &lane->has_next_loss);
	lane->key = lane->count ? lane->records[0].tsc : lane->last_tsc;
	return lane->count || lane->has_loss;
}

static bool lane_before(const struct lane *a, const struct lane *b)
{
	return a->key != b->key ? a->key < b->key : a->pcpu < b->pcpu;
}

/* Lets the lane at place at sink to where it belongs. */
static void heap_sink(struct merge *merge, unsigned int at)
{
	struct lane **heap = merge->heap, *lane = heap[at];

	for (;;) {
		unsigned int child = 2 * at + 1;

		if (child + 1 < merge->nr_heap && lane_before(heap[child + 1], heap[child]))
			child++;
		if (child >= merge->nr_heap || !lane_before(heap[child], lane))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = lane;
}

static void heap_set_limit(struct merge *merge)
{
	merge->limit = UINT64_MAX;
	for (unsigned int i = 1; i < merge->nr_heap && i < 3; i++)
		if (merge->heap[i]->key < merge->limit)
			merge->limit = merge->heap[i]->key;
}

/* The top lane has given its loss or its last record, or another lane may be next. */
static void heap_update(struct merge *merge)
{
	struct lane *top = merge->heap[0];

	if (top->at < top->count)
		top->key = top->records[top->at].tsc;
	else if (!lane_fill(merge, top))
		merge->heap[0] = merge->heap[--merge->nr_heap];
	if (merge->nr_heap)
		heap_sink(merge, 0);
	heap_set_limit(merge);
}

/* Puts what the top lane has first into record; a loss goes before the records behind it. */
static void take_top(struct merge *merge, struct merge_record *record)
{
	struct lane *top = merge->heap[0];

	record->pcpu = top->pcpu;
	if (top->has_loss) {
		record->record = NULL;
		record->loss = top->loss;
		top->has_loss = false;
	} else {
		record->record = &top->records[top->at++];
		top->last_tsc = record->record->tsc;
	}
	merge->top_is_out = true;
}

int merge_next(struct merge *merge, struct merge_record *record, struct error *error)
{
	if (merge->top_is_out) {
		struct lane *top = merge->heap[0];

		if (top->at >= top->count || top->records[top->at].tsc >= merge->limit)
			heap_update(merge);
		merge->top_is_out = false;
	}
	if (merge->nr_heap == 0) {
		if (merge->err && error)
			*error = merge->error;
		return merge->err;
	}
	take_top(merge, record);
	return 1;
}

static int lane_open(struct merge *merge, struct lane *lane, merge_open_fn open, void *context,
		     struct error *error)
{
	int err;

	lane->records = malloc(CHUNK_RECORDS * sizeof(*lane->records));
	if (!lane->records)
		return error_set(error, ENOMEM, "pCPU %u: no memory for its records", lane->pcpu);
	err = open(context, lane->pcpu, &lane->source, error);
	if (!err && lane_fill(merge, lane))
		merge->heap[merge->nr_heap++] = lane;
	return err;
}

int merge_open(struct merge **merge, const uint16_t *pcpus, unsigned int nr_pcpus,
	       merge_open_fn open, void *context, struct error *error)
{
	struct merge *new = calloc(1, sizeof(*new));
	int err = -ENOMEM;

	if (!new)
		goto out;
	new->lanes = calloc(nr_pcpus + 1, sizeof(*new->lanes));
	new->heap = calloc(nr_pcpus + 1, sizeof(struct lane *));
	if (!new->lanes || !new->heap)
		goto out;
	for (unsigned int i = 0; i < nr_pcpus; i++) {
		new->lanes[i].pcpu = pcpus[i];
		new->nr_lanes++;
		err = lane_open(new, &new->lanes[i], open, context, error);
		if (err)
			goto out_close;
	}
	for (unsigned int i = new->nr_heap / 2; i-- > 0;)
		heap_sink(new, i);
	heap_set_limit(new);
	*merge = new;
	return 0;
out:
	error_set(error, ENOMEM, "no memory to merge %u pCPUs", nr_pcpus);
out_close:
	merge_close(new);
	return err;
}

void merge_close(struct merge *merge)
{
	if (!merge)
		return;
	for (unsigned int i = 0; i < merge->nr_lanes; i++) {
		source_close(merge->lanes[i].source);
		free(merge->lanes[i].records);
	}
	free(merge->lanes);
	free(merge->heap);
	free(merge);
}
