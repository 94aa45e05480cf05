/* SPDX-License-Identifier: BSD-3-Clause */
/* The hypercalls; acrn-hypercalls(7). Handlers are called with the target VM's lock held. */
#ifndef HV_CORE_HYPERCALL_H
#define HV_CORE_HYPERCALL_H

#include "hv/core/vm.h"

/* The parameters are as the guest gave them. The answer is what RAX gets. */
typedef int32_t hypercall_handler(struct vcpu *caller, struct vm *target, uint64_t param1,
				  uint64_t param2);

/* What the vCPU's registers ask for, with all checks but that of CPL. */
int32_t hypercall_dispatch(struct vcpu *caller);

hypercall_handler hc_get_api_version, hc_set_callback_vector, hc_get_hw_info;
hypercall_handler hc_create_vm, hc_start_vm, hc_pause_vm, hc_reset_vm, hc_destroy_vm;
hypercall_handler hc_create_vcpu;
hypercall_handler hc_set_ioreq_buffer, hc_notify_ioreq_finish;
hypercall_handler hc_set_vm_memory_regions, hc_setup_sbuf;
hypercall_handler hc_profiling_ops; /* called with no lock held */

#endif
