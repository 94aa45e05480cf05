/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The IOAPICs as the Service VM sees them. The hypervisor owns the real ones: their pins come to
 * it, each with a vector of its own, and it raises the vector that the Service VM has written
 * there.
 */
#ifndef HV_X86_VIOAPIC_H
#define HV_X86_VIOAPIC_H

#include <stdbool.h>
#include <stdint.h>

void vioapic_init(void);

/* Accesses of the Service VM's. False: there is no IOAPIC. */
bool vioapic_read(uint64_t hpa, uint32_t *value);
bool vioapic_write(uint64_t hpa, uint32_t value);

/* A physical interrupt was taken, and is not acknowledged yet: what is level triggered is masked.
 */
void vioapic_taken(uint8_t vector);
/* The Service VM has acknowledged a vector of its own: what was masked for it comes back. */
void vioapic_eoi(uint8_t guest_vector);

#endif
