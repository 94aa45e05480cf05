/* SPDX-License-Identifier: BSD-3-Clause */
/* The other pCPUs. */
#ifndef HV_X86_SMP_H
#define HV_X86_SMP_H

/* Numbers the pCPUs that ACPI knows, this one first, and makes their stacks. */
void smp_prepare(void);

/*
 * Starts them one after the other. One that does not come is said and gets no number; those behind
 * it move up. They wait for smp_release().
 */
void smp_start(void);

/* Lets all others run function, which does not return. */
void smp_release(void (*function)(void));

#endif
