// SPDX-License-Identifier: BSD-3-Clause
/* Look-ups in the tables of events, exit reasons and hypercalls. */
#include <string.h>

#include "formats/abi/hypercall.h"
#include "formats/events.h"

const struct trace_event_info *trace_event_by_id(uint64_t id)
{
	for (unsigned int i = 0; i < nr_trace_events; i++)
		if (trace_events[i].id == id)
			return &trace_events[i];
	return NULL;
}

const struct trace_event_info *trace_event_by_name(const char *name)
{
	for (unsigned int i = 0; i < nr_trace_events; i++)
		if (strcmp(trace_events[i].name, name) == 0)
			return &trace_events[i];
	return NULL;
}

const char *exit_reason_name(uint16_t reason)
{
	return reason < nr_exit_reasons ? exit_reasons[reason].name : NULL;
}

const char *exit_reason_short_name(uint16_t reason)
{
	return reason < nr_exit_reasons ? exit_reasons[reason].short_name : NULL;
}

static const struct {
	uint32_t id;
	const char *name;
} hypercalls[] = {
	{ HC_GET_API_VERSION, "get_api_version" },
	{ HC_SERVICE_VM_OFFLINE_CPU, "service_vm_offline_cpu" },
	{ HC_SET_CALLBACK_VECTOR, "set_callback_vector" },
	{ HC_CREATE_VM, "create_vm" },
	{ HC_DESTROY_VM, "destroy_vm" },
	{ HC_START_VM, "start_vm" },
	{ HC_PAUSE_VM, "pause_vm" },
	{ HC_CREATE_VCPU, "create_vcpu" },
	{ HC_RESET_VM, "reset_vm" },
	{ HC_SET_VCPU_REGS, "set_vcpu_regs" },
	{ HC_INJECT_MSI, "inject_msi" },
	{ HC_VM_INTR_MONITOR, "vm_intr_monitor" },
	{ HC_SET_IRQLINE, "set_irqline" },
	{ HC_SET_IOREQ_BUFFER, "set_ioreq_buffer" },
	{ HC_NOTIFY_IOREQ_FINISH, "notify_ioreq_finish" },
	{ HC_ASYNCIO_ASSIGN, "asyncio_assign" },
	{ HC_ASYNCIO_DEASSIGN, "asyncio_deassign" },
	{ HC_GPA_TO_HPA, "gpa_to_hpa" },
	{ HC_SET_VM_MEMORY_REGIONS, "set_vm_memory_regions" },
	{ HC_WRITE_PROTECT_PAGE, "write_protect_page" },
	{ HC_SETUP_SBUF, "setup_sbuf" },
	{ HC_SET_PTDEV_INTR_INFO, "set_ptdev_intr_info" },
	{ HC_RESET_PTDEV_INTR_INFO, "reset_ptdev_intr_info" },
	{ HC_ASSIGN_PCIDEV, "assign_pcidev" },
	{ HC_DEASSIGN_PCIDEV, "deassign_pcidev" },
	{ HC_ASSIGN_MMIODEV, "assign_mmiodev" },
	{ HC_DEASSIGN_MMIODEV, "deassign_mmiodev" },
	{ HC_ADD_VDEV, "add_vdev" },
	{ HC_REMOVE_VDEV, "remove_vdev" },
	{ HC_SETUP_HV_NPK_LOG, "setup_hv_npk_log" },
	{ HC_PROFILING_OPS, "profiling_ops" },
	{ HC_GET_HW_INFO, "get_hw_info" },
	{ HC_INITIALIZE_TRUSTY, "initialize_trusty" },
	{ HC_WORLD_SWITCH, "world_switch" },
	{ HC_SAVE_RESTORE_SWORLD_CTX, "save_restore_sworld_ctx" },
	{ HC_PM_GET_CPU_STATE, "pm_get_cpu_state" },
	{ HC_TEE_VCPU_BOOT_DONE, "tee_vcpu_boot_done" },
	{ HC_SWITCH_EE, "switch_ee" },
};

const char *hypercall_name(uint64_t id)
{
	for (size_t i = 0; i < sizeof(hypercalls) / sizeof(hypercalls[0]); i++)
		if (hypercalls[i].id == id)
			return hypercalls[i].name;
	return NULL;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : -1;
}

int thread_vm(const char name[4])
{
	int tens, ones;

	if (memcmp(name, "idle", 4) == 0)
		return THREAD_IDLE;
	if (name[0] != 'v' || name[1] != 'm')
		return THREAD_UNKNOWN;
	tens = digit(name[2]);
	ones = digit(name[3]);
	if (tens < 0)
		return THREAD_UNKNOWN;
	if (name[3] == ':' || name[3] == '\0')
		return tens;
	return ones < 0 ? THREAD_UNKNOWN : tens * 10 + ones;
}

uint64_t trace_field_value(const struct trace_record *record, enum field_source source)
{
	switch (source) {
	case FIELD_E:
		return record->e;
	case FIELD_F:
		return record->f;
	case FIELD_A:
	case FIELD_B:
	case FIELD_C:
	case FIELD_D:
		return record->i[source - FIELD_A];
	default:
		return 0;
	}
}
