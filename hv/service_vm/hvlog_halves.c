// SPDX-License-Identifier: GPL-2.0
/*
 * The halves of the log's memory; acrn-sbuf(5). Each has a ring for each pCPU. One half gets this
 * boot's log, the other one may have the last boot's.
 *
 * The magic alone tells a log of the last boot from nothing, but not from this boot's: this module
 * may have been loaded before, or the hypervisor may have made the rings itself. So a ring that was
 * made or taken over here has the id of the boot in the header's reserved word; and acrnscope's
 * hypervisor, which makes its rings before any Linux runs, leaves its cookie and no id.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include <asm/barrier.h>

#include "hvlog.h"

#define ELEMENTS_MIN 16U /* a ring that cannot hold a few lines is of no use */

static bool is_log(const struct hvlog *log, const struct shared_buf *ring, u64 magic)
{
	return ring->magic == magic && ring->ele_num == log->ele_num &&
	       ring->ele_size == SBUF_HVLOG_ELE_SIZE && ring->tail < hvlog_data_size(log) &&
	       ring->tail % SBUF_HVLOG_ELE_SIZE == 0;
}

static bool by_hypervisor(struct shared_buf *ring)
{
	return !ring->reserved && sbuf_loss_of(ring)->cookie == SBUF_LOSS_COOKIE;
}

static bool of_this_boot(const struct hvlog *log, struct shared_buf *ring)
{
	return is_log(log, ring, SBUF_MAGIC) &&
	       (ring->reserved == log->boot_id || by_hypervisor(ring));
}

static bool half_has_log(const struct hvlog *log, unsigned int half, bool this_boot)
{
	for (unsigned int pcpu = 0; pcpu < log->nr_pcpus; pcpu++) {
		struct shared_buf *ring = hvlog_ring(log, half, pcpu);

		if (this_boot ? of_this_boot(log, ring) : is_log(log, ring, SBUF_MAGIC))
			return true;
	}
	return false;
}

static u8 *data_of(struct shared_buf *ring)
{
	return (u8 *)ring + SBUF_HEADER_SIZE;
}

static u32 next_element(u32 offset, u32 data_size)
{
	offset += SBUF_HVLOG_ELE_SIZE;
	return offset < data_size ? offset : 0;
}

/* What is behind tail in a ring that was cleared when it was made is from before the wrap. */
void hvlog_rewind_last(struct shared_buf *ring, u32 data_size)
{
	u32 tail = READ_ONCE(ring->tail), oldest;

	/* A program may have it mapped. */
	if (tail >= data_size || tail % SBUF_HVLOG_ELE_SIZE)
		return;
	oldest = next_element(tail, data_size);
	WRITE_ONCE(ring->head, data_of(ring)[oldest] ? oldest : 0);
}

/*
 * Closes a ring of the last boot. The element at tail is left out: a crash may have come while it
 * was written. A ring that others made was not cleared: there head has to tell whether it wrapped,
 * and what is no log behind tail is cleared now.
 */
static void take_over(const struct hvlog *log, struct shared_buf *ring)
{
	u32 data_size = hvlog_data_size(log);

	if (!ring->reserved && ring->head <= ring->tail)
		memset(data_of(ring) + ring->tail, 0, data_size - ring->tail);
	ring->reserved = log->boot_id;
	ring->magic = SBUF_MAGIC_LAST;
	hvlog_rewind_last(ring, data_size);
}

static void make_ring(const struct hvlog *log, struct shared_buf *ring)
{
	memset(ring, 0, log->ring_size);
	ring->ele_num = log->ele_num;
	ring->ele_size = SBUF_HVLOG_ELE_SIZE;
	ring->size = hvlog_data_size(log);
	ring->reserved = log->boot_id;
	/* A crash in between leaves no ring. */
	smp_store_release(&ring->magic, SBUF_MAGIC);
}

static bool head_valid(const struct hvlog *log, const struct shared_buf *ring)
{
	return ring->head < hvlog_data_size(log) && ring->head % SBUF_HVLOG_ELE_SIZE == 0;
}

static void prepare_rings(const struct hvlog *log)
{
	for (unsigned int pcpu = 0; pcpu < log->nr_pcpus; pcpu++) {
		struct shared_buf *ring = hvlog_ring(log, log->current_half, pcpu);
		struct shared_buf *last = hvlog_ring(log, !log->current_half, pcpu);
		bool closed = last->magic == SBUF_MAGIC_LAST;

		if (is_log(log, last, SBUF_MAGIC) ||
		    (closed && is_log(log, last, SBUF_MAGIC_LAST) && by_hypervisor(last)))
			take_over(log, last);
		else if (closed && last->reserved != log->boot_id)
			last->magic = 0; /* of the boot before the last one */
		if (!of_this_boot(log, ring))
			make_ring(log, ring);
		else if (!head_valid(log, ring))
			ring->head = ring->tail;
	}
}

int hvlog_find_halves(struct hvlog *log)
{
	/* Headers stay aligned, whatever the number of pCPUs. */
	log->ring_size = (log->size / 2 / log->nr_pcpus) & ~7UL;
	if (log->ring_size < SBUF_HEADER_SIZE + ELEMENTS_MIN * SBUF_HVLOG_ELE_SIZE)
		return -EINVAL;
	log->ele_num = (log->ring_size - SBUF_HEADER_SIZE) / SBUF_HVLOG_ELE_SIZE;
	if (half_has_log(log, 0, true))
		log->current_half = 0;
	else if (half_has_log(log, 1, true))
		log->current_half = 1;
	else
		log->current_half = half_has_log(log, 0, false);
	log->made_by_hypervisor = by_hypervisor(hvlog_ring(log, log->current_half, 0));
	prepare_rings(log);
	return 0;
}

bool hvlog_is_last(const struct hvlog *log, unsigned int pcpu)
{
	return is_log(log, hvlog_ring(log, !log->current_half, pcpu), SBUF_MAGIC_LAST);
}
