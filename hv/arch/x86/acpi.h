/* SPDX-License-Identifier: BSD-3-Clause */
/* What the hypervisor has to know from ACPI's tables (ACPI 6.4, chapter 5), copied at start. */
#ifndef HV_X86_ACPI_H
#define HV_X86_ACPI_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/core/base.h"

#define ACPI_CPUS_MAX 64U
#define ACPI_IOAPICS_MAX 8U
#define ACPI_OVERRIDES_MAX 24U

struct acpi_ioapic {
	uint8_t id;
	uint32_t hpa, gsi_base;
};

struct acpi_override {
	uint8_t irq; /* ISA */
	uint32_t gsi;
	uint16_t flags; /* bits 1..0 polarity, 3..2 trigger mode */
};

struct acpi {
	const char *from;  /* where the RSDP was found; NULL: there is no ACPI */
	uint64_t rsdp_hpa; /* 0: it came in a tag */
	uint8_t revision;
	unsigned int tables, bad_tables;

	uint64_t lapic_hpa;
	bool has_8259;
	uint32_t apic_ids[ACPI_CPUS_MAX]; /* of enabled CPUs */
	unsigned int nr_cpus;
	struct acpi_ioapic ioapics[ACPI_IOAPICS_MAX];
	unsigned int nr_ioapics;
	struct acpi_override overrides[ACPI_OVERRIDES_MAX];
	unsigned int nr_overrides;

	uint16_t pm_timer_port; /* 0: none */
	bool pm_timer_32bit;
	struct {
		uint8_t space; /* 0 memory, 1 port; 0xff: there is none */
		uint8_t value;
		uint64_t address;
	} reset;
};

extern struct acpi acpi;

/* Reads the tables; a damaged one is said and skipped. Without any, acpi.from is NULL. */
void acpi_init(void);

/* Asks for a reset by the FADT's register; returns if there is none, or it takes a while. */
void acpi_reset(void);

#endif
