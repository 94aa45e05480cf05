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
	const uint8_t *data;
	uint32_t ele_size, ele_num, size; /* size in bytes; copied at attach */
	uint32_t head;			  /* byte offset of the next element to read */
	bool counts_loss;		  /* the producer counts what it loses */
	bool suspect;			  /* a gap may lie in the next window, at suspect_at */
	bool cut_at_start;		  /* ... and if that is its start, it was told already */
	uint32_t suspect_at;
	uint64_t lost_seen; /* of sbuf_loss.lost, up to the last drain */
};

/*
 * Takes over the ring in memory (length bytes, 8-byte aligned) whose elements must be ele_size
 * bytes. keep: elements already there are kept, else they are skipped; what was lost before is not
 * counted either way. -EBADMSG: no valid ring of that kind; nothing was written then.
 */
int ring_attach(struct ring *ring, void *memory, size_t length, uint32_t ele_size, bool keep,
		struct error *error);

/* Records are missing behind the first `at` elements of a window. */
struct ring_gap {
	uint32_t at;   /* 0..window.count */
	uint64_t lost; /* how many. Without ring.counts_loss always 0: there may be a loss here */
};

struct ring_window {
	uint32_t count;		/* elements copied */
	uint32_t gaps;		/* 0..2, in rising order; */
	struct ring_gap gap[2]; /* with two, the loss is at one or both and the first says 0 */
};

/*
 * Copies all elements that are waiting to elements, which has room for ring->ele_num, and only then
 * gives their room back. -EBADMSG: the header is damaged; nothing is given back.
 */
int ring_drain(struct ring *ring, void *elements, struct ring_window *window, struct error *error);

#endif
