// SPDX-License-Identifier: BSD-3-Clause
/* Hypercalls on I/O requests; acrn-hypercalls(7). */
#include "hv/core/guest_memory.h"
#include "hv/core/hypercall.h"
#include "hv/core/pcpu.h"

int32_t hc_set_ioreq_buffer(struct vcpu *caller, struct vm *target, uint64_t param1,
			    uint64_t param2)
{
	uint64_t gpa, hpa;

	(void)param1;
	if (vm_is_service(target) || target->state != VM_CREATED)
		return -1;
	if (copy_from_gpa(caller->vm, &gpa, param2, sizeof(gpa)) || (gpa & ~PAGE_MASK) ||
	    contiguous_from_gpa(caller->vm, gpa, PAGE_SIZE, &hpa) != PAGE_SIZE)
		return -1;
	target->ioreq = arch_hpa_to_hva(hpa);
	ioreq_reset(target);
	return 0;
}

int32_t hc_notify_ioreq_finish(struct vcpu *caller, struct vm *target, uint64_t param1,
			       uint64_t param2)
{
	struct vcpu *vcpu;

	(void)caller;
	(void)param1;
	if (!target->ioreq || param2 >= target->nr_vcpus ||
	    target->config->severity > service_vm()->config->severity)
		return -1;
	vcpu = &target->vcpus[param2];
	/* The slot's state came before; pairs with the acquire in ioreq_is_done(). */
	__atomic_store_n(&vcpu->io_notified, true, __ATOMIC_SEQ_CST);
	vcpu_notify(vcpu);
	return 0;
}
