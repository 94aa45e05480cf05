// SPDX-License-Identifier: GPL-2.0
/*
 * The two instructions by which this kernel reaches the hypervisor. Linux has a hypercall of its
 * own only where it is built with CONFIG_ACRN_GUEST.
 */
#include <linux/module.h>

#include <asm/processor.h>

#include "rings_internal.h"

s32 acrn_hypercall(u32 id, u64 param1, u64 param2)
{
	register u64 r8 asm("r8") = id;
	u64 answer;

	asm volatile("vmcall" : "=a"(answer), "+r"(r8) : "D"(param1), "S"(param2) : "memory");
	return (s32)answer;
}
EXPORT_SYMBOL_GPL(acrn_hypercall);

void acrn_cpuid(u32 leaf, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	cpuid(leaf, eax, ebx, ecx, edx);
}
