// SPDX-License-Identifier: BSD-3-Clause
/* Stands in for hv/core/irq.c until this port is joined with hv/core. */
#include "hv/core/irq.h"

void irq_dispatch(uint8_t vector)
{
	(void)vector;
}
