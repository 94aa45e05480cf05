/* SPDX-License-Identifier: BSD-3-Clause */
/* The local APIC of each pCPU, in x2APIC mode where the CPU has it, else in xAPIC mode. */
#ifndef HV_X86_APIC_H
#define HV_X86_APIC_H

#include <stdbool.h>
#include <stdint.h>

#define VECTOR_SPURIOUS 0xffU

/* Chooses the mode and maps the registers; boot pCPU, once. Panics where there is no APIC. */
void apic_init(uint64_t lapic_hpa);
bool apic_is_x2apic(void);

/* Turns this pCPU's APIC on: all its own sources masked, but the timer, which is not armed. */
void apic_enable(void);
uint32_t apic_id(void);

/* Finds out how fast the timer counts; boot pCPU, when the TSC's frequency is known. */
void apic_timer_calibrate(void);
bool apic_timer_is_deadline(void);
uint32_t apic_timer_khz(void); /* 0: it compares with the TSC */

void apic_send_init(uint32_t apic_id);
void apic_send_startup(uint32_t apic_id, uint64_t trampoline_hpa);
void apic_send_nmi(uint32_t apic_id);
/* Sends an NMI to all other pCPUs; for panics. */
void apic_stop_others(void);

/*
 * Acknowledges an interrupt that the CPU has taken (or a VM exit has fetched). False: nobody is to
 * hear of it, it is spurious or the timer has some way to go.
 */
bool apic_take(uint8_t vector);

/* The same for one that came through the IDT, and keeps it for arch_idle(). */
void apic_interrupt(uint8_t vector);

#endif
