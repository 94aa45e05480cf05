// SPDX-License-Identifier: BSD-3-Clause
/* Payloads of a few lines each. */
#include "hv/guests/guest_lib.h"

#define RT_WORK_US 50U

static void start_vcpus(void)
{
	if (!guest_vcpu_id())
		guest_start_others();
}

static void tick(uint8_t vector, void *argument)
{
	uint64_t *ticks = argument;

	(void)vector;
	(*ticks)++;
	guest_eoi();
}

static uint64_t boot_period(uint64_t boot_gpa)
{
	return guest_us(guest_read(boot_gpa + offsetof(struct guest_boot, period_us), 4));
}

/* Work at each tick, then wait for the next: what a control loop does. */
void rt_entry(uint64_t boot_gpa)
{
	uint64_t ticks = 0, work = guest_us(RT_WORK_US);

	start_vcpus();
	guest_set_handler(GUEST_TIMER_VECTOR, tick, &ticks);
	guest_start_periodic_timer(boot_period(boot_gpa));
	for (;;) {
		guest_wait();
		guest_spin(work);
	}
}

void hlt_entry(uint64_t boot_gpa)
{
	uint64_t ticks = 0;

	start_vcpus();
	guest_set_handler(GUEST_TIMER_VECTOR, tick, &ticks);
	guest_start_periodic_timer(boot_period(boot_gpa));
	for (;;)
		guest_wait();
}

void cpuid_entry(uint64_t boot_gpa)
{
	(void)boot_gpa;
	start_vcpus();
	for (uint32_t leaf = 0;; leaf = (leaf + 1) % 16)
		guest_cpuid(leaf, 0);
}

void busy_entry(uint64_t boot_gpa)
{
	(void)boot_gpa;
	start_vcpus();
	for (;;)
		guest_spin(1ULL << 40);
}
