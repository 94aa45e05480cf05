// SPDX-License-Identifier: BSD-3-Clause
/* test=ground: timers, kicks and pages. */
#include "hv/arch/x86/ground.h"
#include "hv/arch/x86/page_alloc.h"
#include "hv/arch/x86/paging.h"
#include "hv/arch/x86/percpu.h"
#include "hv/arch/x86/power.h"
#include "hv/arch/x86/tsc.h"
#include "hv/core/log.h"
#include "hv/include/arch.h"

#define STEP_US 2000U
#define FAR_US 3000000U /* longer than a test lasts */

static void fail(const char *what)
{
	log_error("test: failed on pCPU %u: %s", arch_pcpu_id(), what);
}

/* Idles until a vector came, or this pCPU's timer ran out. */
static unsigned int taken(uint8_t vector)
{
	return vector == VECTOR_TIMER ? this_percpu()->timers_taken : this_percpu()->kicks_taken;
}

static bool idle_until(uint8_t vector, unsigned int count)
{
	unsigned int timers = taken(VECTOR_TIMER);

	while (taken(vector) < count && taken(VECTOR_TIMER) == timers)
		arch_idle();
	return taken(vector) >= count;
}

static uint64_t latest; /* cycles that a timer came late on the first pCPU */

static void test_timer(void)
{
	unsigned int fired = this_percpu()->timers_taken;
	uint64_t deadline = tsc_after_us(STEP_US);

	arch_timer_arm(deadline);
	idle_until(VECTOR_TIMER, fired + 1);
	if (arch_tsc() < deadline)
		fail("the timer is early");
	if (arch_pcpu_id() == 0)
		latest = arch_tsc() - deadline;
	/* One that was replaced, and one that was taken back, do not come. */
	arch_timer_arm(tsc_after_us(STEP_US));
	arch_timer_arm(0);
	arch_timer_arm(tsc_after_us(STEP_US));
	arch_timer_arm(deadline = tsc_after_us(4UL * STEP_US));
	idle_until(VECTOR_TIMER, fired + 2);
	if (arch_tsc() < deadline)
		fail("a timer that was replaced came");
	/* One that is past comes at once. */
	arch_timer_arm(arch_tsc() - 1);
	idle_until(VECTOR_TIMER, fired + 3);
	if (this_percpu()->timers_taken != fired + 3)
		fail("number of timer interrupts");
}

/* A kick that comes before arch_idle() ends it at once. */
static void test_own_kick(void)
{
	unsigned int kicks = this_percpu()->kicks_taken;

	arch_timer_arm(tsc_after_us(FAR_US));
	arch_kick(arch_pcpu_id());
	tsc_delay_us(STEP_US);
	if (!idle_until(VECTOR_KICK, kicks + 1))
		fail("a kick was lost");
	arch_timer_arm(0);
}

#define ROUNDS 1000U

static uint32_t turn; /* how often the ball was passed on; pCPU turn % n has it */

/* Passes a ball around: a lost wake-up ends in the timer. */
static void test_kicks(void)
{
	unsigned int self = arch_pcpu_id(), n = arch_nr_pcpus();
	bool lost = false;

	while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) < ROUNDS && !lost) {
		unsigned int kicks = this_percpu()->kicks_taken;

		if (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) % n == self) {
			uint32_t next = __atomic_add_fetch(&turn, 1, __ATOMIC_ACQ_REL);

			if (next == ROUNDS)
				for (unsigned int i = 0; i < n; i++)
					arch_kick(i);
			else
				arch_kick(next % n);
			continue;
		}
		arch_timer_arm(tsc_after_us(FAR_US));
		lost = !idle_until(VECTOR_KICK, kicks + 1);
	}
	arch_timer_arm(0);
	if (lost)
		fail("a kick of another pCPU was lost");
}

static void test_pages(void)
{
	uint64_t one = arch_page_alloc(), run = page_alloc_run(100), again;

	if (!one || !run || one % PAGE_SIZE)
		fail("pages: none");
	memset(arch_hpa_to_hva(run), 0x5a, 100 * PAGE_SIZE);
	page_free_run(run, 100);
	again = page_alloc_run(100);
	if (again != run || *(uint64_t *)arch_hpa_to_hva(again))
		fail("pages: not given again, or not cleared");
	if (paging_hva_to_hpa(arch_hpa_to_hva(one)) != one)
		fail("pages: hpa of hva");
	page_free_run(again, 100);
	arch_page_free(one);
	if (page_alloc_run(1U << 20))
		fail("pages: more than there are");
}

static uint32_t finished;

void ground_test(void)
{
	uint64_t until = tsc_after_us(FAR_US);

	if (arch_pcpu_id() == 0)
		test_pages();
	test_timer();
	test_own_kick();
	test_kicks();
	__atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
	if (arch_pcpu_id())
		return;
	while (__atomic_load_n(&finished, __ATOMIC_SEQ_CST) < arch_nr_pcpus())
		if (arch_tsc() > until)
			break;
	log_info("test: the timer was %lu us late", latest * 1000 / arch_tsc_khz());
	log_info("test: %u pCPUs done", finished);
	power_exit();
}
