/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of acrn_hvlog.ko know of each other. */
#ifndef HVLOG_H
#define HVLOG_H

#include <linux/types.h>

#include "formats/abi/sbuf.h"

struct hvlog {
	phys_addr_t base;
	size_t size; /* bytes, of both halves */
	u32 boot_id; /* never 0; see hvlog_halves.c */

	u8 *memory; /* mapped */
	unsigned int nr_pcpus;
	u32 ring_size, ele_num; /* of a ring; ring_size is in bytes, header included */
	unsigned int current_half;
	bool made_by_hypervisor; /* it logs into the current half whether we are there or not */
};

/*
 * Fills base, size and boot_id. parameter is <size>@<base>; where it is NULL the kernel's command
 * line is asked for hvlog=. Says what is wrong.
 */
int hvlog_place(struct hvlog *log, const char *parameter);

/*
 * With memory and nr_pcpus known: divides the memory, finds the half that is this boot's and makes
 * its rings, and takes over the other one where it has the last boot's log. -EINVAL: too small.
 */
int hvlog_find_halves(struct hvlog *log);

/* Bytes of elements in a ring. */
static inline u32 hvlog_data_size(const struct hvlog *log)
{
	return log->ele_num * SBUF_HVLOG_ELE_SIZE;
}

/* From log->base and log->memory. */
static inline size_t hvlog_offset(const struct hvlog *log, unsigned int half, unsigned int pcpu)
{
	return half * (log->size / 2) + (size_t)pcpu * log->ring_size;
}

static inline struct shared_buf *hvlog_ring(const struct hvlog *log, unsigned int half,
					    unsigned int pcpu)
{
	return (struct shared_buf *)(log->memory + hvlog_offset(log, half, pcpu));
}

/* Is there a log of the last boot for this pCPU? */
bool hvlog_is_last(const struct hvlog *log, unsigned int pcpu);
/* Lets the ring of the last boot be read from its oldest element on. */
void hvlog_rewind_last(struct shared_buf *ring, u32 data_size);

#endif
