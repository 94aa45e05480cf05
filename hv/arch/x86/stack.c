// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/stack.h"

#include "hv/arch/x86/image.h"
#include "hv/arch/x86/page_alloc.h"
#include "hv/arch/x86/paging.h"

/* In the address space of a pCPU's stacks one follows the other, each above its guard page. */
static const struct {
	const char *name;
	unsigned int pages;
} stacks[IST_COUNT] = {
	[IST_NONE] = { "stack", 4 },
	[IST_DOUBLE_FAULT] = { "double fault stack", 2 },
	[IST_NMI] = { "NMI stack", 2 },
	[IST_MACHINE_CHECK] = { "machine check stack", 2 },
};

#define CPU_STACKS_SIZE (32 * PAGE_SIZE)

static uint64_t base_of(unsigned int pcpu)
{
	return STACK_BASE + pcpu * CPU_STACKS_SIZE;
}

int stack_init(struct percpu *cpu)
{
	uint64_t hva = base_of(cpu->id);

	for (unsigned int i = 0; i < IST_COUNT; i++) {
		uint64_t size = stacks[i].pages * PAGE_SIZE;
		uint64_t hpa = page_alloc_run(stacks[i].pages);

		hva += PAGE_SIZE; /* the guard */
		if (!hpa || paging_map(hva, hpa, size, PAGE_RW))
			return -HV_ENOMEM;
		hva += size;
		if (i == IST_NONE)
			cpu->stack_end = hva;
		else
			cpu->tss.ist[i - 1] = hva;
	}
	return 0;
}

const char *stack_of_guard(uint64_t hva, unsigned int *pcpu)
{
	uint64_t guard;

	if (hva < STACK_BASE || hva >= base_of(MAX_PCPUS))
		return NULL;
	*pcpu = (unsigned int)((hva - STACK_BASE) / CPU_STACKS_SIZE);
	guard = base_of(*pcpu);
	for (unsigned int i = 0; i < IST_COUNT; i++) {
		if (guard <= hva && hva < guard + PAGE_SIZE)
			return stacks[i].name;
		guard += (1 + stacks[i].pages) * PAGE_SIZE;
	}
	return NULL;
}

bool stack_holds(const struct percpu *cpu, uint64_t hva)
{
	uint64_t start = base_of(cpu->id);

	if ((uint64_t)bss_start <= hva && hva <= (uint64_t)bss_end - 16)
		return true; /* the boot stack; any other place there is at least mapped */
	for (unsigned int i = 0; i < IST_COUNT; i++) {
		uint64_t size = stacks[i].pages * PAGE_SIZE;

		start += PAGE_SIZE;
		if (cpu->stack_end && start <= hva && hva <= start + size - 16)
			return true;
		start += size;
	}
	return false;
}
