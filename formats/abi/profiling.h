/* SPDX-License-Identifier: BSD-3-Clause */
/* HC_PROFILING_OPS, and the records of the SEP and SOCWATCH rings; acrn-hypercalls(7),
 * acrn-sbuf(5). */
#ifndef ABI_PROFILING_H
#define ABI_PROFILING_H

#include <stdint.h>

enum profiling_cmd {
	PROFILING_MSR_OPS = 0,
	PROFILING_GET_VMINFO = 1,
	PROFILING_GET_VERSION = 2,
	PROFILING_GET_CONTROL_SWITCH = 3,
	PROFILING_SET_CONTROL_SWITCH = 4,
	PROFILING_CONFIG_PMI = 5,
	PROFILING_CONFIG_VMSWITCH = 6,
	PROFILING_GET_PCPUID = 7,
	PROFILING_GET_STATUS = 8,
};

enum profiling_collector {
	COLLECTOR_SEP = 0,
	COLLECTOR_SOCWATCH = 1,
};

/* Features of the SEP collector; a record's data_type is 1 << feature. */
enum sep_feature {
	SEP_CORE_PMU_SAMPLING = 0,
	SEP_CORE_PMU_COUNTING = 1,
	SEP_PEBS_PMU_SAMPLING = 2,
	SEP_LBR_PMU_SAMPLING = 3,
	SEP_UNCORE_PMU_SAMPLING = 4,
	SEP_VM_SWITCH_TRACING = 5,
};

enum socwatch_feature {
	SOCWATCH_COMMAND = 0,
	SOCWATCH_VM_SWITCH_TRACING = 1,
};

enum profiling_msr_op_type {
	MSR_OP_READ = 1,
	MSR_OP_WRITE = 2,
	MSR_OP_READ_CLEAR = 3,
};

enum profiling_pmu_state {
	PMU_INITIALIZED = 0,
	PMU_SETUP = 1,
	PMU_RUNNING = 2,
};

#define PROFILING_MAJOR_VERSION 1
#define PROFILING_MINOR_VERSION 0
#define PROFILING_MAX_PCPUS 16U
#define PROFILING_MAX_VMS 16U
#define PROFILING_VMM_ID 0xffffU /* the hypervisor itself */
#define MAX_MSR_LIST_NUM 15U
#define MAX_GROUP_NUM 1U
#define MSR_LIST_END 0xffffffffU
#define DATA_HEADER_RESERVED 0x99999988ULL
#define LBR_NUM_REGISTERS 32U

struct profiling_version_info {
	int32_t major;
	int32_t minor;
	int64_t supported_features;
	int64_t reserved;
};

struct profiling_pcpuid {
	uint32_t leaf;
	uint32_t subleaf;
	uint32_t eax;
	uint32_t ebx;
	uint32_t ecx;
	uint32_t edx;
};

struct profiling_control {
	int32_t collector_id;
	int32_t reserved;
	uint64_t switches;
};

struct profiling_vcpu_pcpu_map {
	int16_t vcpu_id;
	int16_t pcpu_id;
	uint32_t apic_id;
};

struct profiling_vm_info {
	uint16_t vm_id_num;
	char vm_name[16];
	uint16_t num_vcpus;
	struct profiling_vcpu_pcpu_map cpu_map[PROFILING_MAX_PCPUS];
};

struct profiling_vm_info_list {
	uint16_t num_vms;
	struct profiling_vm_info vm_list[PROFILING_MAX_VMS + 1];
};

struct sw_msr_op_info {
	uint64_t core_msr[MAX_MSR_LIST_NUM];
	uint32_t cpu_id;
	uint32_t valid_entries;
	uint16_t sample_id;
};

struct profiling_msr_op {
	uint64_t value;
	uint32_t msr_id;
	uint16_t param;
	uint8_t msr_op_type;
	uint8_t reg_type;
};

struct profiling_msr_ops_list {
	int32_t collector_id;
	uint32_t num_entries;
	int32_t msr_op_state;
	struct profiling_msr_op entries[MAX_MSR_LIST_NUM];
};

struct profiling_pmi_config {
	uint32_t num_groups;
	uint32_t trigger_count;
	struct profiling_msr_op initial_list[MAX_GROUP_NUM][MAX_MSR_LIST_NUM];
	struct profiling_msr_op start_list[MAX_GROUP_NUM][MAX_MSR_LIST_NUM];
	struct profiling_msr_op stop_list[MAX_GROUP_NUM][MAX_MSR_LIST_NUM];
	struct profiling_msr_op entry_list[MAX_GROUP_NUM][MAX_MSR_LIST_NUM];
	struct profiling_msr_op exit_list[MAX_GROUP_NUM][MAX_MSR_LIST_NUM];
};

struct profiling_vmsw_config {
	int32_t collector_id;
	struct profiling_msr_op initial_list[MAX_MSR_LIST_NUM];
	struct profiling_msr_op entry_list[MAX_MSR_LIST_NUM];
	struct profiling_msr_op exit_list[MAX_MSR_LIST_NUM];
};

struct guest_vm_info {
	uint64_t vmenter_tsc;
	uint64_t vmexit_tsc;
	uint64_t vmexit_reason;
	uint64_t guest_rip;
	uint64_t guest_rflags;
	uint64_t guest_cs;
	uint16_t guest_vm_id;
	int32_t external_vector;
};

struct profiling_status {
	uint32_t samples_logged;
	uint32_t samples_dropped;
};

struct data_header {
	int32_t collector_id;
	uint16_t cpu_id;
	uint16_t data_type;
	uint64_t tsc;
	uint64_t payload_size;
	uint64_t reserved; /* DATA_HEADER_RESERVED */
} __attribute__((aligned(32)));

struct core_pmu_sample {
	uint16_t os_id;
	uint16_t reserved;
	uint32_t task_id;
	uint64_t rip;
	char task[16];
	uint32_t cpu_id;
	uint32_t process_id;
	uint64_t overflow_status;
	uint32_t rflags;
	uint32_t cs;
} __attribute__((aligned(32)));

struct lbr_pmu_sample {
	uint64_t lbr_tos;
	uint64_t lbr_from_ip[LBR_NUM_REGISTERS];
	uint64_t lbr_to_ip[LBR_NUM_REGISTERS];
	uint64_t lbr_info[LBR_NUM_REGISTERS];
} __attribute__((aligned(32)));

struct pmu_sample {
	struct core_pmu_sample csample;
	struct lbr_pmu_sample lsample;
} __attribute__((aligned(32)));

struct vm_switch_trace {
	uint64_t vm_enter_tsc;
	uint64_t vm_exit_tsc;
	uint64_t vm_exit_reason;
	uint16_t os_id;
	uint16_t reserved;
} __attribute__((aligned(32)));

#endif
