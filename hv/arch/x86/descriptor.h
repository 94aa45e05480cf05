/* SPDX-License-Identifier: BSD-3-Clause */
/* GDT, TSS and IDT. */
#ifndef HV_X86_DESCRIPTOR_H
#define HV_X86_DESCRIPTOR_H

#include "hv/arch/x86/percpu.h"

struct descriptor_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* Fills the one IDT; once. It is SEALED. */
void idt_init(void);

/* Loads this pCPU's GDT and TSS, the IDT, and GS. */
void descriptor_load(struct percpu *cpu);

#endif
