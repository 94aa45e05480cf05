/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A vCPU's local APIC. Its registers are in one page in the layout of the hardware's virtual-APIC
 * page, of which reads need no exit.
 */
#ifndef HV_CORE_VLAPIC_H
#define HV_CORE_VLAPIC_H

#include "hv/core/base.h"
#include "hv/core/timer.h"

struct vcpu;

#define APIC_ID 0x20U
#define APIC_VERSION 0x30U
#define APIC_TPR 0x80U
#define APIC_PPR 0xa0U
#define APIC_EOI 0xb0U
#define APIC_SVR 0xf0U
#define APIC_ISR 0x100U
#define APIC_IRR 0x200U
#define APIC_ICR_LOW 0x300U
#define APIC_ICR_HIGH 0x310U
#define APIC_LVT_TIMER 0x320U
#define APIC_LVT_LINT0 0x350U
#define APIC_LVT_LINT1 0x360U
#define APIC_LVT_ERROR 0x370U
#define APIC_TIMER_INITIAL 0x380U
#define APIC_TIMER_CURRENT 0x390U
#define APIC_TIMER_DIVIDE 0x3e0U
#define APIC_SELF_IPI 0x3f0U

#define APIC_LVT_MASKED (1U << 16)
#define APIC_TIMER_MODE (3U << 17)
#define APIC_TIMER_ONE_SHOT (0U << 17)
#define APIC_TIMER_PERIODIC (1U << 17)
#define APIC_TIMER_DEADLINE (2U << 17)
#define APIC_SVR_ENABLE (1U << 8)

#define MSR_X2APIC_FIRST 0x800U
#define MSR_X2APIC_LAST 0x8ffU

struct vlapic {
	struct vcpu *vcpu;
	uint32_t *page; /* registers, one each 16 bytes */
	uint64_t hpa;	/* of page */
	struct timer timer;
	uint64_t period;       /* of the running timer in TSC ticks; 0: one-shot */
	uint64_t tsc_deadline; /* IA32_TSC_DEADLINE */
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
