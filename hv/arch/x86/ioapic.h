/* SPDX-License-Identifier: BSD-3-Clause */
/* The interrupt controllers of the board: IOAPICs, and the 8259s, which are only silenced. */
#ifndef HV_X86_IOAPIC_H
#define HV_X86_IOAPIC_H

#include <stdint.h>

#include "hv/arch/x86/acpi.h"

struct ioapic {
	volatile uint32_t *registers; /* NULL: could not be mapped */
	uint32_t hpa, gsi_base;
	unsigned int pins;
};

extern struct ioapic ioapics[ACPI_IOAPICS_MAX];
extern unsigned int nr_ioapics;

/* Masks every pin of both. */
void pic_mask(void);
void ioapic_init(void);

/* A pin's redirection entry. Callers keep to one pCPU at a time. */
uint64_t ioapic_read_pin(const struct ioapic *ioapic, unsigned int pin);
void ioapic_write_pin(const struct ioapic *ioapic, unsigned int pin, uint64_t entry);

#endif
