// SPDX-License-Identifier: BSD-3-Clause
/* A vCPU's local APIC and the timers of a pCPU. */
#include "tests/unit/core_test.h"

static struct vlapic *vlapic(void)
{
	vlapic_reset(&vms[0].vcpus[0].vlapic);
	return &vms[0].vcpus[0].vlapic;
}

static uint64_t read_reg(struct vlapic *apic, uint32_t offset)
{
	uint64_t value = 0;

	assert_int_equal(vlapic_read(apic, offset, &value), 0);
	return value;
}

static void test_priorities(void **state)
{
	struct vlapic *apic = vlapic();

	(void)state;
	assert_int_equal(vlapic_pending(apic), -1);
	vlapic_raise(apic, 15); /* no vector of an interrupt */
	assert_int_equal(vlapic_pending(apic), -1);
	vlapic_raise(apic, 0x31);
	vlapic_raise(apic, 0x91);
	vlapic_raise(apic, 0x91);
	assert_int_equal(vlapic_pending(apic), 0x91);
	vlapic_accept(apic, 0x91);
	assert_int_equal(read_reg(apic, APIC_PPR), 0x90);
	/* Of the same class and below: after EOI. */
	vlapic_raise(apic, 0x9f);
	assert_int_equal(vlapic_pending(apic), -1);
	vlapic_raise(apic, 0xa0);
	assert_int_equal(vlapic_pending(apic), 0xa0);
	vlapic_accept(apic, 0xa0);
	vlapic_write(apic, APIC_EOI, 0);
	assert_int_equal(vlapic_pending(apic), -1);
	vlapic_write(apic, APIC_EOI, 0);
	assert_int_equal(vlapic_pending(apic), 0x9f);
	vlapic_write(apic, APIC_TPR, 0x90);
	assert_int_equal(vlapic_pending(apic), -1);
	vlapic_write(apic, APIC_TPR, 0x8f);
	vlapic_accept(apic, 0x9f);
	vlapic_write(apic, APIC_EOI, 0);
	vlapic_write(apic, APIC_TPR, 0);
	assert_int_equal(vlapic_pending(apic), 0x31);
	/* One EOI too many changes nothing. */
	vlapic_write(apic, APIC_EOI, 0);
	assert_int_equal(vlapic_pending(apic), 0x31);
}

static void test_self_ipi(void **state)
{
	struct vlapic *apic = vlapic();

	(void)state;
	vlapic_write(apic, APIC_ICR_LOW, 0x40055); /* self */
	assert_int_equal(vlapic_pending(apic), 0x55);
	vlapic_write(apic, APIC_SELF_IPI, 0x66);
	assert_int_equal(vlapic_pending(apic), 0x66);
	vlapic_write(apic, APIC_ICR_LOW, 0xc0077); /* all others: there are none */
	assert_int_equal(vlapic_pending(apic), 0x66);
	vlapic_write(apic, APIC_ICR_LOW, 0x88 | 0ULL << 32); /* by id */
	assert_int_equal(vlapic_pending(apic), 0x88);
	vlapic_write(apic, APIC_ICR_LOW, 0x99 | 5ULL << 32); /* nobody has it */
	assert_int_equal(vlapic_pending(apic), 0x88);
}

static void test_registers(void **state)
{
	struct vlapic *apic = vlapic();
	uint64_t value;

	(void)state;
	assert_int_equal(vlapic_write(apic, APIC_VERSION, 0), -22);
	assert_int_equal(vlapic_write(apic, 0x400, 0), -22);
	assert_int_equal(vlapic_read(apic, 0x1000, &value), -22);
	assert_int_equal(vlapic_read(apic, 0x21, &value), -22);
	assert_int_equal(read_reg(apic, APIC_LVT_TIMER), APIC_LVT_MASKED);
	assert_int_equal(read_reg(apic, APIC_VERSION) & 0xff, 0x15);
}

/* --- timers: the hardware's interrupt is the test's call --- */
static void fire_due(void)
{
	timer_interrupt(this_pcpu());
}

static void test_one_shot(void **state)
{
	struct vlapic *apic = vlapic();

	(void)state;
	vlapic_write(apic, APIC_TIMER_DIVIDE, 0xb);
	vlapic_write(apic, APIC_LVT_TIMER, 0x40);
	vlapic_write(apic, APIC_TIMER_INITIAL, 0xffffffff);
	assert_true(apic->timer.queued);
	assert_in_range(read_reg(apic, APIC_TIMER_CURRENT), 1, 0xffffffff);
	fire_due();
	assert_int_equal(vlapic_pending(apic), -1);
	vlapic_write(apic, APIC_TIMER_INITIAL, 1);
	while (arch_tsc() < apic->timer.deadline)
		;
	fire_due();
	assert_int_equal(vlapic_pending(apic), 0x40);
	assert_false(apic->timer.queued);
	assert_int_equal(read_reg(apic, APIC_TIMER_CURRENT), 0);
}

static void test_periodic(void **state)
{
	struct vlapic *apic = vlapic();
	uint64_t first;

	(void)state;
	vlapic_write(apic, APIC_TIMER_DIVIDE, 0); /* by 2 */
	vlapic_write(apic, APIC_LVT_TIMER, APIC_TIMER_PERIODIC | 0x41);
	vlapic_write(apic, APIC_TIMER_INITIAL, arch_tsc_khz());
	assert_int_equal(apic->period, 2 * (uint64_t)arch_tsc_khz());
	first = apic->timer.deadline;
	while (arch_tsc() < first)
		;
	fire_due();
	assert_int_equal(vlapic_pending(apic), 0x41);
	assert_true(apic->timer.queued);
	assert_true(apic->timer.deadline >= first + apic->period);
	/* A period that would leave no time for anything else is lengthened. */
	vlapic_write(apic, APIC_TIMER_INITIAL, 1);
	assert_true(apic->period >= (uint64_t)arch_tsc_khz() / 1000 * 20);
	/* 0 stops it, and so does another mode. */
	vlapic_write(apic, APIC_TIMER_INITIAL, 0);
	assert_false(apic->timer.queued);
	vlapic_write(apic, APIC_TIMER_INITIAL, 100000);
	vlapic_write(apic, APIC_LVT_TIMER, APIC_TIMER_DEADLINE | 0x41);
	assert_false(apic->timer.queued);
}

static void test_deadline(void **state)
{
	struct vlapic *apic = vlapic();

	(void)state;
	vlapic_set_tsc_deadline(apic, arch_tsc()); /* not in this mode */
	assert_false(apic->timer.queued);
	vlapic_write(apic, APIC_LVT_TIMER, APIC_TIMER_DEADLINE | 0x42);
	vlapic_set_tsc_deadline(apic, arch_tsc() - 1);
	fire_due();
	assert_int_equal(vlapic_pending(apic), 0x42);
	assert_int_equal(apic->tsc_deadline, 0);
	vlapic_set_tsc_deadline(apic, UINT64_MAX);
	assert_int_equal(apic->tsc_deadline, UINT64_MAX);
	vlapic_set_tsc_deadline(apic, 0);
	assert_false(apic->timer.queued);
	vlapic_write(apic, APIC_LVT_TIMER, APIC_TIMER_DEADLINE | APIC_LVT_MASKED | 0x43);
	vlapic_set_tsc_deadline(apic, 1);
	fire_due();
	assert_int_not_equal(vlapic_pending(apic), 0x43);
}

static unsigned int order[8], nr_fired;
static struct timer timers[4];

static void note(void *argument)
{
	const struct timer *timer = argument;

	order[nr_fired++] = (unsigned int)(timer - timers);
}

static void again(void *argument)
{
	note(argument);
	timer_add(this_pcpu(), argument, 1);
}

static void test_timer_queue(void **state)
{
	struct pcpu *pcpu = this_pcpu();

	(void)state;
	vlapic();
	for (unsigned int i = 0; i < 4; i++)
		timer_init(&timers[i], i == 3 ? again : note, &timers[i]);
	timer_add(pcpu, &timers[0], 300);
	timer_add(pcpu, &timers[1], 100);
	timer_add(pcpu, &timers[2], UINT64_MAX);
	timer_add(pcpu, &timers[3], 200);
	assert_int_equal(pcpu->timers.armed, 100);
	timer_add(pcpu, &timers[1], 400); /* moved */
	assert_int_equal(pcpu->timers.armed, 200);
	timer_interrupt(pcpu);
	/* 3 is due again at once: it has had its turn, and comes with the next interrupt. */
	assert_int_equal(nr_fired, 3);
	assert_int_equal(order[0], 3);
	assert_int_equal(order[1], 0);
	assert_int_equal(order[2], 1);
	assert_true(timers[3].queued);
	timer_remove(pcpu, &timers[3]);
	timer_remove(pcpu, &timers[3]);
	timer_remove(pcpu, &timers[2]);
	assert_null(pcpu->timers.first);
	assert_int_equal(pcpu->timers.armed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_priorities),  cmocka_unit_test(test_self_ipi),
		cmocka_unit_test(test_registers),   cmocka_unit_test(test_one_shot),
		cmocka_unit_test(test_periodic),    cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_timer_queue),
	};

	return cmocka_run_group_tests_name("vlapic", tests, core_setup, core_teardown);
}
