// SPDX-License-Identifier: BSD-3-Clause
/* The analysis: the sample's truth, and each rule in a capture made by hand. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "tests/unit/analysis_steps.h"

#include "formats/abi/hypercall.h"
#include "formats/stream.h"

static struct analysis *analyse_span(const struct step *steps, size_t nr, uint64_t from,
				     uint64_t to)
{
	struct analysis *analysis = new_analysis((1U << NR_DETAILS) - 1, from, to);
	struct error error;

	feed(analysis, 0, steps, nr, 3);
	assert_int_equal(analysis_finish(analysis, &error), 0);
	return analysis;
}

#define ANALYSE(steps) analyse_span(steps, COUNT_OF(steps), 0, 0)

static const struct analysis_account *account_of(const struct analysis *analysis, int vm)
{
	const struct analysis_account *account = analysis_pcpu(analysis, 0)->accounts;

	while (account && account->vm != vm)
		account = account->next;
	return account;
}

/* The row of that VM and reason on any pCPU; all zero where there is none. */
static struct analysis_row row_of(const struct analysis *analysis, int vm, uint16_t reason)
{
	const struct analysis_choice choice = { .by = 1U << BY_VM | 1U << BY_REASON };
	struct analysis_row *rows, found = { .hv = 0 };
	unsigned int nr;

	assert_int_equal(analysis_rows_make(analysis, &choice, &rows, &nr), 0);
	for (unsigned int i = 0; i < nr; i++)
		if (rows[i].key.vm == vm && rows[i].key.reason == reason)
			found = rows[i];
	memset(found.cycles.block, 0, sizeof(found.cycles.block)); /* freed with the rows */
	analysis_rows_free(rows, nr);
	return found;
}

static void assert_row(const struct analysis *analysis, int vm, uint16_t reason, uint64_t count,
		       uint64_t cycles, uint64_t hv)
{
	struct analysis_row row = row_of(analysis, vm, reason);

	assert_int_equal(row.cycles.count, count);
	assert_int_equal(row.cycles.sum, cycles);
	assert_int_equal(row.hv, hv);
}
static void assert_unmatched(const struct analysis *analysis, uint64_t enters, uint64_t exits)
{
	uint64_t got_enters, got_exits;

	unmatched(analysis, &got_enters, &got_exits);
	assert_int_equal(got_enters, enters);
	assert_int_equal(got_exits, exits);
}

static void done(struct analysis *analysis)
{
	assert_conserved(analysis_pcpu(analysis, 0));
	analysis_free(analysis);
}

/* --- the rules, one by one --- */

static void test_reason_without_event(void **state)
{
	static const struct step steps[] = {
		ENTER(100),
		EXIT(200, EXIT_WRMSR),
		RECORD(210, TRACE_VMEXIT_WRMSR, TRACE_2L, 0x6e0, 1),
		ENTER(250),
		EXIT(300, EXIT_HLT),
		ENTER(307),
		EXIT(400, EXIT_HLT),
		ENTER(500),
		SCHED(600, "vm3:idle"),
	};
	struct analysis *analysis = ANALYSE(steps);
	struct analysis_row row = row_of(analysis, 3, EXIT_HLT);

	(void)state;
	assert_row(analysis, 3, EXIT_WRMSR, 1, 50, 50);
	assert_row(analysis, 3, EXIT_HLT, 2, 107, 107);
	assert_int_equal(row.cycles.min, 7);
	assert_int_equal(row.cycles.max, 100);
	assert_unmatched(analysis, 1, 0);
	assert_int_equal(account_of(analysis, 3)->guest, 100 + 50 + 93);
	done(analysis);
}

/* vm0 is taken off in its exit; the next vm_enter there is vm1's. */
static void test_next_enter_is_another_vms(void **state)
{
	static const struct step steps[] = {
		EXIT(100, EXIT_HLT),
		SCHED(110, "vm0:vm1:"),
		ENTER(120),
		EXIT(200, EXIT_CPUID),
		ENTER(230),
		EXIT(300, EXIT_HLT),
		SCHED(305, "vm1:vm0:"),
		ENTER(310),
	};
	struct analysis *analysis = ANALYSE(steps);

	(void)state;
	assert_row(analysis, 0, EXIT_HLT, 1, 210, 10 + 5);
	assert_row(analysis, 1, EXIT_CPUID, 1, 30, 30);
	assert_row(analysis, 1, EXIT_HLT, 0, 0, 0);
	assert_unmatched(analysis, 1, 1);
	assert_int_equal(account_of(analysis, 0)->out, 195);
	assert_int_equal(account_of(analysis, 1)->hv, 10 + 30 + 5);
	done(analysis);
}

static void test_two_switches_in_one_exit(void **state)
{
	static const struct step steps[] = {
		SCHED(1, "idlevm2:"),
		ENTER(2),
		EXIT(100, EXIT_EXTERNAL_INTERRUPT),
		SCHED(110, "vm2:vm1:"),
		SCHED(200, "vm1:vm2:"),
		SCHED(207, "vm2:idle"),
		SCHED(300, "idlevm2:"),
		ENTER(305),
	};
	struct analysis *analysis = ANALYSE(steps);

	(void)state;
	assert_row(analysis, 2, EXIT_EXTERNAL_INTERRUPT, 1, 205, 10 + 7 + 5);
	assert_int_equal(account_of(analysis, 2)->out, 90 + 93);
	assert_int_equal(analysis_pcpu(analysis, 0)->idle, 93);
	assert_unmatched(analysis, 1, 0);
	done(analysis);
}

static void test_nothing_spans_a_loss(void **state)
{
	static const struct step steps[] = {
		SCHED(1, "idlevm0:"),
		ENTER(5),
		EXIT(100, EXIT_HLT),
		SCHED(110, "vm0:vm1:"),
		ENTER(120),
		EXIT(130, EXIT_CPUID),
		LOSS(7),
		/* Whose this is becomes known at 320 only. */
		ENTER(200),
		EXIT(300, EXIT_CPUID),
		ENTER(310),
		EXIT(315, EXIT_HLT),
		SCHED(320, "vm1:vm0:"),
		ENTER(330),
		UNKNOWN_LOSS,
	};
	struct analysis *analysis = ANALYSE(steps);
	const struct analysis_pcpu *pcpu = analysis_pcpu(analysis, 0);

	(void)state;
	assert_row(analysis, 0, EXIT_HLT, 0, 0, 0);
	assert_row(analysis, 1, EXIT_CPUID, 1, 10, 10);
	assert_unmatched(analysis, 4, 3);
	/* Out from 110 to the last record before the gap, not to 320. */
	assert_int_equal(account_of(analysis, 0)->out, 20);
	assert_int_equal(pcpu->span, 129 + 130);
	assert_int_equal(pcpu->gaps, 2);
	assert_int_equal(pcpu->unknown_gaps, 1);
	assert_int_equal(pcpu->lost, 7);
	assert_null(account_of(analysis, ANALYSIS_NONE)->by_reason[EXIT_CPUID]);
	done(analysis);
}

/* Behind a loss the VM from before it must not be taken. */
static void test_vm_after_loss_is_not_guessed(void **state)
{
	static const struct step steps[] = {
		SCHED(1, "idlevm4:"), ENTER(2),	 LOSS(1), EXIT(10, EXIT_CPUID), ENTER(15), LOSS(2),
		EXIT(20, EXIT_CPUID), ENTER(26),
	};
	struct analysis *analysis = ANALYSE(steps);

	(void)state;
	assert_row(analysis, 4, EXIT_CPUID, 0, 0, 0);
	assert_row(analysis, ANALYSIS_NONE, EXIT_CPUID, 2, 11, 11);
	done(analysis);
}

static void test_tsc_backwards(void **state)
{
	static const struct step in_hv[] = {
		SCHED(1, "idlevm0:"), EXIT(100, EXIT_HLT), ENTER(90),
		EXIT(200, EXIT_HLT),  ENTER(230),
	};
	/* In the time scheduled out, with a whole that looks sane. */
	static const struct step out[] = {
		EXIT(100, EXIT_HLT),
		SCHED(150, "vm0:idle"),
		SCHED(140, "idlevm0:"),
		ENTER(300),
	};
	static const struct step far[] = {
		EXIT(UINT64_MAX - 5, EXIT_HLT), ENTER(3),	    EXIT(10, EXIT_HLT),
		ENTER(UINT64_MAX - 1),		EXIT(20, EXIT_HLT), ENTER(UINT64_MAX - 1),
	};
	struct analysis *analysis = ANALYSE(in_hv);

	(void)state;
	assert_row(analysis, 0, EXIT_HLT, 1, 30, 30);
	assert_unmatched(analysis, 1, 1);
	analysis_free(analysis);
	analysis = ANALYSE(out);
	assert_row(analysis, 0, EXIT_HLT, 0, 0, 0);
	assert_unmatched(analysis, 1, 1);
	analysis_free(analysis);
	analysis = ANALYSE(far);
	assert_true(row_of(analysis, ANALYSIS_NONE, EXIT_HLT).cycles.sum == UINT64_MAX);
	assert_unmatched(analysis, 1, 1);
	analysis_free(analysis);
}

static void test_never_resolved(void **state)
{
	static const struct step steps[] = { EXIT(10, EXIT_CPUID), TIMER(12), ENTER(17),
					     EXIT(30, EXIT_HLT) };
	struct analysis *analysis = ANALYSE(steps);

	(void)state;
	assert_row(analysis, ANALYSIS_NONE, EXIT_CPUID, 1, 7, 7);
	assert_unmatched(analysis, 0, 1);
	assert_int_equal(account_of(analysis, ANALYSIS_NONE)->vcpu, ANALYSIS_NONE);
	done(analysis);
}

/* Our hypervisor's vm_enter names VM and vCPU: also of what came before it. */
static void test_enter_names_the_vcpu(void **state)
{
	static const struct step steps[] = {
		EXIT(10, EXIT_CPUID),  ENTER_OF(17, 5, 2),  EXIT(30, EXIT_HLT),
		SCHED(35, "vm5:vm0:"), ENTER_OF(40, 0, 0),  EXIT(50, EXIT_HLT),
		SCHED(55, "vm0:vm5:"), ENTER_OF(60, 5, 2),  LOSS(3),
		EXIT(100, EXIT_CPUID), ENTER_OF(103, 0, 0), EXIT(110, EXIT_CPUID),
		ENTER_OF(120, 0, 0),
	};
	struct analysis *analysis = ANALYSE(steps);

	(void)state;
	assert_row(analysis, 5, EXIT_CPUID, 1, 7, 7);
	assert_row(analysis, 5, EXIT_HLT, 1, 30, 10);
	assert_row(analysis, 0, EXIT_CPUID, 2, 13, 13);
	assert_row(analysis, ANALYSIS_NONE, EXIT_CPUID, 0, 0, 0);
	assert_int_equal(account_of(analysis, 5)->vcpu, 2);
	assert_int_equal(account_of(analysis, 0)->vcpu, 0);
	assert_unmatched(analysis, 1, 1);
	done(analysis);
}

/* Upstream loses records without counting: where the rest contradicts itself nothing is paired. */
static void test_contradictions_are_breaks(void **state)
{
	static const struct step steps[] = {
		SCHED(1, "idlevm0:"),
		ENTER(2),
		EXIT(10, EXIT_HLT),
		/* vm1 goes, which did not come: what vm0 did is not known. */
		SCHED(20, "vm1:vm0:"),
		ENTER(30),
		EXIT(40, EXIT_CPUID),
		ENTER(45),
		/* Another VM enters than the one that runs. */
		EXIT(50, EXIT_CPUID),
		ENTER_OF(60, 7, 0),
		EXIT(70, EXIT_CPUID),
		ENTER_OF(75, 7, 0),
		/* The idle thread does not leave a guest. */
		EXIT(80, EXIT_HLT),
		SCHED(85, "vm7:idle"),
		EXIT(90, EXIT_HLT),
		ENTER_OF(95, 0, 0),
	};
	struct analysis *analysis = ANALYSE(steps);

	(void)state;
	assert_row(analysis, 0, EXIT_HLT, 1, 5, 5);
	assert_row(analysis, 0, EXIT_CPUID, 1, 5, 5);
	assert_row(analysis, 7, EXIT_CPUID, 1, 5, 5);
	assert_row(analysis, 7, EXIT_HLT, 0, 0, 0);
	assert_unmatched(analysis, 3, 3);
	assert_int_equal(analysis_pcpu(analysis, 0)->breaks, 3);
	done(analysis);
}

static void test_two_exits_two_enters(void **state)
{
	static const struct step steps[] = { SCHED(1, "idlevm0:"),
					     EXIT(10, EXIT_HLT),
					     EXIT(20, EXIT_CPUID),
					     ENTER(24),
					     ENTER(30),
					     EXIT(40, EXIT_HLT) };
	struct analysis *analysis = ANALYSE(steps);

	(void)state;
	assert_row(analysis, 0, EXIT_HLT, 0, 0, 0);
	assert_row(analysis, 0, EXIT_CPUID, 1, 4, 4);
	assert_unmatched(analysis, 1, 2);
	/* 10..20, 24..30 and up to the first vm_exit: nobody can say what ran. */
	assert_int_equal(analysis_pcpu(analysis, 0)->unknown, 9 + 10 + 6);
	done(analysis);
}

static void test_details(void **state)
{
	static const struct {
		uint16_t reason;
		enum analysis_detail detail;
		uint64_t value;
		struct step event;
	} cases[] = {
		{ EXIT_EXTERNAL_INTERRUPT, DETAIL_VECTOR, 0xef,
		  RECORD(12, TRACE_VMEXIT_EXTERNAL_INTERRUPT, TRACE_2L, 0xef, 9) },
		{ EXIT_EXCEPTION_OR_NMI, DETAIL_VECTOR, 14,
		  RECORD(12, TRACE_VMEXIT_EXCEPTION_OR_NMI, TRACE_4I, 14 | 5ULL << 32, 9) },
		{ EXIT_VIRTUALIZED_EOI, DETAIL_VECTOR, 0x31,
		  RECORD(12, TRACE_VMEXIT_APICV_VIRT_EOI, TRACE_2L, 0x31, 9) },
		{ EXIT_IO_INSTRUCTION, DETAIL_PORT, 0xcf8,
		  RECORD(12, TRACE_VMEXIT_IO_INSTRUCTION, TRACE_4I, 0xcf8 | 1ULL << 32, 4) },
		{ EXIT_RDMSR, DETAIL_MSR, 0x1b, RECORD(12, TRACE_VMEXIT_RDMSR, TRACE_2L, 0x1b, 9) },
		{ EXIT_WRMSR, DETAIL_MSR, 0x6e0,
		  RECORD(12, TRACE_VMEXIT_WRMSR, TRACE_2L, 0x6e0, 9) },
		{ EXIT_VMCALL, DETAIL_HYPERCALL, HC_NOTIFY_IOREQ_FINISH,
		  RECORD(12, TRACE_VMEXIT_VMCALL, TRACE_2L, 0, HC_NOTIFY_IOREQ_FINISH) },
		{ EXIT_EPT_VIOLATION, DETAIL_GPA, 0xfeb00010,
		  RECORD(12, TRACE_VMEXIT_EPT_VIOLATION, TRACE_2L, 0x182, 0xfeb00010) },
		{ EXIT_CPUID, DETAIL_LEAF, 0x40000000,
		  RECORD(12, TRACE_VMEXIT_CPUID, TRACE_2L, 0x40000000, 3) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		/* The event behind a timer record, and a second one that does not count. */
		const struct step steps[] = {
			SCHED(1, "idlevm0:"),
			EXIT(10, cases[i].reason),
			TIMER(11),
			cases[i].event,
			RECORD(13, TRACE_VMEXIT_RDTSC, TRACE_2L, 1, 2),
			ENTER(15),
		};
		const struct analysis_choice choice = { .by = 1U << (BY_VECTOR + cases[i].detail) };
		struct analysis *analysis = ANALYSE(steps);
		struct analysis_row *rows;
		unsigned int nr;

		assert_int_equal(analysis_rows_make(analysis, &choice, &rows, &nr), 0);
		assert_int_equal(nr, 1);
		assert_int_equal(rows[0].key.detail, cases[i].detail);
		assert_int_equal(rows[0].key.value, cases[i].value);
		assert_int_equal(rows[0].cycles.sum, 5);
		assert_int_equal(analysis_reason_detail(cases[i].reason), cases[i].detail);
		analysis_rows_free(rows, nr);
		done(analysis);
	}
	assert_int_equal(analysis_reason_detail(EXIT_HLT), DETAIL_NONE);
}

/* An event that belongs to no open exit, or to another reason, says nothing. */
static void test_detail_of_another_exit(void **state)
{
	static const struct step steps[] = {
		SCHED(1, "idlevm0:"),
		EXIT(10, EXIT_HLT),
		RECORD(11, TRACE_VMEXIT_WRMSR, TRACE_2L, 0x10, 0),
		SCHED(12, "vm0:vm1:"),
		RECORD(13, TRACE_VMEXIT_WRMSR, TRACE_2L, 0x11, 0),
		ENTER(14),
		RECORD(15, TRACE_VMEXIT_WRMSR, TRACE_2L, 0x12, 0),
		EXIT(20, EXIT_WRMSR),
		/* Of a form that this event does not have. */
		RECORD(21, TRACE_VMEXIT_WRMSR, TRACE_4I, 0x13, 0),
		ENTER(22),
	};
	const struct analysis_choice choice = { .by = 1U << (BY_VECTOR + DETAIL_MSR) };
	struct analysis *analysis = ANALYSE(steps);
	struct analysis_row *rows;
	unsigned int nr;

	(void)state;
	assert_int_equal(analysis_rows_make(analysis, &choice, &rows, &nr), 0);
	assert_int_equal(nr, 1);
	assert_int_equal(rows[0].key.detail, DETAIL_NONE);
	analysis_rows_free(rows, nr);
	done(analysis);
}

static void test_span(void **state)
{
	static const struct step steps[] = {
		SCHED(1, "idlevm6:"),  ENTER(2),  EXIT(10, EXIT_HLT),	ENTER(20),
		EXIT(30, EXIT_HLT),    ENTER(60), EXIT(70, EXIT_CPUID), SCHED(75, "vm6:idle"),
		SCHED(85, "idlevm6:"), ENTER(95), EXIT(99, EXIT_HLT),
	};
	struct analysis *analysis = analyse_span(steps, COUNT_OF(steps), 20, 71);

	(void)state;
	/* By when they begin; the VM was named before the span. */
	assert_row(analysis, 6, EXIT_HLT, 1, 30, 30);
	assert_row(analysis, 6, EXIT_CPUID, 1, 25, 15);
	assert_unmatched(analysis, 0, 0);
	assert_int_equal(analysis_pcpu(analysis, 0)->span, 51);
	assert_int_equal(account_of(analysis, 6)->guest, 10 + 10);
	assert_int_equal(account_of(analysis, 6)->hv, 30 + 1);
	assert_int_equal(account_of(analysis, 6)->out, 0);
	done(analysis);
}

static void test_run_time_of_rows(void **state)
{
	static const struct step steps[] = {
		SCHED(0, "idlevm0:"),	ENTER(10),  EXIT(50, EXIT_HLT),
		SCHED(60, "vm0:vm1:"),	ENTER(70),  EXIT(100, EXIT_HLT),
		SCHED(110, "vm1:vm0:"), ENTER(120), EXIT(160, EXIT_HLT),
	};
	struct analysis *analysis = ANALYSE(steps);
	const struct analysis_choice all = { .by = 1U << BY_REASON };
	struct analysis_row *rows, total = { .hv = 0 };
	const struct analysis_row *list[1];
	unsigned int nr;

	(void)state;
	assert_int_equal(row_of(analysis, 0, EXIT_HLT).run, 60 + 50);
	assert_int_equal(analysis_rows_make(analysis, &all, &rows, &nr), 0);
	assert_int_equal(nr, 1);
	assert_int_equal(rows[0].run, 160);
	list[0] = rows;
	assert_int_equal(analysis_rows_total(analysis, &all, list, 1, &total), 0);
	assert_int_equal(total.cycles.sum, 70);
	assert_int_equal(total.hv, 20);
	histogram_clear(&total.cycles);
	analysis_rows_free(rows, nr);
	done(analysis);
}

/* --- limits --- */

static void test_details_are_limited(void **state)
{
	const size_t kinds = ANALYSIS_MAX_KEYED + 500;
	struct step *steps = calloc(kinds * 3, sizeof(*steps));
	const struct analysis_choice choice = { .by = 1U << (BY_VECTOR + DETAIL_LEAF) };
	struct analysis_row *rows;
	struct analysis *analysis;
	uint64_t count = 0;
	unsigned int nr;

	(void)state;
	for (size_t i = 0; i < kinds; i++) {
		steps[3 * i] = (struct step)EXIT(100 * i, EXIT_CPUID);
		steps[3 * i + 1] =
			(struct step)RECORD(100 * i + 1, TRACE_VMEXIT_CPUID, TRACE_2L, i, 0);
		steps[3 * i + 2] = (struct step)ENTER(100 * i + 10);
	}
	analysis = analyse_span(steps, kinds * 3, 0, 0);
	assert_true(analysis_details_limited(analysis));
	assert_int_equal(analysis_rows_make(analysis, &choice, &rows, &nr), 0);
	assert_int_equal(nr, ANALYSIS_MAX_KEYED + 1);
	for (unsigned int i = 0; i < nr; i++) {
		count += rows[i].cycles.count;
		if (rows[i].key.detail == DETAIL_OTHER)
			assert_int_equal(rows[i].cycles.count, 500);
	}
	assert_int_equal(count, kinds);
	analysis_rows_free(rows, nr);
	analysis_free(analysis);
	free(steps);
}

/* Hostile: any reason, more VMs than can be. Nothing grows without end, no exit vanishes. */
static void test_vms_and_reasons_are_limited(void **state)
{
	const size_t vms = ANALYSIS_MAX_ACCOUNTS + 300;
	struct step *steps = calloc(vms * 4, sizeof(*steps));
	struct analysis *analysis;
	uint64_t accounts = 0, exits = 0;

	(void)state;
	for (size_t i = 0; i < vms; i++) {
		steps[4 * i] = (struct step)EXIT(100 * i, i);
		steps[4 * i + 1] = (struct step)ENTER_OF(100 * i + 10, i, 0);
		steps[4 * i + 2] = (struct step)EXIT(100 * i + 50, 200 + i);
		steps[4 * i + 3] = (struct step)ENTER_OF(100 * i + 60, i, 0);
	}
	analysis = analyse_span(steps, vms * 4, 0, 0);
	for (const struct analysis_account *a = analysis_pcpu(analysis, 0)->accounts; a;
	     a = a->next) {
		accounts++;
		exits += a->exits + a->unmatched_exits;
	}
	assert_true(accounts <= ANALYSIS_MAX_ACCOUNTS + 2);
	assert_int_equal(exits, vms * 2);
	analysis_free(analysis);
	free(steps);
}

static void test_impossible_pcpu(void **state)
{
	struct analysis *analysis = new_analysis(0, 0, 0);
	struct trace_item item = { .kind = ITEM_LOSS, .loss = { .pcpu = ANALYSIS_MAX_PCPUS } };
	struct error error;

	(void)state;
	assert_int_equal(analysis_add(analysis, &item, &error), -EINVAL);
	item = (struct trace_item){ .kind = ITEM_TRACE, .columns = { .count = CHUNK_RECORDS + 1 } };
	assert_int_equal(analysis_add(analysis, &item, &error), -EINVAL);
	assert_int_equal(analysis_finish(analysis, &error), 0);
	assert_null(analysis_pcpu(analysis, ANALYSIS_MAX_PCPUS));
	analysis_free(analysis);
}

/* --- the sample --- */

/* The whole numbers in a line, at most 6. */
static unsigned int numbers(const char *line, uint64_t number[6])
{
	unsigned int n = 0;

	while (n < 6 && *(line += strcspn(line, "0123456789"))) {
		char *end;

		number[n++] = strtoull(line, &end, 10);
		line = end;
	}
	return n;
}

static void check_truth_line(const struct analysis *analysis, const uint64_t truth[6])
{
	struct analysis_row row = row_of(analysis, (int)truth[0], (uint16_t)truth[1]);

	assert_int_equal(row.cycles.count, truth[2]);
	assert_int_equal(row.cycles.sum, truth[3]);
	assert_int_equal(row.hv, truth[4]);
	assert_int_equal(row.cycles.sum - row.hv, truth[5]);
}

static void check_truth(const struct analysis *analysis, unsigned int pcpu)
{
	char path[64], line[256];
	uint64_t number[6], sum = 0;
	unsigned int lines = 0;
	FILE *file;

	snprintf(path, sizeof(path), "tests/data/sample/truth.%u.txt", pcpu);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		unsigned int n = numbers(line, number);

		if (line[0] != '#' && n == 6) {
			check_truth_line(analysis, number);
			sum += number[2];
			lines++;
		} else if (strncmp(line, "# records", 9) == 0) {
			assert_int_equal(n, 3);
			assert_int_equal(analysis_pcpu(analysis, pcpu)->records, number[0]);
			assert_unmatched(analysis, number[1], number[2]);
			lines++;
		}
	}
	fclose(file);
	assert_true(lines > 30);
	/* And no row that the truth does not have. */
	for (const struct analysis_account *a = analysis_pcpu(analysis, pcpu)->accounts; a;
	     a = a->next)
		sum -= a->exits;
	assert_int_equal(sum, 0);
	assert_int_equal(analysis_pcpu(analysis, pcpu)->breaks, 0);
	assert_conserved(analysis_pcpu(analysis, pcpu));
}

static void test_sample(void **state)
{
	const struct source_filter all = { .payload = true };
	const struct stream_header header = { .nr_pcpus = 1 };

	(void)state;
	for (uint16_t pcpu = 0; pcpu < 2; pcpu++) {
		struct analysis *analysis = new_analysis(0, 0, 0);
		struct raw_file file = { -1, pcpu, "sample" };
		struct trace_item item;
		struct source *source;
		struct error error;
		char path[64];

		snprintf(path, sizeof(path), "tests/data/sample/%u", pcpu);
		file.fd = open(path, O_RDONLY);
		assert_true(file.fd >= 0);
		assert_int_equal(source_open_raw(&source, &file, 1, &header, &all, &error), 0);
		while (source_next(source, &item, &error) == 0 && item.kind != ITEM_END)
			assert_int_equal(analysis_add(analysis, &item, &error), 0);
		source_close(source);
		assert_int_equal(analysis_finish(analysis, &error), 0);
		check_truth(analysis, pcpu);
		analysis_free(analysis);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_reason_without_event),
		cmocka_unit_test(test_next_enter_is_another_vms),
		cmocka_unit_test(test_two_switches_in_one_exit),
		cmocka_unit_test(test_nothing_spans_a_loss),
		cmocka_unit_test(test_vm_after_loss_is_not_guessed),
		cmocka_unit_test(test_tsc_backwards),
		cmocka_unit_test(test_never_resolved),
		cmocka_unit_test(test_enter_names_the_vcpu),
		cmocka_unit_test(test_contradictions_are_breaks),
		cmocka_unit_test(test_two_exits_two_enters),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_detail_of_another_exit),
		cmocka_unit_test(test_span),
		cmocka_unit_test(test_run_time_of_rows),
		cmocka_unit_test(test_details_are_limited),
		cmocka_unit_test(test_vms_and_reasons_are_limited),
		cmocka_unit_test(test_impossible_pcpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
