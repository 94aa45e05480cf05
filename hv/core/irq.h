/* SPDX-License-Identifier: BSD-3-Clause */
/* Physical interrupts: the hypervisor's own, and those that a VM gets. */
#ifndef HV_CORE_IRQ_H
#define HV_CORE_IRQ_H

#include "hv/core/base.h"

struct vm;

/* Vector becomes guest_vector of a vCPU of a VM from now on (vm NULL: of nobody). */
void irq_route(uint8_t vector, struct vm *vm, uint16_t vcpu, uint8_t guest_vector);

/* An interrupt that this pCPU took outside of a guest, or that ended a guest's run. */
void irq_dispatch(uint8_t vector);

#endif
