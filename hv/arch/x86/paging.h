/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hypervisor's own address space; layout.h has its parts. No page is ever writable and
 * executable. Used by the boot pCPU alone, before other pCPUs may fault on what it maps; nothing is
 * unmapped but the trampoline.
 */
#ifndef HV_X86_PAGING_H
#define HV_X86_PAGING_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/arch/x86/layout.h"

enum page_rights {
	PAGE_RO,
	PAGE_RX,
	PAGE_RW,
	PAGE_DEVICE, /* as PAGE_RW, uncached */
};

/* Valid for what is in the direct map only. */
static inline void *paging_direct(uint64_t hpa)
{
	return (void *)(DIRECT_BASE + hpa);
}

/*
 * Makes the page tables and changes over to them: the image, and all RAM of the memory map but the
 * image in the direct map.
 */
void paging_init(void);

/* Maps whole pages; -EBUSY: something else is mapped there; -ENOMEM. What is mapped the same way
 * already stays. */
int paging_map(uint64_t hva, uint64_t hpa, uint64_t size, enum page_rights rights);

/* Registers of a device, or tables of the firmware outside of RAM, in the direct map; NULL: cannot
 * be mapped. */
void *paging_map_device(uint64_t hpa, uint64_t size);
const void *paging_map_tables(uint64_t hpa, uint64_t size);

/* The trampoline's page, where it is in physical memory. */
int paging_map_trampoline(uint64_t hpa);
void paging_unmap_trampoline(uint64_t hpa);

/* Makes what is SEALED read-only, before other pCPUs start. */
void paging_seal(void);

/* Walks all tables. False: a page is writable and executable, or one for user mode. */
struct paging_count {
	uint64_t read_only, executable, writable; /* bytes */
};
bool paging_verify(struct paging_count *count);

/* For the other pCPUs. */
uint64_t paging_root(void);

/* Of the image or the direct map. */
uint64_t paging_hva_to_hpa(const void *hva);

#endif
