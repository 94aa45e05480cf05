/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A VM's extended page tables, in the hardware's format (Intel SDM 3, 29.3): four levels, pages of
 * 2 MiB where all of one is mapped alike, else of 4 KiB. A table is freed with the whole, never
 * before, so that walkers on other pCPUs need no lock. Changes are made under the VM's lock.
 */
#ifndef HV_CORE_EPT_H
#define HV_CORE_EPT_H

#include "hv/core/base.h"

#define EPT_READ (1U << 0)
#define EPT_WRITE (1U << 1)
#define EPT_EXEC (1U << 2)
#define EPT_RWX (EPT_READ | EPT_WRITE | EPT_EXEC)
#define EPT_TYPE_SHIFT 3
#define EPT_TYPE_UC (0U << EPT_TYPE_SHIFT)
#define EPT_TYPE_WC (1U << EPT_TYPE_SHIFT)
#define EPT_TYPE_WT (4U << EPT_TYPE_SHIFT)
#define EPT_TYPE_WP (5U << EPT_TYPE_SHIFT)
#define EPT_TYPE_WB (6U << EPT_TYPE_SHIFT)
#define EPT_GPA_LIMIT (1ULL << 48)

struct ept {
	uint64_t root; /* hpa; 0: none */
};

struct ept_mapping {
	uint64_t hpa;	 /* of the gpa asked for */
	uint64_t length; /* from there to the end of the page */
	uint32_t flags;	 /* EPT_READ.. and EPT_TYPE_.. */
};

/* Devices are mapped uncached; the hypervisor itself does not touch them for a guest. */
static inline bool ept_is_memory(const struct ept_mapping *mapping)
{
	return mapping->flags >> EPT_TYPE_SHIFT & 7U;
}

/* -ENOMEM. */
int ept_init(struct ept *ept);
/* Frees all tables; nothing may walk them any more. */
void ept_destroy(struct ept *ept);

/* All three page-aligned, replaces what was there. -EINVAL: not aligned or too high; -ENOMEM. */
int ept_map(struct ept *ept, uint64_t gpa, uint64_t hpa, uint64_t size, uint32_t flags);
/* -EINVAL: not aligned, or a page of it is not mapped; then nothing is changed. */
int ept_unmap(struct ept *ept, uint64_t gpa, uint64_t size);

/* -EFAULT: not mapped. Any pCPU, at any time. */
int ept_walk(const struct ept *ept, uint64_t gpa, struct ept_mapping *mapping);

#endif
