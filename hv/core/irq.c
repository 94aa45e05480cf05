// SPDX-License-Identifier: BSD-3-Clause
/* Physical interrupts: the hypervisor's own, and those that a VM gets. */
#include "hv/core/irq.h"
#include "hv/core/log.h"
#include "hv/core/pcpu.h"
#include "hv/core/vm.h"

static struct route {
	struct vm *vm;
	uint16_t vcpu;
	uint8_t vector;
} routes[256];

void irq_route(uint8_t vector, struct vm *vm, uint16_t vcpu, uint8_t guest_vector)
{
	routes[vector].vcpu = vcpu;
	routes[vector].vector = guest_vector;
	/* vCPU and vector before the VM; pairs with the acquire in irq_dispatch(). */
	__atomic_store_n(&routes[vector].vm, vm, __ATOMIC_RELEASE);
}

void irq_dispatch(uint8_t vector)
{
	struct vm *vm;

	if (vector == VECTOR_TIMER) {
		timer_interrupt(this_pcpu());
		return;
	}
	/* A kick has done its work by ending the guest's run. */
	if (vector == VECTOR_KICK)
		return;
	vm = __atomic_load_n(&routes[vector].vm, __ATOMIC_ACQUIRE);
	if (vm)
		vlapic_raise(&vm->vcpus[routes[vector].vcpu].vlapic, routes[vector].vector);
	else
		log_warning("interrupt %u has no receiver", vector);
}
