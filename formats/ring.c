// SPDX-License-Identifier: BSD-3-Clause
/*
 * The consumer's side of a shared ring; acrn-sbuf(5).
 *
 * Where a gap lies follows from when the producer can lose: only when its tail stands right behind
 * the head it sees, that is, at the end of a window that is full. Two such places can lie in a
 * window [head, tail): its end, if the window is full, and the place that was full as seen with the
 * head of the drain before (suspect_at), if the producer got there before that drain published a
 * new one.
 */
#include <errno.h>
#include <string.h>

#include "formats/ring.h"

/* Checks a copy of the header against the memory it is in. */
static bool header_valid(const struct shared_buf *header, size_t length, uint32_t ele_size)
{
	return header->magic == SBUF_MAGIC && header->ele_size == ele_size &&
	       header->ele_num >= 2 && header->ele_num <= (length - SBUF_HEADER_SIZE) / ele_size &&
	       header->size == header->ele_num * ele_size && header->tail < header->size &&
	       header->tail % ele_size == 0 && header->head < header->size &&
	       header->head % ele_size == 0;
}

static uint64_t load_lost(const struct ring *ring)
{
	/* Pairs with the release in sbuf_lose(). */
	return ring->counts_loss
		       ? __atomic_load_n(&sbuf_loss_of(ring->shared)->lost, __ATOMIC_ACQUIRE)
		       : 0;
}

int ring_attach(struct ring *ring, void *memory, size_t length, uint32_t ele_size, bool keep,
		struct error *error)
{
	struct shared_buf header;

	if (length < SBUF_HEADER_SIZE + 2 * (size_t)ele_size)
		return error_set(error, EBADMSG, "no ring: %zu bytes are too few", length);
	memcpy(&header, memory, sizeof(header));
	if (!header_valid(&header, length, ele_size))
		return error_set(
			error, EBADMSG,
			"no valid ring of %u-byte elements: has the hypervisor's driver set it up?",
			ele_size);
	*ring = (struct ring){
		.shared = memory,
		.data = (const uint8_t *)memory + SBUF_HEADER_SIZE,
		.ele_size = ele_size,
		.ele_num = header.ele_num,
		.size = header.size,
		.head = keep ? header.head : header.tail,
	};
	ring->counts_loss = __atomic_load_n(&sbuf_loss_of(memory)->cookie, __ATOMIC_ACQUIRE) ==
			    SBUF_LOSS_COOKIE;
	if (!keep)
		__atomic_store_n(&ring->shared->head, ring->head, __ATOMIC_RELEASE);
	ring->lost_seen = load_lost(ring);
	return 0;
}

/* Bytes from one offset forward to another. */
static uint32_t distance(const struct ring *ring, uint32_t from, uint32_t to)
{
	return to >= from ? to - from : ring->size - from + to;
}

/* The producer's tail, acquired and checked; -EBADMSG also where the geometry has changed. */
static int load_tail(const struct ring *ring, uint32_t *tail, struct error *error)
{
	const struct shared_buf *shared = ring->shared;

	/* Pairs with the release in sbuf_commit(): the elements before it are there. */
	*tail = __atomic_load_n(&shared->tail, __ATOMIC_ACQUIRE);
	if (*tail >= ring->size || *tail % ring->ele_size)
		return error_set(error, EBADMSG, "ring damaged: tail is %u of %u bytes", *tail,
				 ring->size);
	if (__atomic_load_n(&shared->magic, __ATOMIC_RELAXED) != SBUF_MAGIC ||
	    __atomic_load_n(&shared->ele_num, __ATOMIC_RELAXED) != ring->ele_num ||
	    __atomic_load_n(&shared->ele_size, __ATOMIC_RELAXED) != ring->ele_size)
		return error_set(error, EBADMSG, "ring damaged: its header has changed");
	return 0;
}

static void add_gap(struct ring_window *window, uint32_t at, uint64_t lost)
{
	window->gap[window->gaps++] = (struct ring_gap){ .at = at, .lost = lost };
}

/*
 * Tells the gaps of a window. before and after are lost as read before and after tail: what is in
 * before happened at the suspect or at the end of a full window; what only after has may also have
 * happened behind the window, and is counted by the next drain.
 */
static void find_gaps(struct ring *ring, struct ring_window *window, bool full, uint64_t before,
		      uint64_t after)
{
	bool suspect = ring->suspect && !(ring->suspect_at == 0 && ring->cut_at_start);
	uint64_t lost = before - ring->lost_seen;

	ring->lost_seen = before;
	if (!ring->counts_loss) {
		if (suspect)
			add_gap(window, ring->suspect_at, 0);
		if (full)
			add_gap(window, window->count, 0);
	} else if (lost && full) {
		if (suspect)
			add_gap(window, ring->suspect_at, 0);
		add_gap(window, window->count, lost);
	} else if (lost || (suspect && (after != before || ring->suspect_at == window->count))) {
		/*
		 * Where the window ends at the suspect, a producer that was held up there may count
		 * its loss only later. Without a suspect the place was cut by an earlier drain, and
		 * just the count is late.
		 */
		add_gap(window, ring->suspect ? ring->suspect_at : 0, lost);
	}
}

int ring_drain(struct ring *ring, void *elements, struct ring_window *window, struct error *error)
{
	uint64_t lost_before = load_lost(ring), lost_after;
	uint32_t tail, later_tail, filled, first;
	bool full;
	int err;

	*window = (struct ring_window){ 0 };
	err = load_tail(ring, &tail, error);
	if (err)
		return err;
	lost_after = load_lost(ring);
	if (lost_before < ring->lost_seen || lost_after < lost_before)
		return error_set(error, EBADMSG,
				 "ring damaged: its count of losses went backwards");

	filled = distance(ring, ring->head, tail);
	first = filled < ring->size - ring->head ? filled : ring->size - ring->head;
	memcpy(elements, ring->data + ring->head, first);
	memcpy((uint8_t *)elements + first, ring->data, filled - first);
	window->count = filled / ring->ele_size;
	full = window->count == ring->ele_num - 1;
	find_gaps(ring, window, full, lost_before, lost_after);

	/* The copy before head; pairs with the acquire in sbuf_refill(). */
	__atomic_store_n(&ring->shared->head, tail, __ATOMIC_RELEASE);
	/*
	 * Pairs with the fence in sbuf_refill(): a producer that has not reached the old full place
	 * yet sees the new head when it gets there, and loses nothing.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	ring->head = tail;
	later_tail = __atomic_load_n(&ring->shared->tail, __ATOMIC_ACQUIRE);
	if (later_tail >= ring->size)
		later_tail = tail; /* the next drain will say so */
	ring->suspect_at = ring->ele_num - 1 - window->count;
	ring->suspect = distance(ring, tail, later_tail) / ring->ele_size >= ring->suspect_at;
	ring->cut_at_start = window->gaps && window->gap[window->gaps - 1].at == window->count;
	return 0;
}
