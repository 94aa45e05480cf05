/* SPDX-License-Identifier: BSD-3-Clause */
/* What payloads have in common, made of hv/guests/guest.h alone. */
#ifndef HV_GUESTS_GUEST_LIB_H
#define HV_GUESTS_GUEST_LIB_H

#include "formats/abi/apic.h"
#include "hv/guests/boot.h"
#include "hv/guests/guest.h"

#define GUEST_TIMER_VECTOR 0x40U

/* A seeded generator (xorshift64*): the same seed gives the same run. */
static inline uint64_t guest_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

static inline void guest_eoi(void)
{
	guest_apic_write(APIC_EOI, 0);
}

/* Ticks of the TSC; what CPUID says is what a guest knows. */
static inline uint64_t guest_us(uint64_t us)
{
	return us * guest_cpuid(0x40000010U, 0).eax / 1000;
}

/* An interrupt each period; a handler for GUEST_TIMER_VECTOR has to be there. */
static inline void guest_start_periodic_timer(uint64_t ticks)
{
	guest_apic_write(APIC_SVR, APIC_SVR_ENABLE | 0xffU);
	guest_apic_write(APIC_TIMER_DIVIDE, 0xb); /* by 1 */
	guest_apic_write(APIC_LVT_TIMER, APIC_TIMER_PERIODIC | GUEST_TIMER_VECTOR);
	guest_apic_write(APIC_TIMER_INITIAL, (uint32_t)ticks);
}

/* INIT and SIPI to all vCPUs of the VM but this one: they start at the payload's entry, too. */
static inline void guest_start_others(void)
{
	guest_apic_write(APIC_ICR_LOW, 0x4500U | 3U << 18);
	guest_apic_write(APIC_ICR_LOW, 0x4600U | 3U << 18);
}

#endif
