/* SPDX-License-Identifier: BSD-3-Clause */
/* Structures of the calls on VMs, their vCPUs and their memory; acrn-hypercalls(7). */
#ifndef ABI_VM_H
#define ABI_VM_H

#include <stdint.h>

#define ACRN_MAX_VCPUS 16U
#define ACRN_VM_NAME_LEN 16U
#define ACRN_INVALID_VMID 0xffffU

enum acrn_vm_load_order {
	PRE_LAUNCHED_VM = 0,
	SERVICE_VM = 1,
	POST_LAUNCHED_VM = 2,
};

/* Bits of acrn_vm_creation.vm_flag. */
#define GUEST_FLAG_SECURE_WORLD (1ULL << 0)
#define GUEST_FLAG_LAPIC_PASSTHROUGH (1ULL << 1)
#define GUEST_FLAG_IO_COMPLETION_POLLING (1ULL << 2)
#define GUEST_FLAG_RT (1ULL << 4)
#define GUEST_FLAG_VCAT (1ULL << 7)
#define GUEST_FLAG_STATIC_VM (1ULL << 8)
#define GUEST_FLAG_TEE (1ULL << 9)
#define GUEST_FLAG_REE (1ULL << 10)
#define GUEST_FLAG_PMU_PASSTHROUGH (1ULL << 11)
#define GUEST_FLAG_VHWP (1ULL << 12)

enum acrn_severity {
	SEVERITY_STANDARD_VM = 0x10,
	SEVERITY_SERVICE_VM = 0x20,
	SEVERITY_RTVM = 0x30,
	SEVERITY_SAFETY_VM = 0x40,
};

struct acrn_vm_creation {
	uint16_t vmid; /* answer */
	uint16_t reserved0;
	uint16_t vcpu_num; /* answer */
	uint16_t reserved1;
	uint8_t name[ACRN_VM_NAME_LEN];
	uint64_t vm_flag;
	uint64_t ioreq_buf; /* a user address; the hypervisor does not look at it */
	uint64_t cpu_affinity;
};

struct acrn_gp_regs {
	uint64_t rax;
	uint64_t rcx;
	uint64_t rdx;
	uint64_t rbx;
	uint64_t rsp;
	uint64_t rbp;
	uint64_t rsi;
	uint64_t rdi;
	uint64_t r8;
	uint64_t r9;
	uint64_t r10;
	uint64_t r11;
	uint64_t r12;
	uint64_t r13;
	uint64_t r14;
	uint64_t r15;
};

struct acrn_descriptor_ptr {
	uint16_t limit;
	uint64_t base;
	uint16_t reserved[3];
} __attribute__((packed));

struct acrn_regs {
	struct acrn_gp_regs gprs;
	struct acrn_descriptor_ptr gdt;
	struct acrn_descriptor_ptr idt;
	uint64_t rip;
	uint64_t cs_base;
	uint64_t cr0;
	uint64_t cr4;
	uint64_t cr3;
	uint64_t ia32_efer;
	uint64_t rflags;
	uint64_t reserved_64[4];
	uint32_t cs_ar;
	uint32_t cs_limit;
	uint32_t reserved_32[3];
	uint16_t cs_sel;
	uint16_t ss_sel;
	uint16_t ds_sel;
	uint16_t es_sel;
	uint16_t fs_sel;
	uint16_t gs_sel;
	uint16_t ldt_sel;
	uint16_t tr_sel;
};

struct acrn_vcpu_regs {
	uint16_t vcpu_id;
	uint16_t reserved[3];
	struct acrn_regs vcpu_regs;
};

struct acrn_vm_config_header {
	enum acrn_vm_load_order load_order;
	char name[ACRN_VM_NAME_LEN];
	uint8_t reserved[2];
	uint8_t severity;
	uint64_t cpu_affinity;
	uint64_t guest_flags;
};

/* HC_SET_VM_MEMORY_REGIONS */
enum memory_region_type {
	MR_ADD = 0,
	MR_DEL = 2, /* any other value deletes as well */
};

#define MEM_ACCESS_READ 0x001U
#define MEM_ACCESS_WRITE 0x002U
#define MEM_ACCESS_EXEC 0x004U
#define MEM_TYPE_WB 0x040U
#define MEM_TYPE_WT 0x080U
#define MEM_TYPE_UC 0x100U
#define MEM_TYPE_WC 0x200U
#define MEM_TYPE_WP 0x400U

struct vm_memory_region {
	uint32_t type;
	uint32_t prot;
	uint64_t gpa;
	uint64_t service_vm_gpa;
	uint64_t size;
};

struct set_regions {
	uint16_t vmid;
	uint16_t reserved0;
	uint32_t reserved1;
	uint32_t mr_num;
	uint64_t regions_gpa;
};

struct wp_data {
	uint8_t set;
	uint64_t pad : 56;
	uint64_t gpa;
};

struct vm_gpa2hpa {
	uint64_t gpa;
	uint64_t hpa;
};

struct trusty_boot_param {
	uint32_t size_of_this_struct;
	uint32_t version;
	uint32_t base_addr;
	uint32_t entry_point;
	uint32_t mem_size;
	uint32_t padding;
	uint32_t base_addr_high;
	uint32_t entry_point_high;
	uint8_t rpmb_key[64];
};

#endif
