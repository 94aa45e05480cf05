/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A chunk of trace records as columns: what a stream holds and what an analysis walks. Records with
 * the same second word (event, form, pCPU) share their payload columns.
 */
#ifndef FORMATS_COLUMNS_H
#define FORMATS_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/abi/trace.h"

#define CHUNK_RECORDS 65536U

struct trace_payload {
	uint32_t count;	   /* records of the chunk that have this word */
	const uint64_t *e; /* count values, or NULL: not read */
	const uint64_t *f;
};

/*
 * The i-th record has tsc[i] and word[word_of[i]]; its payload is the next unused entry of
 * payload[word_of[i]]. e of vm_exit, vm_enter and sched_next is always there; the rest where the
 * reader was asked for it. All memory belongs to whoever made the chunk.
 */
struct trace_columns {
	uint16_t pcpu;	/* whose ring */
	uint32_t count; /* 1..CHUNK_RECORDS */
	const uint64_t *tsc;
	const uint16_t *word_of;
	uint32_t words;
	const uint64_t *word;
	const struct trace_payload *payload; /* one a word */
};

/* Buffers for one chunk as columns; grows to what one chunk needs and no further. */
struct columns_buffer;

struct columns_buffer *columns_buffer_new(void); /* NULL: no memory */
void columns_buffer_free(struct columns_buffer *buffer);

/*
 * Splits count (1..CHUNK_RECORDS) records of pCPU pcpu's ring into columns, all payload included.
 * The result points into buffer and is good until its next use. -ENOMEM.
 */
int columns_split(struct columns_buffer *buffer, uint16_t pcpu, const struct trace_record *records,
		  uint32_t count, struct trace_columns *columns);

/*
 * Puts the records together again, as they were; records has room for columns->count. All payload
 * must be there: -EINVAL.
 */
int columns_join(const struct trace_columns *columns, struct trace_record *records);

#endif
