/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of acrn_rings.ko know of each other. */
#ifndef RINGS_INTERNAL_H
#define RINGS_INTERNAL_H

#include "acrn_rings.h"

/* CPUID; stands beside acrn_hypercall(), and tests replace both. */
void acrn_cpuid(u32 leaf, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);

/* -ENODEV, and a line that says so, where this is not the Service VM of the hypervisor. */
int service_vm_check(void);

struct ring_memory;

/*
 * The ring of a kind and pCPU, empty and set up; memory of an earlier time is used again. ERR_PTR
 * where there is no memory or the hypervisor refuses.
 */
struct ring_memory *ring_memory_start(const struct acrn_ring_kind *kind, unsigned int pcpu);
/* Asks the hypervisor to stop. False: it may write on, so the memory is lost until the reboot. */
bool ring_memory_stop(struct ring_memory *ring);
phys_addr_t ring_memory_address(const struct ring_memory *ring);

/* Asks the hypervisor to stop writing into any ring, before another kernel gets the memory. */
void ring_memory_stop_all(void);
/* Gives back what the hypervisor is known not to write into. */
void ring_memory_free_all(void);

int device_init(void);
void device_exit(void);

#endif
