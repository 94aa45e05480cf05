// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/hvlog.h"

#include "hv/arch/x86/memory_map.h"
#include "hv/arch/x86/options.h"
#include "hv/arch/x86/paging.h"
#include "hv/core/base.h"
#include "hv/core/log.h"
#include "hv/include/arch.h"

#define ELEMENTS_MIN 16U /* a ring that cannot hold a few lines is of no use */

static uint8_t *memory;		   /* NULL: there is none */
static uint64_t half, ring_length; /* bytes */
static uint8_t *current, *last;	   /* halves */

void hvlog_reserve(void)
{
	uint64_t start = options.hvlog_base, end = start + options.hvlog_size;

	if (!options.hvlog_size)
		return;
	if (memory_map_type(&memory_map, start, end) != MEMORY_RAM) {
		log_error("hvlog: 0x%lx - 0x%lx is not free RAM: no log is kept in memory", start,
			  end);
		return;
	}
	memory_map_add(&memory_map, start, end, MEMORY_HVLOG);
	memory = paging_direct(start);
}

static struct shared_buf *ring_of(uint8_t *of_half, unsigned int pcpu)
{
	return of_half ? (struct shared_buf *)(void *)(of_half + pcpu * ring_length) : NULL;
}

static uint32_t elements(void)
{
	return (uint32_t)((ring_length - SBUF_HEADER_SIZE) / SBUF_HVLOG_ELE_SIZE);
}

/* RAM is not cleared at a reset, and holds anything when the power was off. */
static bool is_ring(const struct shared_buf *ring)
{
	uint32_t size = elements() * SBUF_HVLOG_ELE_SIZE;

	return ring->magic == SBUF_MAGIC && ring->ele_num == elements() &&
	       ring->ele_size == SBUF_HVLOG_ELE_SIZE && ring->size == size && ring->head < size &&
	       ring->tail < size && ring->head % SBUF_HVLOG_ELE_SIZE == 0 &&
	       ring->tail % SBUF_HVLOG_ELE_SIZE == 0;
}

/* A half that has been closed is not the last boot's, but the one's before. */
static bool is_log(uint8_t *of_half)
{
	for (unsigned int i = 0; i < arch_nr_pcpus(); i++)
		if (!is_ring(ring_of(of_half, i)))
			return false;
	return true;
}

static void make_ring(struct shared_buf *ring)
{
	memset(ring, 0, sizeof(*ring));
	ring->ele_num = elements();
	ring->ele_size = SBUF_HVLOG_ELE_SIZE;
	ring->size = ring->ele_num * ring->ele_size;
	/* A reset in between leaves no ring. */
	__atomic_store_n(&ring->magic, SBUF_MAGIC, __ATOMIC_RELEASE);
}

void hvlog_init(void)
{
	if (!memory)
		return;
	half = options.hvlog_size / 2;
	/* Headers stay aligned, whatever the number of pCPUs. */
	ring_length = half / arch_nr_pcpus() & ~7ULL;
	if (ring_length > UINT32_MAX || elements() < ELEMENTS_MIN) {
		log_error("hvlog: %lu bytes for each pCPU is too little or too much", ring_length);
		memory = NULL;
		return;
	}
	if (is_log(memory))
		last = memory;
	else if (is_log(memory + half))
		last = memory + half;
	current = last == memory ? memory + half : memory;
	for (unsigned int i = 0; i < arch_nr_pcpus(); i++) {
		make_ring(ring_of(current, i));
		if (last)
			ring_of(last, i)->magic = SBUF_MAGIC_LAST;
	}
	log_info("hvlog: %u elements for each pCPU at 0x%lx, %s", elements(),
		 paging_hva_to_hpa(current),
		 last ? "the last boot's log is kept" : "none of a last boot");
}

struct shared_buf *hvlog_current(unsigned int pcpu, uint64_t *length)
{
	*length = ring_length;
	return ring_of(current, pcpu);
}

struct shared_buf *hvlog_last(unsigned int pcpu)
{
	return ring_of(last, pcpu);
}
