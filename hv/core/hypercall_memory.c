// SPDX-License-Identifier: BSD-3-Clause
/* Hypercalls on a VM's memory; acrn-hypercalls(7). */
#include "hv/core/guest_memory.h"
#include "hv/core/hypercall.h"
#include "hv/core/pcpu.h"

static uint32_t ept_flags(uint32_t prot)
{
	uint32_t flags = prot & (MEM_ACCESS_READ | MEM_ACCESS_WRITE | MEM_ACCESS_EXEC);

	if (prot & MEM_TYPE_WB)
		return flags | EPT_TYPE_WB;
	if (prot & MEM_TYPE_WT)
		return flags | EPT_TYPE_WT;
	if (prot & MEM_TYPE_WC)
		return flags | EPT_TYPE_WC;
	if (prot & MEM_TYPE_WP)
		return flags | EPT_TYPE_WP;
	return flags | EPT_TYPE_UC;
}

static void flush(void *argument)
{
	arch_ept_flush(argument);
}

static void flush_everywhere(struct vm *vm)
{
	for (uint16_t i = 0; i < vm->nr_vcpus; i++)
		pcpu_run_on(vm->vcpus[i].pcpu, flush, vm);
}

/* Service VM memory as its own EPT has it, page by page where that is not contiguous. */
static int32_t add_region(struct vm *service, struct vm *target,
			  const struct vm_memory_region *region)
{
	uint64_t length;

	for (uint64_t done = 0; done < region->size; done += length) {
		struct ept_mapping mapping;
		uint32_t flags;
		int error;

		if (ept_walk(&service->ept, region->service_vm_gpa + done, &mapping))
			return -HV_EFAULT;
		flags = ept_flags(region->prot);
		if (!ept_is_memory(&mapping)) /* a device stays one */
			flags &= EPT_RWX;
		length = min_u64(mapping.length, region->size - done);
		error = ept_map(&target->ept, region->gpa + done, mapping.hpa, length, flags);
		if (error)
			return error;
	}
	return 0;
}

static int32_t set_region(struct vm *service, struct vm *target,
			  const struct vm_memory_region *region)
{
	if ((region->size | region->gpa) & ~PAGE_MASK || region->gpa >= EPT_GPA_LIMIT ||
	    region->size > EPT_GPA_LIMIT - region->gpa)
		return -HV_EINVAL;
	if (region->type != MR_ADD)
		return ept_unmap(&target->ept, region->gpa, region->size);
	if (region->service_vm_gpa & ~PAGE_MASK || region->service_vm_gpa >= EPT_GPA_LIMIT ||
	    region->size > EPT_GPA_LIMIT - region->service_vm_gpa)
		return -HV_EINVAL;
	return add_region(service, target, region);
}

static int32_t set_regions(struct vm *service, struct vm *target, const struct set_regions *set)
{
	int32_t answer = 0;

	if (target->state == VM_POWERED_OFF ||
	    (target->state == VM_RUNNING && target->config->severity > service->config->severity))
		return -1;
	for (uint64_t i = 0; !answer && i < set->mr_num; i++) {
		struct vm_memory_region region;

		if (copy_from_gpa(service, &region, set->regions_gpa + i * sizeof(region),
				  sizeof(region)))
			answer = -1;
		else
			answer = set_region(service, target, &region);
	}
	flush_everywhere(target);
	return answer;
}

int32_t hc_set_vm_memory_regions(struct vcpu *caller, struct vm *target, uint64_t param1,
				 uint64_t param2)
{
	struct set_regions set;
	int32_t answer;

	(void)param2;
	if (copy_from_gpa(caller->vm, &set, param1, sizeof(set)))
		return -1;
	target = vm_by_relative_id(set.vmid);
	if (!target || vm_is_pre_launched(target))
		return -HV_ENOTTY;
	if (vm_is_service(target) || !set.mr_num)
		return -1;
	pcpu_lock(&target->lock);
	answer = set_regions(caller->vm, target, &set);
	lock_release(&target->lock);
	return answer;
}
