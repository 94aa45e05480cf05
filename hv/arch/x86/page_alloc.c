// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/page_alloc.h"

#include "hv/arch/x86/memory_map.h"
#include "hv/arch/x86/paging.h"
#include "hv/core/base.h"
#include "hv/core/lock.h"
#include "hv/core/log.h"
#include "hv/include/arch.h"

#define WORD_BITS 64U

static uint64_t pool_start, pool_pages;
static uint64_t used, most;
static uint64_t *taken; /* a bit a page, in the pool's first pages */
static uint64_t hint;	/* no page below is free */
static struct lock lock;

static bool is_taken(uint64_t page)
{
	return taken[page / WORD_BITS] >> (page % WORD_BITS) & 1;
}

static void set_taken(uint64_t page, bool value)
{
	uint64_t bit = 1ULL << (page % WORD_BITS);

	if (value)
		taken[page / WORD_BITS] |= bit;
	else
		taken[page / WORD_BITS] &= ~bit;
}

void page_alloc_init(uint64_t size)
{
	uint64_t bitmap_pages;

	size = size ? size : POOL_SIZE_DEFAULT;
	/* Above 16 MiB, where old kernels and DMA want to be, and within the boot page tables. */
	pool_start = memory_map_find(&memory_map, size, 2 << 20, 16 << 20, 1ULL << 32);
	if (!pool_start)
		hv_panic("memory: no room below 4 GiB for the page pool; hvmem= makes it smaller");
	memory_map_add(&memory_map, pool_start, pool_start + size, MEMORY_HYPERVISOR);
	pool_pages = size / PAGE_SIZE;
	taken = paging_direct(pool_start);
	bitmap_pages = (pool_pages / 8 + PAGE_SIZE - 1) / PAGE_SIZE;
	memset(taken, 0, bitmap_pages * PAGE_SIZE);
	for (uint64_t page = 0; page < bitmap_pages; page++)
		set_taken(page, true);
	used = most = hint = bitmap_pages;
}

/* The first page of count free ones, or pool_pages. */
static uint64_t find_run(unsigned int count)
{
	uint64_t length = 0;

	for (uint64_t page = hint; page < pool_pages; page++) {
		if (page % WORD_BITS == 0 && taken[page / WORD_BITS] == ~0ULL) {
			page += WORD_BITS - 1;
			length = 0;
			continue;
		}
		length = is_taken(page) ? 0 : length + 1;
		if (length == count)
			return page + 1 - count;
	}
	return pool_pages;
}

uint64_t page_alloc_run(unsigned int count)
{
	uint64_t page, hpa;

	if (!count)
		return 0;
	lock_take(&lock);
	page = find_run(count);
	if (page == pool_pages) {
		lock_release(&lock);
		return 0;
	}
	for (unsigned int i = 0; i < count; i++)
		set_taken(page + i, true);
	if (page == hint)
		hint += count;
	used += count;
	if (used > most)
		most = used;
	lock_release(&lock);
	hpa = pool_start + page * PAGE_SIZE;
	memset(paging_direct(hpa), 0, count * PAGE_SIZE);
	return hpa;
}

void page_free_run(uint64_t hpa, unsigned int count)
{
	uint64_t page = (hpa - pool_start) / PAGE_SIZE;

	if (hpa < pool_start || hpa % PAGE_SIZE || page >= pool_pages || count > pool_pages - page)
		hv_panic("memory: a page is given back that is not of the pool");
	lock_take(&lock);
	for (unsigned int i = 0; i < count; i++) {
		if (!is_taken(page + i))
			hv_panic("memory: a page is given back twice");
		set_taken(page + i, false);
	}
	used -= count;
	hint = min_u64(hint, page);
	lock_release(&lock);
}

uint64_t arch_page_alloc(void)
{
	return page_alloc();
}

void arch_page_free(uint64_t hpa)
{
	page_free_run(hpa, 1);
}

struct page_pool_state page_alloc_state(void)
{
	return (struct page_pool_state){ pool_start, pool_pages * PAGE_SIZE, used, most };
}
