/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual machine and its life; acrn-hypercalls(7). */
#ifndef HV_CORE_VM_H
#define HV_CORE_VM_H

#include "formats/abi/hypercall.h"
#include "formats/abi/vm.h"
#include "hv/core/base.h"
#include "hv/core/ept.h"
#include "hv/core/hv.h"
#include "hv/core/ioreq.h"
#include "hv/core/lock.h"
#include "hv/core/vcpu.h"

enum vm_state {
	VM_POWERED_OFF = 0,
	VM_CREATED = 1,
	VM_RUNNING = 2,
	VM_READY_TO_POWER_OFF = 3,
	VM_PAUSED = 4,
};

struct vm {
	uint16_t id;
	struct lock lock; /* of all below but what the vCPUs' pCPUs own; see pcpu_lock() */
	enum vm_state state;
	const struct vm_config *config;
	char name[ACRN_VM_NAME_LEN];
	uint64_t flags;
	struct ept ept;
	uint16_t nr_vcpus;
	struct vcpu vcpus[ACRN_MAX_VCPUS];
	struct acrn_io_request_buffer *ioreq; /* in Service VM memory; NULL: none */
	uint8_t callback_vector;
};

extern struct vm vms[MAX_VMS];

struct vm *service_vm(void);
/* By an id relative to the Service VM; NULL: there is no such slot. */
struct vm *vm_by_relative_id(uint64_t id);
uint16_t vm_relative_id(const struct vm *vm);

/* No business of the Service VM's. */
static inline bool vm_is_pre_launched(const struct vm *vm)
{
	return vm->config->used && vm->config->load_order == PRE_LAUNCHED_VM;
}

static inline bool vm_is_service(const struct vm *vm)
{
	return vm->config->load_order == SERVICE_VM;
}

/* The slot a VM of this name (not terminated if it is full) takes; NULL: none. */
struct vm *vm_find_slot(const char *name);

/*
 * All below under the VM's lock, by any pCPU. -1: not in this state; vm_create(): -1 also for wrong
 * parameters, and *out_of_memory where they were right, but there was no room.
 */
int vm_create(struct vm *vm, const char *name, uint64_t flags, uint64_t affinity,
	      bool *out_of_memory);
int vm_start(struct vm *vm);
int vm_pause(struct vm *vm);
int vm_reset(struct vm *vm);
int vm_destroy(struct vm *vm);

#endif
