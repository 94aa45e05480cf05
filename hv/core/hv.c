// SPDX-License-Identifier: BSD-3-Clause
/* The hypervisor's configuration and start. */
#include "hv/core/hv.h"
#include "hv/core/log.h"
#include "hv/core/pcpu.h"
#include "hv/core/vm.h"

const struct hv_config *hv_config;

static void init_pcpus(const struct hv_config *config)
{
	uint32_t slice = config->slice_us ? config->slice_us : SCHED_SLICE_US_DEFAULT;

	for (unsigned int i = 0; i < arch_nr_pcpus(); i++) {
		pcpu_init(&pcpus[i], i);
		sched_init(&pcpus[i], config->sched[i], slice);
	}
}

static int start_service_vm(const struct hv_config *config)
{
	struct vm *vm = service_vm();
	bool out_of_memory;
	int error;

	if (!vm)
		return -HV_EINVAL;
	if (vm_create(vm, vm->config->name, vm->config->flags, 0, &out_of_memory))
		return out_of_memory ? -HV_ENOMEM : -HV_EINVAL;
	for (unsigned int i = 0; i < MAX_REGIONS; i++) {
		const struct memory_region *region = &config->service_memory[i];

		error = ept_map(&vm->ept, region->start, region->start, region->size,
				region->flags);
		if (error)
			return error;
	}
	return vm_start(vm) ? -HV_EINVAL : 0;
}

int hv_init(const struct hv_config *config)
{
	int error;

	hv_config = config;
	log_set_levels(config->console_level, config->memory_level);
	init_pcpus(config);
	memset(vms, 0, sizeof(vms));
	for (uint16_t i = 0; i < MAX_VMS; i++) {
		vms[i].id = i;
		vms[i].config = &config->vms[i];
	}
	error = start_service_vm(config);
	for (unsigned int i = 0; i < arch_nr_pcpus(); i++)
		pcpus[i].online = true;
	return error;
}
