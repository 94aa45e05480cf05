/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The consumer's side of a shared ring; acrn-sbuf(5). Whoever maps the ring hands its memory over.
 * Nothing in the header is trusted after ring_attach(): a damaged header ends in -EBADMSG, never in
 * a read outside of the ring.
 */
#ifndef FORMATS_RING_H
#define FORMATS_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/abi/sbuf.h"
#include "formats/error.h"

struct ring {
	struct shared_buf *shared;
	uint8_t *data;
	uint32_t ele_size, ele_num, size; /* size in bytes; copied at attach */
	uint32_t head;			  /* byte offset of the next element to read; ours */
	bool counts_loss;		  /* the producer counts what it loses */
	uint64_t lost_seen;		  /* of sbuf_loss.lost, up to the last drain */
	uint64_t drained;		  /* elements since attach */
	uint64_t full_at; /* value of drained at which the head last seen by the producer
			   * would let the ring be full */
};

/*
 * Takes over the ring in memory (length bytes, 8-byte aligned) whose elements must be ele_size
 * bytes. keep: elements already there are kept, else they are skipped; what was lost before is not
 * counted either way. -EBADMSG: no valid ring of that kind; memory is not touched then.
 */
int ring_attach(struct ring *ring, void *memory, size_t length, uint32_t ele_size, bool keep,
		struct error *error);

/*
 * What one drain found. The records lost, if any, have their gap behind the first gap_at elements
 * of the window (0: before all, count: behind all).
 */
struct ring_window {
	uint32_t count; /* elements copied */
	bool gap;	/* records may be or were lost */
	uint32_t gap_at;
	uint64_t lost; /* how many, where ring.counts_loss; else 0 */
};

/*
 * Copies the filled window, at most max elements, to elements, and only then gives the room back.
 * -EBADMSG: the header is damaged (magic, geometry or tail); elements holds nothing then.
 */
int ring_drain(struct ring *ring, void *elements, uint32_t max, struct ring_window *window,
	       struct error *error);

/* Elements waiting; an estimate by the time it returns. */
uint32_t ring_fill(const struct ring *ring);

#endif
