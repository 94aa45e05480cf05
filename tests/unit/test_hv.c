// SPDX-License-Identifier: BSD-3-Clause
/*
 * The running hypervisor as its trace shows it: order and ids of records, counts against what the
 * guests counted themselves, schedulers, preemption, conservation.
 */
#include <stdio.h>
#include <stdlib.h>

#include "formats/ring.h"
#include "tests/unit/hv_test.h"

#define MAX_RECORDS (1U << 20)
#define RING_RECORDS (SBUF_TRACE_SIZE / SBUF_TRACE_ELE_SIZE)
#define NR_PCPUS 2U

/* All that was drained from a pCPU's ring. */
static struct log {
	struct ring ring;
	struct trace_record *records;
	uint32_t nr;
	uint64_t lost;
} logs[NR_PCPUS];

static void attach(void)
{
	for (unsigned int i = 0; i < NR_PCPUS; i++) {
		struct error error;
		uint32_t size;
		struct shared_buf *shared = host_ring(i, SBUF_TRACE, &size);

		logs[i].nr = 0;
		if (!logs[i].records)
			logs[i].records =
				calloc(MAX_RECORDS + RING_RECORDS, sizeof(struct trace_record));
		assert_int_equal(
			ring_attach(&logs[i].ring, shared, size, SBUF_TRACE_ELE_SIZE, true, &error),
			0);
		/* What was lost before is not the reader's to count. */
		logs[i].lost = logs[i].ring.lost_seen;
	}
}

static void drain(void)
{
	for (unsigned int i = 0; i < NR_PCPUS; i++) {
		struct ring_window window;
		struct error error;

		assert_true(logs[i].nr <= MAX_RECORDS);
		assert_int_equal(
			ring_drain(&logs[i].ring, logs[i].records + logs[i].nr, &window, &error),
			0);
		logs[i].nr += window.count;
		for (uint32_t gap = 0; gap < window.gaps; gap++)
			logs[i].lost += window.gap[gap].lost;
	}
}

/* Ends the hypervisor and takes what is left; every record is read or counted as lost. */
static void stop_and_drain(void)
{
	uint64_t put, lost;

	host_stop();
	drain();
	drain();
	for (unsigned int i = 0; i < NR_PCPUS; i++) {
		host_ring_counts(i, SBUF_TRACE, &put, &lost);
		assert_int_equal(put, logs[i].nr);
		assert_int_equal(lost, logs[i].lost);
	}
}

static bool drained(unsigned int pcpu, uint32_t at_least)
{
	drain();
	return logs[pcpu].nr >= at_least;
}

static uint64_t event_of(const struct trace_record *record)
{
	return TRACE_WORD_EVENT(record->word);
}

static uint64_t count_events(unsigned int pcpu, uint64_t event)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < logs[pcpu].nr; i++)
		count += event_of(&logs[pcpu].records[i]) == event;
	return count;
}

/* --- a guest whose deeds are known --- */
#define DEED_CPUID 500U
#define DEED_OUT 300U
#define DEED_IN 200U
#define DEED_MMIO 100U
#define DEED_RDMSR 50U
#define DEED_BAD_RDMSR 30U
#define DEED_WRMSR 60U
#define DEED_VMCALL 40U
#define DEED_FAULT 20U
#define DEED_WBINVD 70U
#define DEED_HLT 80U
#define DEED_APIC 90U

static volatile bool known_done;

static void count_handler(uint8_t vector, void *argument)
{
	(void)argument;
	if (vector >= 32)
		guest_eoi();
}

static void known_entry(uint64_t boot_gpa)
{
	unsigned int fault;
	uint64_t value;

	(void)boot_gpa;
	guest_set_handler(3, count_handler, NULL);
	guest_set_handler(GUEST_TIMER_VECTOR, count_handler, NULL);
	for (unsigned int i = 0; i < DEED_CPUID; i++)
		guest_cpuid(0x40000000U, i);
	for (unsigned int i = 0; i < DEED_OUT; i++)
		guest_out(0x3f8, 1, i);
	for (unsigned int i = 0; i < DEED_IN; i++)
		guest_in(0x3f9, 2);
	for (unsigned int i = 0; i < DEED_MMIO; i++)
		guest_write(0xfe000000U + i * 4, 4, i);
	for (unsigned int i = 0; i < DEED_RDMSR; i++)
		guest_rdmsr(0x10, &value);
	for (unsigned int i = 0; i < DEED_BAD_RDMSR; i++)
		guest_rdmsr(0xc0010015U, &value);
	for (unsigned int i = 0; i < DEED_WRMSR; i++)
		guest_wrmsr(0x808, 0);
	for (unsigned int i = 0; i < DEED_VMCALL; i++)
		guest_vmcall_regs(HC_GET_HW_INFO, 0, 0, &fault);
	for (unsigned int i = 0; i < DEED_FAULT; i++)
		guest_fault(3, false, 0);
	for (unsigned int i = 0; i < DEED_WBINVD; i++)
		guest_wbinvd();
	for (unsigned int i = 0; i < DEED_APIC; i++)
		guest_apic_write(APIC_TPR, 0);
	guest_start_periodic_timer(guest_us(200)); /* 4 APIC writes, a CPUID */
	for (unsigned int i = 0; i < DEED_HLT; i++)
		guest_wait(); /* an EOI each */
	guest_apic_write(APIC_TIMER_INITIAL, 0);
	__atomic_store_n(&known_done, true, __ATOMIC_RELEASE);
	for (;;)
		guest_hlt();
}

static const struct guest_payload payloads[] = {
	{ "known", "", known_entry },
};

/* Exits of a VM by reason, found by the ids in its vm_enter records. */
static void count_exits(uint32_t vm, uint64_t reasons[EXIT_REASONS])
{
	memset(reasons, 0, EXIT_REASONS * sizeof(reasons[0]));
	for (unsigned int pcpu = 0; pcpu < NR_PCPUS; pcpu++) {
		bool inside = false;

		for (uint32_t i = 0; i < logs[pcpu].nr; i++) {
			const struct trace_record *r = &logs[pcpu].records[i];

			if (event_of(r) == TRACE_VM_ENTER)
				inside = TRACE_ENTER_VM(r->e) == vm;
			else if (event_of(r) == TRACE_VM_EXIT && inside)
				reasons[TRACE_EXIT_REASON(r->e)]++;
		}
	}
}

static void test_counts(void **state)
{
	struct host_options options = {
		.nr_pcpus = NR_PCPUS,
		.guests = { { .name = "known", .affinity = 2 }, { .name = "mix" } },
		.nr_guests = 2,
		.payloads = payloads,
		.nr_payloads = 1,
		.period_us = 1000,
		.seed = 5,
	};
	uint64_t reasons[EXIT_REASONS];
	const struct host_guest_counts *counts;

	(void)state;
	known_done = false;
	start_hv(&options);
	attach();
	WAIT_UNTIL((drain(), __atomic_load_n(&known_done, __ATOMIC_ACQUIRE)));
	stop_and_drain();
	for (unsigned int i = 0; i < NR_PCPUS; i++)
		assert_int_equal(logs[i].lost, 0);

	count_exits(1, reasons);
	assert_int_equal(reasons[EXIT_CPUID], DEED_CPUID + 1);
	assert_int_equal(reasons[EXIT_IO_INSTRUCTION], DEED_OUT + DEED_IN);
	assert_int_equal(reasons[EXIT_EPT_VIOLATION], DEED_MMIO);
	assert_int_equal(reasons[EXIT_RDMSR], DEED_RDMSR + DEED_BAD_RDMSR);
	assert_int_equal(reasons[EXIT_WRMSR], DEED_WRMSR);
	assert_int_equal(reasons[EXIT_VMCALL], DEED_VMCALL);
	assert_int_equal(reasons[EXIT_EXCEPTION_OR_NMI], DEED_FAULT);
	assert_int_equal(reasons[EXIT_WBINVD], DEED_WBINVD);
	assert_int_equal(reasons[EXIT_HLT], DEED_HLT + 1);
	counts = host_guest_counts(1, 0);
	assert_int_equal(counts->faults[13], DEED_BAD_RDMSR);
	assert_int_equal(counts->faults[6], DEED_VMCALL);
	assert_int_equal(counts->handled[3], DEED_FAULT);
	assert_true(counts->handled[GUEST_TIMER_VECTOR] >= DEED_HLT);
	assert_int_equal(reasons[EXIT_APIC_WRITE],
			 DEED_APIC + 5 + counts->handled[GUEST_TIMER_VECTOR]);

	/* What the other one did was random: its own count is the truth. */
	count_exits(2, reasons);
	for (unsigned int reason = 0; reason < EXIT_REASONS; reason++) {
		uint64_t done = 0, refused = 0, open = 0;

		for (unsigned int i = 0; i < vms[2].nr_vcpus; i++) {
			counts = host_guest_counts(2, i);
			done += counts->exits[reason];
			refused += reason == EXIT_RDMSR	   ? counts->faults[13]
				   : reason == EXIT_VMCALL ? counts->faults[6]
							   : 0;
			/* The instruction that the end came in has not been counted. */
			open++;
		}
		if (reason == EXIT_EXTERNAL_INTERRUPT || reason == EXIT_INTERRUPT_WINDOW)
			continue;
		assert_in_range(reasons[reason], done + refused, done + refused + open);
	}
	host_free();
}

/* --- order on a pCPU --- */
struct walker {
	bool inside;
	uint32_t vm; /* whose guest runs */
	uint64_t reason;
	unsigned int vmexit_events;
	char current[5]; /* thread, by sched_next */
	uint64_t tsc;
};

static bool is_vmexit_event(uint64_t event)
{
	return event >= 0x10000 && event <= 0x20000;
}

static uint64_t event_of_reason(uint64_t reason)
{
	switch (reason) {
	case EXIT_HLT:
	case EXIT_WBINVD:
	case EXIT_PAUSE:
		return 0;
	case EXIT_VMCALL:
		return TRACE_VMEXIT_VMCALL;
	case EXIT_APIC_WRITE:
		return TRACE_VMEXIT_APICV_WRITE;
	case EXIT_APIC_ACCESS:
		return TRACE_VMEXIT_APICV_ACCESS;
	case EXIT_INTERRUPT_WINDOW:
		return TRACE_VMEXIT_INTERRUPT_WINDOW;
	case EXIT_CPUID:
		return TRACE_VMEXIT_CPUID;
	default:
		return 0x10000 + reason;
	}
}

static void walk(struct walker *w, const struct trace_record *r, unsigned int pcpu)
{
	uint64_t event = event_of(r);
	char name[16];

	assert_int_equal(TRACE_WORD_PCPU(r->word), pcpu);
	assert_true(r->tsc >= w->tsc);
	w->tsc = r->tsc;
	if (event == TRACE_VM_ENTER) {
		assert_false(w->inside);
		assert_true(r->e & TRACE_ENTER_VALID);
		w->inside = true;
		w->vm = TRACE_ENTER_VM(r->e);
		snprintf(name, sizeof(name), "vm%u:", w->vm);
		if (w->current[0])
			assert_string_equal(name, w->current);
	} else if (event == TRACE_VM_EXIT) {
		assert_true(w->inside);
		w->inside = false;
		w->reason = r->e;
		w->vmexit_events = 0;
	} else {
		/* Nothing is traced while a guest runs. */
		assert_false(w->inside);
	}
	if (is_vmexit_event(event)) {
		assert_int_equal(++w->vmexit_events, 1);
		assert_int_equal(event, event_of_reason(w->reason));
	}
	if (event == TRACE_SCHED_NEXT) {
		assert_int_equal(TRACE_WORD_N_DATA(r->word), TRACE_16STR);
		if (w->current[0])
			assert_memory_equal(r->str, w->current, 4);
		assert_memory_not_equal(r->str, r->str + 4, 4);
		memcpy(w->current, r->str + 4, 4);
	}
}

static void test_order(void **state)
{
	struct host_options options = {
		.nr_pcpus = NR_PCPUS,
		.guests = { { .name = "rt" }, { .name = "mix" }, { .name = "mix2" } },
		.nr_guests = 3,
		.slice_us = 1000,
		.period_us = 500,
	};

	(void)state;
	start_hv(&options);
	attach();
	WAIT_UNTIL(drained(0, 60000) && drained(1, 60000));
	stop_and_drain();
	for (unsigned int pcpu = 0; pcpu < NR_PCPUS; pcpu++) {
		struct walker walker = { 0 };
		uint64_t enters = count_events(pcpu, TRACE_VM_ENTER);

		assert_int_equal(logs[pcpu].lost, 0);
		for (uint32_t i = 0; i < logs[pcpu].nr; i++) {
			const struct trace_record *r = &logs[pcpu].records[i];

			/* The ring was set up in the middle of the Service VM's hypercall. */
			if (!walker.tsc && event_of(r) == TRACE_VM_EXIT)
				fail();
			walk(&walker, r, pcpu);
		}
		assert_in_range(enters, count_events(pcpu, TRACE_VM_EXIT),
				count_events(pcpu, TRACE_VM_EXIT) + 1);
		assert_true(count_events(pcpu, TRACE_TIMER_IRQ) > 100);
	}
	host_free();
}

/* --- schedulers --- */
/* Guests that never leave by themselves take turns, one slice each. */
static void test_round_robin(void **state)
{
	struct host_options options = {
		.nr_pcpus = NR_PCPUS,
		.guests = { { .name = "busy", .affinity = 2 },
			    { .name = "busy2", .affinity = 2 },
			    { .name = "busy3", .affinity = 2 } },
		.nr_guests = 3,
		.service_affinity = 1,
		.slice_us = 1000,
	};
	const uint64_t slice = (uint64_t)arch_tsc_khz();
	char previous = 0;
	uint64_t since = 0;
	unsigned int turns = 0;
	bool all_run = false; /* the last one has been started */

	(void)state;
	start_hv(&options);
	attach();
	WAIT_UNTIL((drain(), count_events(1, TRACE_SCHED_NEXT) > 200));
	stop_and_drain();
	for (uint32_t i = 0; i < logs[1].nr; i++) {
		const struct trace_record *r = &logs[1].records[i];

		if (event_of(r) != TRACE_SCHED_NEXT)
			continue;
		if (all_run && previous) {
			char next = previous == '3' ? '1' : (char)(previous + 1);

			assert_int_equal(r->str[6], next);
			/* Nobody is put off before its time. */
			assert_true(r->tsc - since >= slice * 9 / 10);
		}
		previous = r->str[4] == 'v' ? r->str[6] : 0;
		all_run |= previous == '3';
		since = r->tsc;
		turns++;
	}
	assert_true(turns > 100);
	host_free();
}

/* With a pCPU of its own a guest is never switched away from, nor does a second one fit. */
static void test_noop(void **state)
{
	struct host_options options = {
		.nr_pcpus = NR_PCPUS,
		.guests = { { .name = "rt", .affinity = 2 } },
		.nr_guests = 1,
		.sched = { SCHED_ROUND_ROBIN, SCHED_NOOP },
		.period_us = 200,
	};
	struct acrn_vm_creation creation = { .name = "rt", .cpu_affinity = 2 };
	unsigned int slept = 0;

	(void)state;
	start_hv(&options);
	attach();
	assert_int_equal(vms[0].nr_vcpus, 1);
	creation.name[0] = 'x';
	assert_int_equal(hypercall_data(HC_CREATE_VM, 0, 1, &creation, sizeof(creation)), 0);
	assert_int_equal(creation.vmid, ACRN_INVALID_VMID);
	assert_int_equal(vms[2].state, VM_POWERED_OFF);
	WAIT_UNTIL(drained(1, 5000));
	stop_and_drain();
	for (uint32_t i = 0; i < logs[1].nr; i++) {
		const struct trace_record *r = &logs[1].records[i];

		if (event_of(r) == TRACE_VM_ENTER)
			assert_int_equal(TRACE_ENTER_VM(r->e), 1);
		/* It sleeps between its ticks, and nobody else runs then. */
		if (event_of(r) == TRACE_SCHED_NEXT && slept % 2 == 1)
			assert_memory_equal(r->str, "vm1:idle\0\0\0\0\0\0\0", 16);
		else if (event_of(r) == TRACE_SCHED_NEXT)
			assert_memory_equal(r->str, "idlevm1:\0\0\0\0\0\0\0", 16);
		slept += event_of(r) == TRACE_SCHED_NEXT;
	}
	assert_true(slept > 100);
	host_free();
}

/* --- conservation --- */
/* The producer at full speed, a small ring and a reader that comes and goes. */
static void test_conservation(void **state)
{
	struct host_options options = {
		.nr_pcpus = NR_PCPUS,
		.guests = { { .name = "cpuid" } },
		.nr_guests = 1,
		.trace_size = 64U << 10,
	};
	const struct timespec nap = { .tv_nsec = 3000000 };

	(void)state;
	start_hv(&options);
	attach();
	for (unsigned int i = 0; i < 100; i++) {
		drain();
		nanosleep(&nap, NULL);
	}
	WAIT_UNTIL((drain(), logs[0].lost && logs[1].lost));
	stop_and_drain();
	assert_true(logs[0].lost > 0);
	host_free();
}

/* What the User VM's ports are asked through polls as well as through notices. */
static void test_polling(void **state)
{
	struct host_options options = {
		.nr_pcpus = NR_PCPUS,
		.guests = { { .name = "known",
			      .affinity = 2,
			      .flags = GUEST_FLAG_IO_COMPLETION_POLLING } },
		.nr_guests = 1,
		.payloads = payloads,
		.nr_payloads = 1,
	};
	uint64_t reasons[EXIT_REASONS];

	(void)state;
	known_done = false;
	start_hv(&options);
	attach();
	WAIT_UNTIL((drain(), __atomic_load_n(&known_done, __ATOMIC_ACQUIRE)));
	stop_and_drain();
	count_exits(1, reasons);
	assert_int_equal(reasons[EXIT_IO_INSTRUCTION], DEED_OUT + DEED_IN);
	count_exits(0, reasons);
	/* No notice was needed: the calls are those of setting up. */
	assert_true(reasons[EXIT_VMCALL] < 20);
	host_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		hv_unit_test(test_counts),	 hv_unit_test(test_order),
		hv_unit_test(test_round_robin),	 hv_unit_test(test_noop),
		hv_unit_test(test_conservation), hv_unit_test(test_polling),
	};

	return cmocka_run_group_tests_name("hv", tests, NULL, NULL);
}
