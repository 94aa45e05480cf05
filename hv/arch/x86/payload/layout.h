/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory of a payload VM, by offset into its 2 MiB; hv/guests/boot.h has what payloads put
 * there themselves. The guest sees it at PAYLOAD_BASE, and all guest-physical memory below 4 GiB at
 * its own address.
 */
#ifndef HV_X86_PAYLOAD_LAYOUT_H
#define HV_X86_PAYLOAD_LAYOUT_H

#define PAYLOAD_BASE 0xffffffff80000000
#define PAYLOAD_SIZE 0x200000
#define PAYLOAD_TABLES 0x80000 /* page tables */
#define PAYLOAD_IMAGE 0x100000
#define PAYLOAD_STACKS 0x180000
#define PAYLOAD_STACK_SIZE 0x8000 /* of each vCPU; struct payload_cpu is at its lower end */
#define PAYLOAD_IMAGE_MAX (PAYLOAD_STACKS - PAYLOAD_IMAGE)

#define PAYLOAD_CODE 0x10 /* selectors */
#define PAYLOAD_DATA 0x18

#ifndef __ASSEMBLER__
#include <stdint.h>

#define PAYLOAD_COUNTERS 80U

/*
 * What the guest knows of its own exits, by reason: counted before the instruction and after it.
 * The hypervisor's count is in between. Found at the start of each vCPU's stack.
 */
struct payload_counts {
	uint64_t begun[PAYLOAD_COUNTERS];
	uint64_t done[PAYLOAD_COUNTERS];
	uint64_t interrupts; /* taken */
};
#endif
#endif
