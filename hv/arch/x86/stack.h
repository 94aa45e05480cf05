/* SPDX-License-Identifier: BSD-3-Clause */
/* Stacks, each with a page under it that is not mapped. */
#ifndef HV_X86_STACK_H
#define HV_X86_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/arch/x86/percpu.h"

/* Maps the stacks of a pCPU and puts them into its percpu. -ENOMEM. */
int stack_init(struct percpu *cpu);

/* Which stack of which pCPU has this address in its guard page? NULL: none. */
const char *stack_of_guard(uint64_t hva, unsigned int *pcpu);

/* Is [hva, hva + 16) on a stack of this pCPU, or on the one it booted with? */
bool stack_holds(const struct percpu *cpu, uint64_t hva);

#endif
