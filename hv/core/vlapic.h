/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A vCPU's local APIC. Its registers are in one page in the layout of the hardware's virtual-APIC
 * page, of which reads need no exit.
 */
#ifndef HV_CORE_VLAPIC_H
#define HV_CORE_VLAPIC_H

#include "formats/abi/apic.h"
#include "hv/core/base.h"
#include "hv/core/timer.h"

struct vcpu;

struct vlapic {
	struct vcpu *vcpu;
	uint32_t *page; /* registers, one each 16 bytes */
	uint64_t hpa;	/* of page */
	struct timer timer;
	uint64_t period;       /* of the running timer in TSC ticks; 0: one-shot */
	uint64_t tsc_deadline; /* IA32_TSC_DEADLINE */
	bool x2apic;	       /* as IA32_APIC_BASE has it */
};

/* -ENOMEM. */
int vlapic_init(struct vlapic *vlapic, struct vcpu *vcpu);
void vlapic_free(struct vlapic *vlapic);
/* The state after INIT. On the vCPU's pCPU. */
void vlapic_reset(struct vlapic *vlapic);

/* Makes a vector pending and the vCPU take note; any pCPU. */
void vlapic_raise(struct vlapic *vlapic, uint8_t vector);
/* The vector to deliver next; -1: none, or not above the priority of what is in service. */
int vlapic_pending(const struct vlapic *vlapic);
/* The guest takes the vector: pending becomes in service. */
void vlapic_accept(struct vlapic *vlapic, uint8_t vector);

/* Accesses to a register by its offset in the page. -EINVAL: there is none such. */
int vlapic_read(struct vlapic *vlapic, uint32_t offset, uint64_t *value);
int vlapic_write(struct vlapic *vlapic, uint32_t offset, uint64_t value);
void vlapic_set_tsc_deadline(struct vlapic *vlapic, uint64_t deadline);

#endif
