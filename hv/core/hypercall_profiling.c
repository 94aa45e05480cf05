// SPDX-License-Identifier: BSD-3-Clause
/*
 * HC_PROFILING_OPS; acrn-hypercalls(7). There is no sampling yet: the version says that no feature
 * is supported, nothing is logged or dropped, and the PMU cannot be turned on.
 */
#include "formats/abi/profiling.h"
#include "hv/core/guest_memory.h"
#include "hv/core/hypercall.h"
#include "hv/core/pcpu.h"
#include "hv/core/text.h"

_Static_assert(MAX_PCPUS <= PROFILING_MAX_PCPUS && MAX_VMS <= PROFILING_MAX_VMS, "they fit");

/* What may be switched on, by collector; and what is. The Service VM alone sets it. */
static const uint64_t known_switches[] = {
	[COLLECTOR_SEP] = 1U << SEP_VM_SWITCH_TRACING,
	[COLLECTOR_SOCWATCH] = 1U << SOCWATCH_COMMAND | 1U << SOCWATCH_VM_SWITCH_TRACING,
};
static uint64_t switches[ARRAY_SIZE(known_switches)];

static int32_t get_version(struct vm *vm, uint64_t gpa)
{
	const struct profiling_version_info version = {
		.major = PROFILING_MAJOR_VERSION,
		.minor = PROFILING_MINOR_VERSION,
	};

	return copy_to_gpa(vm, gpa, &version, sizeof(version)) ? -1 : 0;
}

static void map_vcpu(struct profiling_vm_info *info, unsigned int pcpu)
{
	info->cpu_map[info->num_vcpus] = (struct profiling_vcpu_pcpu_map){
		.vcpu_id = (int16_t)info->num_vcpus,
		.pcpu_id = (int16_t)pcpu,
		.apic_id = arch_apic_id(pcpu),
	};
	info->num_vcpus++;
}

/* The entry of a VM; false: it is powered off. */
static bool describe_vm(struct vm *vm, struct profiling_vm_info *info)
{
	bool on;

	pcpu_lock(&vm->lock);
	on = vm->state != VM_POWERED_OFF;
	info->vm_id_num = vm->id;
	text_format(info->vm_name, sizeof(info->vm_name), "vm_%u", vm->id);
	for (unsigned int i = 0; on && i < vm->nr_vcpus; i++)
		map_vcpu(info, vm->vcpus[i].pcpu->id);
	lock_release(&vm->lock);
	return on;
}

static int32_t get_vm_list(struct vm *caller, uint64_t gpa)
{
	struct profiling_vm_info_list list = { .num_vms = 1 };

	list.vm_list[0].vm_id_num = PROFILING_VMM_ID;
	text_format(list.vm_list[0].vm_name, sizeof(list.vm_list[0].vm_name), "VMM");
	for (unsigned int i = 0; i < arch_nr_pcpus(); i++)
		map_vcpu(&list.vm_list[0], i);
	for (unsigned int i = 0; i < MAX_VMS; i++) {
		struct profiling_vm_info info = { 0 };

		if (describe_vm(&vms[i], &info))
			list.vm_list[list.num_vms++] = info;
	}
	return copy_to_gpa(caller, gpa, &list, sizeof(list)) ? -1 : 0;
}

static int32_t get_control(struct vm *vm, uint64_t gpa)
{
	struct profiling_control control;

	if (copy_from_gpa(vm, &control, gpa, sizeof(control)))
		return -1;
	if ((uint32_t)control.collector_id >= ARRAY_SIZE(switches))
		return -HV_EINVAL;
	control.switches = __atomic_load_n(&switches[control.collector_id], __ATOMIC_RELAXED);
	return copy_to_gpa(vm, gpa, &control, sizeof(control)) ? -1 : 0;
}

static int32_t set_control(struct vm *vm, uint64_t gpa)
{
	struct profiling_control control;

	if (copy_from_gpa(vm, &control, gpa, sizeof(control)))
		return -1;
	if ((uint32_t)control.collector_id >= ARRAY_SIZE(switches) ||
	    control.switches & ~known_switches[control.collector_id])
		return -HV_EINVAL;
	__atomic_store_n(&switches[control.collector_id], control.switches, __ATOMIC_RELAXED);
	return 0;
}

/* Of the pCPU that makes the call. */
static int32_t get_pcpuid(struct vm *vm, uint64_t gpa)
{
	struct profiling_pcpuid pcpuid;
	uint32_t regs[4];

	if (copy_from_gpa(vm, &pcpuid, gpa, sizeof(pcpuid)))
		return -1;
	arch_cpuid(pcpuid.leaf, pcpuid.subleaf, regs);
	pcpuid.eax = regs[0];
	pcpuid.ebx = regs[1];
	pcpuid.ecx = regs[2];
	pcpuid.edx = regs[3];
	return copy_to_gpa(vm, gpa, &pcpuid, sizeof(pcpuid)) ? -1 : 0;
}

static int32_t get_status(struct vm *vm, uint64_t gpa)
{
	const struct profiling_status status[MAX_PCPUS] = { 0 };

	return copy_to_gpa(vm, gpa, status, arch_nr_pcpus() * sizeof(status[0])) ? -1 : 0;
}

int32_t hc_profiling_ops(struct vcpu *caller, struct vm *target, uint64_t param1, uint64_t param2)
{
	(void)target;
	switch (param1) {
	case PROFILING_GET_VMINFO:
		return get_vm_list(caller->vm, param2);
	case PROFILING_GET_VERSION:
		return get_version(caller->vm, param2);
	case PROFILING_GET_CONTROL_SWITCH:
		return get_control(caller->vm, param2);
	case PROFILING_SET_CONTROL_SWITCH:
		return set_control(caller->vm, param2);
	case PROFILING_GET_PCPUID:
		return get_pcpuid(caller->vm, param2);
	case PROFILING_GET_STATUS:
		return get_status(caller->vm, param2);
	default:
		return -1;
	}
}
