/* SPDX-License-Identifier: BSD-3-Clause */
/* The hypervisor's configuration, made by the port, and its start. */
#ifndef HV_CORE_HV_H
#define HV_CORE_HV_H

#include "formats/abi/vm.h"
#include "hv/core/base.h"
#include "hv/core/sched.h"

struct vm_config {
	bool used; /* else a free dynamic slot */
	enum acrn_vm_load_order load_order;
	char name[ACRN_VM_NAME_LEN];
	uint8_t severity; /* enum acrn_severity */
	uint64_t flags;	  /* GUEST_FLAG_.. */
	uint64_t affinity;
};

/* Memory of the Service VM: gpa = hpa. */
struct memory_region {
	uint64_t start, size;
	uint32_t flags; /* EPT_.. */
};

#define MAX_REGIONS 32U

struct hv_config {
	struct vm_config vms[MAX_VMS]; /* one of them the Service VM */
	struct memory_region service_memory[MAX_REGIONS];
	enum sched_kind sched[MAX_PCPUS];
	uint32_t slice_us;     /* 0: SCHED_SLICE_US_DEFAULT */
	uint8_t console_level; /* enum hvlog_severity; 0: nothing */
	uint8_t memory_level;
};

extern const struct hv_config *hv_config;

/*
 * Makes pCPUs and slots, creates the Service VM and starts it, before any pcpu_main(). The
 * configuration stays the caller's and has to live as long as the hypervisor. -EINVAL: no Service
 * VM in it, or one that cannot be made; -ENOMEM.
 */
int hv_init(const struct hv_config *config);

#endif
