/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The producer's side of a shared ring; acrn-sbuf(5).
 *
 * The header lies in memory that the Service VM writes. The geometry is copied and checked once,
 * when the ring is set up; after that the only thing read from the header is head, and no value of
 * it can make the producer write outside of the ring.
 */
#ifndef HV_CORE_SBUF_H
#define HV_CORE_SBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/abi/sbuf.h"

struct sbuf_producer {
	struct shared_buf *shared;
	uint8_t *data;
	uint32_t size;	   /* bytes */
	uint32_t ele_size; /* bytes */
	uint32_t tail;	   /* byte offset of the next element */
	uint32_t room;	   /* elements that fit before head must be read again */
	uint64_t put;	   /* elements put, */
	uint64_t lost;	   /* and lost, since set-up */
	uint64_t gap_put;  /* put at the latest loss: another value opens a new gap */
};

/*
 * Takes over a ring at shared (8-byte aligned) of at most length bytes, header included, whose
 * elements have to be ele_size bytes. -1 (as the hypercall answers): the header is not that of such
 * a ring. On success the loss extension is in its padding.
 */
int sbuf_producer_init(struct sbuf_producer *producer, struct shared_buf *shared, uint64_t length,
		       uint32_t ele_size);

/* Looks at head again when there is no room: false while the ring is full or head is damaged. */
bool sbuf_refill(struct sbuf_producer *producer);

/* Counts a record made at tsc that there was no room for. */
void sbuf_lose(struct sbuf_producer *producer, uint64_t tsc);

/* Where the next element goes, or NULL: no room. Then sbuf_commit() or sbuf_lose() follows. */
static inline void *sbuf_reserve(struct sbuf_producer *producer)
{
	if (__builtin_expect(producer->room == 0, 0) && !sbuf_refill(producer))
		return NULL;
	return producer->data + producer->tail;
}

/* Makes the element that was written to sbuf_reserve()'s place visible. */
static inline void sbuf_commit(struct sbuf_producer *producer)
{
	uint32_t tail = producer->tail + producer->ele_size;

	if (tail == producer->size)
		tail = 0;
	producer->tail = tail;
	producer->room--;
	producer->put++;
	/* The element before tail; pairs with the consumer's acquire of tail in ring_drain(). */
	__atomic_store_n(&producer->shared->tail, tail, __ATOMIC_RELEASE);
}

/* Puts a copy of the element (ele_size bytes) made at tsc; false: there was no room, and it counts
 * as lost. */
bool sbuf_put(struct sbuf_producer *producer, const void *element, uint64_t tsc);

#endif
