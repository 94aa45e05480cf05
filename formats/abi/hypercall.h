/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hypercall numbers; acrn-hypercalls(7). The number goes into R8, the parameters into RDI and RSI;
 * the answer comes back in RAX as a sign-extended int32, negative for an error.
 */
#ifndef ABI_HYPERCALL_H
#define ABI_HYPERCALL_H

#include <stdint.h>

#define HC_ID(number) (0x80000000U | (number))

#define HC_GET_API_VERSION HC_ID(0x00U)
#define HC_SERVICE_VM_OFFLINE_CPU HC_ID(0x01U)
#define HC_SET_CALLBACK_VECTOR HC_ID(0x02U)
#define HC_CREATE_VM HC_ID(0x10U)
#define HC_DESTROY_VM HC_ID(0x11U)
#define HC_START_VM HC_ID(0x12U)
#define HC_PAUSE_VM HC_ID(0x13U)
#define HC_CREATE_VCPU HC_ID(0x14U)
#define HC_RESET_VM HC_ID(0x15U)
#define HC_SET_VCPU_REGS HC_ID(0x16U)
#define HC_INJECT_MSI HC_ID(0x23U)
#define HC_VM_INTR_MONITOR HC_ID(0x24U)
#define HC_SET_IRQLINE HC_ID(0x25U)
#define HC_SET_IOREQ_BUFFER HC_ID(0x30U)
#define HC_NOTIFY_IOREQ_FINISH HC_ID(0x31U)
#define HC_ASYNCIO_ASSIGN HC_ID(0x32U)
#define HC_ASYNCIO_DEASSIGN HC_ID(0x33U)
#define HC_GPA_TO_HPA HC_ID(0x41U)
#define HC_SET_VM_MEMORY_REGIONS HC_ID(0x42U)
#define HC_WRITE_PROTECT_PAGE HC_ID(0x43U)
#define HC_SETUP_SBUF HC_ID(0x44U)
#define HC_SET_PTDEV_INTR_INFO HC_ID(0x53U)
#define HC_RESET_PTDEV_INTR_INFO HC_ID(0x54U)
#define HC_ASSIGN_PCIDEV HC_ID(0x55U)
#define HC_DEASSIGN_PCIDEV HC_ID(0x56U)
#define HC_ASSIGN_MMIODEV HC_ID(0x57U)
#define HC_DEASSIGN_MMIODEV HC_ID(0x58U)
#define HC_ADD_VDEV HC_ID(0x59U)
#define HC_REMOVE_VDEV HC_ID(0x5aU)
#define HC_SETUP_HV_NPK_LOG HC_ID(0x61U)
#define HC_PROFILING_OPS HC_ID(0x62U)
#define HC_GET_HW_INFO HC_ID(0x63U)
/* Trusty: initialise, world switch, save and restore; for VMs with a secure world. */
#define HC_INITIALIZE_TRUSTY HC_ID(0x70U)
#define HC_WORLD_SWITCH HC_ID(0x71U)
#define HC_SAVE_RESTORE_SWORLD_CTX HC_ID(0x72U)
#define HC_PM_GET_CPU_STATE HC_ID(0x80U)
/* For VMs that are a trusted or a rich execution environment. */
#define HC_TEE_VCPU_BOOT_DONE HC_ID(0x90U)
#define HC_SWITCH_EE HC_ID(0x91U)

#define HC_API_MAJOR_VERSION 1U
#define HC_API_MINOR_VERSION 0U

/* The upcall to the Service VM's vCPU 0. */
#define HC_CALLBACK_VECTOR_DEFAULT 0xf3U
#define HC_CALLBACK_VECTOR_MIN 0x20U
#define HC_CALLBACK_VECTOR_MAX 0xffU

struct hc_api_version {
	uint32_t major_version;
	uint32_t minor_version;
};

struct acrn_hw_info {
	uint16_t cpu_num; /* physical CPUs */
	uint16_t reserved[3];
};

struct acrn_sbuf_param {
	uint16_t cpu_id;
	uint16_t reserved;
	uint32_t sbuf_id; /* enum sbuf_id */
	uint64_t gpa;	  /* of the shared_buf; 0 stops producing into the ring */
};

#endif
