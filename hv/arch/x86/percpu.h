/* SPDX-License-Identifier: BSD-3-Clause */
/* What the port keeps for each pCPU. GS holds its address; the first field has offset 0 there. */
#ifndef HV_X86_PERCPU_H
#define HV_X86_PERCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/core/base.h"

/* Stacks that hardware switches to by itself, because the current one may be what is broken. */
enum ist {
	IST_NONE,
	IST_DOUBLE_FAULT,
	IST_NMI,
	IST_MACHINE_CHECK,
	IST_COUNT,
};

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, io_map;
} __attribute__((packed));

struct vcpu;

struct percpu {
	struct percpu *self;
	unsigned int id;
	uint32_t apic_id;
	uint64_t stack_end; /* hva of the end of the stack that pcpu_main() runs on */
	bool online;	    /* written by the pCPU itself */
	uint8_t nmis_seen;

	uint64_t vectors[4]; /* interrupts taken, and not yet handed to irq_dispatch() */
	unsigned int timers_taken, kicks_taken;
	uint64_t timer_deadline; /* TSC; 0: the timer is off */

	bool vmx_on;
	uint64_t vmcs_hpa;	  /* the current VMCS; 0: none */
	struct vcpu *state_owner; /* whose state is in the registers; own_state.c */

	uint64_t gdt[5];
	struct tss tss;
} __attribute__((aligned(64)));

extern struct percpu percpus[MAX_PCPUS];
extern unsigned int nr_pcpus; /* known to ACPI and wanted; online ones after smp_start() */

static inline struct percpu *this_percpu(void)
{
	struct percpu *self;

	__asm__("movq %%gs:0, %0" : "=r"(self));
	return self;
}

#endif
