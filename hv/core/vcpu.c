// SPDX-License-Identifier: BSD-3-Clause
/* A virtual CPU: its states, its events, one run of its guest. */
#include "hv/core/vcpu.h"
#include "hv/core/text.h"
#include "hv/core/trace.h"
#include "hv/core/vm.h"
#include "hv/core/vmexit.h"

int vcpu_init(struct vcpu *vcpu, struct vm *vm, uint16_t id, struct pcpu *pcpu)
{
	int error;

	memset(vcpu, 0, sizeof(*vcpu));
	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->pcpu = pcpu;
	text_format(vcpu->name, sizeof(vcpu->name), "vm%u:vcpu%u", vm->id, id);
	error = vlapic_init(&vcpu->vlapic, vcpu);
	if (!error)
		error = arch_vcpu_init(vcpu);
	return error;
}

void vcpu_free(struct vcpu *vcpu)
{
	arch_vcpu_free(vcpu);
	vlapic_free(&vcpu->vlapic);
	vcpu->state = VCPU_OFFLINE;
}

void vcpu_reset(struct vcpu *vcpu)
{
	vcpu->state = VCPU_INIT;
	vcpu->wait = WAIT_NOTHING;
	vcpu->exception.pending = false;
	vcpu->interruptible = false;
	vcpu->rflags = RFLAGS_RESERVED;
	vcpu->rip = 0;
	vcpu->cpl = 0;
	memset(&vcpu->regs, 0, sizeof(vcpu->regs));
	memset(&vcpu->entry, 0, sizeof(vcpu->entry));
	memset(&vcpu->io, 0, sizeof(vcpu->io));
	__atomic_store_n(&vcpu->requests, 0, __ATOMIC_RELAXED);
	vlapic_reset(&vcpu->vlapic);
	arch_vcpu_reset(vcpu);
}

void vcpu_notify(struct vcpu *vcpu)
{
	pcpu_reschedule(vcpu->pcpu);
}

void vcpu_request(struct vcpu *vcpu, uint32_t request)
{
	__atomic_fetch_or(&vcpu->requests, request, __ATOMIC_SEQ_CST);
	if (vcpu->pcpu == this_pcpu())
		vcpu_take_requests(vcpu);
	else
		vcpu_notify(vcpu);
}

void vcpu_take_requests(struct vcpu *vcpu)
{
	uint32_t requests = __atomic_exchange_n(&vcpu->requests, 0, __ATOMIC_ACQUIRE);

	if (vcpu->state != VCPU_INIT && vcpu->state != VCPU_RUNNING)
		return;
	if (requests & VCPU_REQUEST_INIT)
		vcpu_reset(vcpu);
	if ((requests & VCPU_REQUEST_SIPI) && vcpu->state == VCPU_INIT)
		vcpu->state = VCPU_RUNNING;
	if (requests)
		vcpu->pcpu->runqueue.again = true;
}

bool vcpu_can_run(const struct vcpu *vcpu)
{
	if (vcpu->state != VCPU_RUNNING)
		return false;
	switch (vcpu->wait) {
	case WAIT_INTERRUPT:
		return vcpu->exception.pending ||
		       ((vcpu->rflags & RFLAGS_IF) && vlapic_pending(&vcpu->vlapic) >= 0);
	case WAIT_IOREQ:
		return ioreq_is_done(vcpu);
	default:
		return true;
	}
}

void vcpu_inject_exception(struct vcpu *vcpu, uint8_t vector, bool has_error_code,
			   uint32_t error_code)
{
	vcpu->exception.pending = true;
	vcpu->exception.vector = vector;
	vcpu->exception.has_error_code = has_error_code;
	vcpu->exception.error_code = error_code;
}

void vcpu_inject_gp(struct vcpu *vcpu)
{
	vcpu_inject_exception(vcpu, VECTOR_GP, true, 0);
}

void vcpu_inject_ud(struct vcpu *vcpu)
{
	vcpu_inject_exception(vcpu, VECTOR_UD, false, 0);
}

/* Decides what the guest takes on entry: an exception, else an interrupt if it can. */
static void choose_event(struct vcpu *vcpu)
{
	int vector;

	vcpu->entry.window = false;
	/* The port put an event back whose delivery an exit has cut short. */
	if (vcpu->entry.intr_info & INTR_INFO_VALID)
		return;
	if (vcpu->exception.pending) {
		vcpu->exception.pending = false;
		vcpu->entry.intr_info = INTR_INFO_VALID | INTR_INFO_TYPE_EXCEPTION |
					vcpu->exception.vector |
					(vcpu->exception.has_error_code ? INTR_INFO_ERROR_CODE : 0);
		vcpu->entry.error_code = vcpu->exception.error_code;
		return;
	}
	vector = vlapic_pending(&vcpu->vlapic);
	if (vector < 0)
		return;
	if (!vcpu->interruptible) {
		vcpu->entry.window = true;
		return;
	}
	vlapic_accept(&vcpu->vlapic, (uint8_t)vector);
	vcpu->entry.intr_info = INTR_INFO_VALID | INTR_INFO_TYPE_EXTERNAL | (uint32_t)vector;
}

void vcpu_run(struct vcpu *vcpu)
{
	struct pcpu *pcpu = vcpu->pcpu;

	if (unlikely(vcpu->wait != WAIT_NOTHING)) {
		if (vcpu->wait == WAIT_IOREQ)
			ioreq_finish(vcpu);
		vcpu->wait = WAIT_NOTHING;
		if (vcpu->state != VCPU_RUNNING)
			return;
	}
	choose_event(vcpu);
	trace_2l(pcpu, TRACE_VM_ENTER, TRACE_ENTER(vcpu->vm->id, vcpu->id), 0);
	arch_vcpu_enter(vcpu);
	trace_2l(pcpu, TRACE_VM_EXIT, vcpu->exit.reason, vcpu->rip);
	vmexit_handle(vcpu);
}
