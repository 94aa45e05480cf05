/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pages for the hypervisor, from one pool below 4 GiB that is set aside at start: so one hole in
 * the Service VM's memory holds everything. Any pCPU.
 */
#ifndef HV_X86_PAGE_ALLOC_H
#define HV_X86_PAGE_ALLOC_H

#include <stdint.h>

#define POOL_SIZE_DEFAULT (32ULL << 20)
#define POOL_SIZE_MIN (4ULL << 20)
#define POOL_SIZE_MAX (1ULL << 30)

/* Takes size bytes (0: the default) out of the memory map, or panics. */
void page_alloc_init(uint64_t size);

/* The hpa of zeroed pages that follow each other; 0: there are none. */
uint64_t page_alloc_run(unsigned int count);
void page_free_run(uint64_t hpa, unsigned int count);

static inline uint64_t page_alloc(void)
{
	return page_alloc_run(1);
}

struct page_pool_state {
	uint64_t start, size; /* hpa, bytes */
	uint64_t used, most;  /* pages now, and at most so far */
};
struct page_pool_state page_alloc_state(void);

#endif
