// SPDX-License-Identifier: BSD-3-Clause
/* I/O of a User VM that the Service VM emulates; acrn-hypercalls(7). */
#include "hv/core/ioreq.h"
#include "hv/core/log.h"
#include "hv/core/pcpu.h"
#include "hv/core/vm.h"
#include "hv/core/vmexit.h"

static struct acrn_io_request *slot_of(const struct vcpu *vcpu)
{
	return &vcpu->vm->ioreq->req_slot[vcpu->id];
}

static uint32_t state_of(const struct acrn_io_request *slot)
{
	/* Pairs with the device model's store of COMPLETE: the value is there. */
	return __atomic_load_n(&slot->processed, __ATOMIC_ACQUIRE);
}

static void set_state(struct acrn_io_request *slot, uint32_t state)
{
	/* The request before PENDING, the reading of the value before FREE. */
	__atomic_store_n(&slot->processed, state, __ATOMIC_RELEASE);
}

void ioreq_reset(struct vm *vm)
{
	for (unsigned int i = 0; vm->ioreq && i < ACRN_MAX_VCPUS; i++)
		set_state(&vm->ioreq->req_slot[i], IOREQ_FREE);
}

static void fill(struct acrn_io_request *request, const struct io_wait *io)
{
	uint32_t direction = io->write ? IOREQ_WRITE : IOREQ_READ;

	request->type = io->type;
	request->completion_polling = io->polling;
	if (io->type == IOREQ_PORTIO)
		request->reqs.pio_request = (struct acrn_pio_request){
			.direction = direction,
			.address = io->address,
			.size = io->size,
			.value = (uint32_t)io->value,
		};
	else
		request->reqs.mmio_request = (struct acrn_mmio_request){
			.direction = direction,
			.address = io->address,
			.size = io->size,
			.value = io->value,
		};
}

void ioreq_submit(struct vcpu *vcpu)
{
	struct acrn_io_request *slot = slot_of(vcpu);
	struct acrn_io_request request;
	const struct vm *service = service_vm();

	/* This vCPU has no request under way, so the slot is ours whatever it says. */
	if (state_of(slot) != IOREQ_FREE)
		log_warning("request slot of %s is in state %u, not free", vcpu->name,
			    state_of(slot));
	vcpu->io.polling = vcpu->vm->flags & GUEST_FLAG_IO_COMPLETION_POLLING;
	/* Before PENDING: a notification from there on counts. */
	__atomic_store_n(&vcpu->io_notified, false, __ATOMIC_SEQ_CST);
	vcpu->wait = WAIT_IOREQ;
	vcpu->pcpu->runqueue.again = true;

	memset(&request, 0, sizeof(request));
	fill(&request, &vcpu->io);
	arch_copy_guest(slot, &request, offsetof(struct acrn_io_request, processed));
	set_state(slot, IOREQ_PENDING);
	vlapic_raise((struct vlapic *)&service->vcpus[0].vlapic, service->callback_vector);
}

bool ioreq_is_done(const struct vcpu *vcpu)
{
	if (!vcpu->io.polling && !__atomic_load_n(&vcpu->io_notified, __ATOMIC_ACQUIRE))
		return false;
	return state_of(slot_of(vcpu)) == IOREQ_COMPLETE;
}

void ioreq_finish(struct vcpu *vcpu)
{
	struct acrn_io_request *slot = slot_of(vcpu);
	uint64_t value = 0;

	if (vcpu->io.type == IOREQ_PORTIO)
		arch_copy_guest(&value, &slot->reqs.pio_request.value, sizeof(uint32_t));
	else
		arch_copy_guest(&value, &slot->reqs.mmio_request.value, sizeof(uint64_t));
	set_state(slot, IOREQ_FREE);
	io_complete(vcpu, value);
}
