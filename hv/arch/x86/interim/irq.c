// SPDX-License-Identifier: BSD-3-Clause
/* Stands in for hv/core/irq.c until this port is joined with hv/core: counts. */
#include "hv/core/irq.h"

#include "hv/arch/x86/interim/interim.h"
#include "hv/include/arch.h"

static unsigned int counts[MAX_PCPUS][256];

void irq_dispatch(uint8_t vector)
{
	counts[arch_pcpu_id()][vector]++;
}

unsigned int interim_irqs(uint8_t vector)
{
	return counts[arch_pcpu_id()][vector];
}
