// SPDX-License-Identifier: BSD-3-Clause
/* The producer's side of a shared ring; acrn-sbuf(5). */
#include <string.h>

#include "hv/core/sbuf.h"

int sbuf_producer_init(struct sbuf_producer *producer, struct shared_buf *shared, uint64_t length,
		       uint32_t ele_size)
{
	struct shared_buf header;
	struct sbuf_loss *loss = sbuf_loss_of(shared);

	if (length < SBUF_HEADER_SIZE)
		return -1;
	memcpy(&header, shared, sizeof(header));
	if (header.magic != SBUF_MAGIC || header.ele_size != ele_size || header.ele_num < 2 ||
	    header.ele_num > (length - SBUF_HEADER_SIZE) / ele_size ||
	    header.size != header.ele_num * ele_size)
		return -1;
	if (header.tail >= header.size || header.tail % ele_size || header.head >= header.size ||
	    header.head % ele_size)
		return -1;
	*producer = (struct sbuf_producer){
		.shared = shared,
		.data = (uint8_t *)shared + SBUF_HEADER_SIZE,
		.size = header.size,
		.ele_size = ele_size,
		.tail = header.tail,
		.gap_put = UINT64_MAX,
	};
	loss->lost = 0;
	loss->first_tsc = 0;
	/* A consumer that sees the cookie sees counts that start at 0. */
	__atomic_store_n(&loss->cookie, SBUF_LOSS_COOKIE, __ATOMIC_RELEASE);
	return 0;
}

bool sbuf_refill(struct sbuf_producer *producer)
{
	uint32_t head, used;

	/*
	 * Tail before head; pairs with the fence in ring_drain(): either this side sees the new
	 * head, or that one sees that the ring was full before it.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* Pairs with the release of head in ring_drain(): the elements up to it have been copied.
	 */
	head = __atomic_load_n(&producer->shared->head, __ATOMIC_ACQUIRE);
	if (head >= producer->size || head % producer->ele_size)
		return false;
	used = producer->tail >= head ? producer->tail - head
				      : producer->size - head + producer->tail;
	producer->room = (producer->size - used) / producer->ele_size - 1;
	return producer->room > 0;
}

void sbuf_lose(struct sbuf_producer *producer, uint64_t tsc)
{
	struct sbuf_loss *loss = sbuf_loss_of(producer->shared);

	if (producer->gap_put != producer->put) {
		producer->gap_put = producer->put;
		__atomic_store_n(&loss->first_tsc, tsc, __ATOMIC_RELAXED);
	}
	producer->lost++;
	/* After first_tsc, and before the tail of any later element: see ring_drain(). */
	__atomic_store_n(&loss->lost, producer->lost, __ATOMIC_RELEASE);
}

bool sbuf_put(struct sbuf_producer *producer, const void *element, uint64_t tsc)
{
	void *slot = sbuf_reserve(producer);

	if (!slot) {
		sbuf_lose(producer, tsc);
		return false;
	}
	memcpy(slot, element, producer->ele_size);
	sbuf_commit(producer);
	return true;
}
