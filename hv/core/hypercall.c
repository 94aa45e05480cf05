// SPDX-License-Identifier: BSD-3-Clause
/* Which hypercalls there are, who may make them, and on which VM; acrn-hypercalls(7). */
#include "hv/core/hypercall.h"
#include "hv/core/pcpu.h"
#include "hv/core/trace.h"
#include "hv/core/vmexit.h"

/* Where the VM that a call is about is named. */
enum target {
	TARGET_CALLER,	  /* it is the caller's */
	TARGET_PARAM1,	  /* param1 is its id */
	TARGET_BY_HANDLER /* the handler finds and locks what the call is about */
};

static const struct {
	uint32_t id;
	enum target target;
	hypercall_handler *handler;
} calls[] = {
	{ HC_GET_API_VERSION, TARGET_CALLER, hc_get_api_version },
	{ HC_SET_CALLBACK_VECTOR, TARGET_CALLER, hc_set_callback_vector },
	{ HC_GET_HW_INFO, TARGET_CALLER, hc_get_hw_info },
	{ HC_CREATE_VM, TARGET_BY_HANDLER, hc_create_vm },
	{ HC_DESTROY_VM, TARGET_PARAM1, hc_destroy_vm },
	{ HC_START_VM, TARGET_PARAM1, hc_start_vm },
	{ HC_PAUSE_VM, TARGET_PARAM1, hc_pause_vm },
	{ HC_CREATE_VCPU, TARGET_PARAM1, hc_create_vcpu },
	{ HC_RESET_VM, TARGET_PARAM1, hc_reset_vm },
	{ HC_SET_IOREQ_BUFFER, TARGET_PARAM1, hc_set_ioreq_buffer },
	{ HC_NOTIFY_IOREQ_FINISH, TARGET_PARAM1, hc_notify_ioreq_finish },
	{ HC_SET_VM_MEMORY_REGIONS, TARGET_BY_HANDLER, hc_set_vm_memory_regions },
	{ HC_SETUP_SBUF, TARGET_PARAM1, hc_setup_sbuf },
	{ HC_PROFILING_OPS, TARGET_BY_HANDLER, hc_profiling_ops },
};

static int32_t call_with_lock(hypercall_handler *handler, struct vcpu *caller, struct vm *target,
			      uint64_t param1, uint64_t param2)
{
	int32_t answer;

	if (!target || vm_is_pre_launched(target))
		return -HV_ENOTTY;
	pcpu_lock(&target->lock);
	answer = handler(caller, target, param1, param2);
	lock_release(&target->lock);
	return answer;
}

int32_t hypercall_dispatch(struct vcpu *caller)
{
	uint64_t id = caller->regs.r8, param1 = caller->regs.rdi, param2 = caller->regs.rsi;
	struct vm *target = caller->vm;
	unsigned int i = 0;

	while (i < ARRAY_SIZE(calls) && calls[i].id != id)
		i++;
	/* All of these calls are the Service VM's. */
	if (i == ARRAY_SIZE(calls) || !vm_is_service(caller->vm))
		return -HV_ENOTTY;
	if (calls[i].target == TARGET_BY_HANDLER)
		return calls[i].handler(caller, NULL, param1, param2);
	if (calls[i].target == TARGET_PARAM1)
		target = vm_by_relative_id(param1);
	return call_with_lock(calls[i].handler, caller, target, param1, param2);
}

static bool may_call(const struct vm *vm)
{
	return vm_is_service(vm) ||
	       (vm->flags & (GUEST_FLAG_SECURE_WORLD | GUEST_FLAG_TEE | GUEST_FLAG_REE));
}

void vmcall_exit(struct vcpu *vcpu)
{
	trace_2l(vcpu->pcpu, TRACE_VMEXIT_VMCALL, vcpu->vm->id, vcpu->regs.r8);
	if (!may_call(vcpu->vm)) {
		vcpu_inject_ud(vcpu);
	} else if (vcpu->cpl) {
		vcpu_inject_gp(vcpu);
	} else {
		/* An int32, sign-extended. */
		vcpu->regs.rax = (uint64_t)(int64_t)hypercall_dispatch(vcpu);
		vcpu_skip_instruction(vcpu);
	}
}
