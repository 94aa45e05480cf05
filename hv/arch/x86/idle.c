// SPDX-License-Identifier: BSD-3-Clause
/* Waiting: for an interrupt, and for another pCPU. */
#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/percpu.h"
#include "hv/arch/x86/power.h"
#include "hv/core/irq.h"
#include "hv/core/log.h"
#include "hv/include/arch.h"

#define RELAX_TURNS_MAX (1U << 30) /* tens of seconds at least */

static bool any_vector(const struct percpu *cpu)
{
	return cpu->vectors[0] | cpu->vectors[1] | cpu->vectors[2] | cpu->vectors[3];
}

static void dispatch_all(struct percpu *cpu)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(cpu->vectors); i++) {
		while (cpu->vectors[i]) {
			unsigned int bit = (unsigned int)__builtin_ctzl(cpu->vectors[i]);

			cpu->vectors[i] &= cpu->vectors[i] - 1;
			irq_dispatch((uint8_t)(64 * i + bit));
		}
	}
}

/*
 * Interrupts are off everywhere but here. STI lets none in before the HLT behind it has begun, so
 * one that is pending already ends it at once.
 */
void arch_idle(void)
{
	struct percpu *cpu = this_percpu();

	if (!any_vector(cpu))
		__asm__ volatile("sti; hlt; cli" : : : "memory");
	dispatch_all(cpu);
}

void arch_relax(unsigned int turns)
{
	cpu_pause();
	if (turns == RELAX_TURNS_MAX) {
		panic_begin();
		hv_panic("waited too long for another pCPU");
	}
}
