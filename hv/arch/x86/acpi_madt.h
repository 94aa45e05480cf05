/* SPDX-License-Identifier: BSD-3-Clause */
/* The MADT: CPUs and interrupt controllers (ACPI 6.4, section 5.2.12). */
#ifndef HV_X86_ACPI_MADT_H
#define HV_X86_ACPI_MADT_H

#include <stdint.h>

/* Reads a table of length bytes, whose header was checked, into acpi. */
void acpi_read_madt(const uint8_t *table, uint32_t length);

#endif
