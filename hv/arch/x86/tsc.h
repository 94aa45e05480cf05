/* SPDX-License-Identifier: BSD-3-Clause */
/* The TSC: how fast it is, and whether the pCPUs agree on it. */
#ifndef HV_X86_TSC_H
#define HV_X86_TSC_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Finds out the frequency and says where it came from: what the CPU claims, if measuring against
 * the PM timer or the PIT agrees, else what was measured. Needs acpi. Panics where nothing answers.
 */
void tsc_init(void);

/* Spins. */
void tsc_delay_us(uint64_t us);

/* TSC value that many microseconds from now. */
uint64_t tsc_after_us(uint64_t us);

/* Run by the boot pCPU and a starting one at the same time; the former logs what came out. False:
 * the other one did not answer. */
bool tsc_check_lead(unsigned int pcpu);
void tsc_check_follow(void);

#endif
