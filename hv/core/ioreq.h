/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * I/O of a User VM that the Service VM emulates; acrn-hypercalls(7). The slot lies in memory of the
 * Service VM: what was asked is kept here, and only state and value are taken from there.
 */
#ifndef HV_CORE_IOREQ_H
#define HV_CORE_IOREQ_H

#include "formats/abi/ioreq.h"
#include "hv/core/base.h"
#include "hv/include/arch.h"

struct vcpu;
struct vm;

struct io_wait {
	uint32_t type; /* enum ioreq_type */
	bool write;
	uint8_t size;
	uint64_t address;
	uint64_t value;
	bool polling;
	bool triple_fault; /* there is no instruction to complete */
	struct mmio_access mmio;
};

/* Makes all slots of the VM's buffer FREE. */
void ioreq_reset(struct vm *vm);

/* Sends what vcpu->io says to the Service VM; the vCPU waits from now on. */
void ioreq_submit(struct vcpu *vcpu);
/* Whether the request is complete and, unless polled for, notified. */
bool ioreq_is_done(const struct vcpu *vcpu);
/* Takes the answer and completes the instruction. */
void ioreq_finish(struct vcpu *vcpu);

#endif
