// SPDX-License-Identifier: BSD-3-Clause
/* Hypercalls on the hypervisor itself and on the life of VMs; acrn-hypercalls(7). */
#include "hv/core/guest_memory.h"
#include "hv/core/hypercall.h"
#include "hv/core/log.h"
#include "hv/core/pcpu.h"

int32_t hc_get_api_version(struct vcpu *caller, struct vm *target, uint64_t param1, uint64_t param2)
{
	const struct hc_api_version version = {
		.major_version = HC_API_MAJOR_VERSION,
		.minor_version = HC_API_MINOR_VERSION,
	};

	(void)target;
	(void)param2;
	return copy_to_gpa(caller->vm, param1, &version, sizeof(version)) ? -1 : 0;
}

int32_t hc_set_callback_vector(struct vcpu *caller, struct vm *target, uint64_t param1,
			       uint64_t param2)
{
	(void)caller;
	(void)param2;
	if (param1 < HC_CALLBACK_VECTOR_MIN || param1 > HC_CALLBACK_VECTOR_MAX)
		return -HV_EINVAL;
	/* Read by pCPUs that make upcalls. */
	__atomic_store_n(&target->callback_vector, (uint8_t)param1, __ATOMIC_RELAXED);
	return 0;
}

int32_t hc_get_hw_info(struct vcpu *caller, struct vm *target, uint64_t param1, uint64_t param2)
{
	const struct acrn_hw_info info = { .cpu_num = (uint16_t)arch_nr_pcpus() };

	(void)target;
	(void)param2;
	return copy_to_gpa(caller->vm, param1, &info, sizeof(info)) ? -1 : 0;
}

static int32_t create(struct vm *vm, struct acrn_vm_creation *creation)
{
	bool out_of_memory;
	int error = vm_create(vm, (const char *)creation->name, creation->vm_flag,
			      creation->cpu_affinity, &out_of_memory);

	if (error && !out_of_memory)
		return -1;
	creation->vmid = error ? ACRN_INVALID_VMID : vm_relative_id(vm);
	creation->vcpu_num = vm->nr_vcpus;
	if (error)
		log_error("no room for VM %u", vm->id);
	else
		log_info("created VM %u with %u vCPUs", vm->id, vm->nr_vcpus);
	return 0;
}

static int32_t create_in(struct vm *target, const struct vcpu *caller,
			 struct acrn_vm_creation *creation, uint64_t gpa)
{
	int32_t answer;

	pcpu_lock(&target->lock);
	answer = create(target, creation);
	if (!answer && copy_to_gpa(caller->vm, gpa, creation, sizeof(*creation))) {
		/* Nobody would know of it. */
		vm_pause(target);
		vm_destroy(target);
		answer = -1;
	}
	lock_release(&target->lock);
	return answer;
}

/* Who looks for a free slot gets it. Taken before the lock of a VM. */
static struct lock slots;

int32_t hc_create_vm(struct vcpu *caller, struct vm *target, uint64_t param1, uint64_t param2)
{
	struct acrn_vm_creation creation;
	int32_t answer;

	(void)param2;
	if (copy_from_gpa(caller->vm, &creation, param1, sizeof(creation)))
		return -1;
	pcpu_lock(&slots);
	target = vm_find_slot((const char *)creation.name);
	if (!target || vm_is_pre_launched(target))
		answer = -HV_ENOTTY;
	else
		answer = create_in(target, caller, &creation, param1);
	lock_release(&slots);
	return answer;
}

/* The Service VM cannot stop or remake itself. */
static int32_t change(struct vm *target, int (*step)(struct vm *vm), const char *what)
{
	if (vm_is_service(target) || step(target))
		return -1;
	log_info("VM %u %s", target->id, what);
	return 0;
}

int32_t hc_start_vm(struct vcpu *caller, struct vm *target, uint64_t param1, uint64_t param2)
{
	(void)caller;
	(void)param1;
	(void)param2;
	return change(target, vm_start, "started");
}

int32_t hc_pause_vm(struct vcpu *caller, struct vm *target, uint64_t param1, uint64_t param2)
{
	(void)caller;
	(void)param1;
	(void)param2;
	return change(target, vm_pause, "paused");
}

int32_t hc_reset_vm(struct vcpu *caller, struct vm *target, uint64_t param1, uint64_t param2)
{
	(void)caller;
	(void)param1;
	(void)param2;
	return change(target, vm_reset, "reset");
}

int32_t hc_destroy_vm(struct vcpu *caller, struct vm *target, uint64_t param1, uint64_t param2)
{
	(void)caller;
	(void)param1;
	(void)param2;
	return change(target, vm_destroy, "destroyed");
}

int32_t hc_create_vcpu(struct vcpu *caller, struct vm *target, uint64_t param1, uint64_t param2)
{
	(void)caller;
	(void)target;
	(void)param1;
	(void)param2;
	return 0;
}
