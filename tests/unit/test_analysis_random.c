// SPDX-License-Identifier: BSD-3-Clause
/*
 * Random captures, held against a slow reference that works on whole records and looks everything
 * up again; it shares no code with the analysis.
 */
#include "tests/unit/analysis_steps.h"

/* --- the reference --- */

/* One pair. */
struct pair {
	unsigned int pcpu;
	int vm;
	uint16_t reason;
	bool has_detail;
	uint64_t detail;
	uint64_t cycles, out;
};

struct reference {
	struct pair *pairs;
	size_t nr;
	uint64_t unmatched_exits, unmatched_enters;
};

static bool is_event(const struct step *step, uint64_t event)
{
	return !step->loss && TRACE_WORD_EVENT(step->record.word) == event;
}

/* The VM in four characters of a sched_next; -3 where there is none. */
static int named_vm(const char *name)
{
	return name[0] == 'v' && name[1] == 'm' ? name[2] - '0' : -3;
}

/* The VM that the record at i is of, from what stands in its gap-free stretch; -1: unknown. */
static int owner(const struct step *steps, size_t nr, size_t i)
{
	size_t at = i;

	while (at > 0 && !steps[at - 1].loss)
		if (is_event(&steps[--at], TRACE_SCHED_NEXT))
			return named_vm(steps[at].record.str + 4);
	for (at = i; at < nr && !steps[at].loss; at++)
		if (is_event(&steps[at], TRACE_SCHED_NEXT))
			return named_vm(steps[at].record.str);
	/* No sched_next in the whole stretch: any vm_enter that names its VM. */
	for (at = i; at > 0 && !steps[at - 1].loss;)
		at--;
	for (; at < nr && !steps[at].loss; at++)
		if (is_event(&steps[at], TRACE_VM_ENTER) && steps[at].record.e >> 32 & 1)
			return (int)(steps[at].record.e & 0xffff);
	return -1;
}

/* The time out of its pCPU that the VM was between both; false: the TSC ran backwards. */
static bool time_out(const struct step *steps, size_t first, size_t last, int vm, uint64_t *out)
{
	uint64_t tsc = steps[first].record.tsc;

	*out = 0;
	for (size_t i = first + 1; i <= last; i++) {
		bool sched = is_event(&steps[i], TRACE_SCHED_NEXT);
		bool goes = sched && named_vm(steps[i].record.str) == vm;
		bool comes = sched && named_vm(steps[i].record.str + 4) == vm;

		if (!goes && !comes && i != last)
			continue;
		if (steps[i].record.tsc < tsc)
			return false;
		if (comes)
			*out += steps[i].record.tsc - tsc;
		tsc = steps[i].record.tsc;
	}
	return true;
}

static bool find_detail(const struct step *steps, size_t nr, size_t first, size_t last, int vm,
			uint64_t *value)
{
	for (size_t i = first + 1; i < last; i++) {
		const struct trace_record *r = &steps[i].record;

		if (steps[i].loss || owner(steps, nr, i) != vm)
			continue;
		*value = r->e;
		switch (TRACE_EXIT_REASON(steps[first].record.e)) {
		case EXIT_WRMSR:
			if (is_event(&steps[i], TRACE_VMEXIT_WRMSR))
				return true;
			break;
		case EXIT_EXTERNAL_INTERRUPT:
			if (is_event(&steps[i], TRACE_VMEXIT_EXTERNAL_INTERRUPT))
				return true;
			break;
		case EXIT_EPT_VIOLATION:
			*value = r->f;
			if (is_event(&steps[i], TRACE_VMEXIT_EPT_VIOLATION))
				return true;
			break;
		default:
			return false;
		}
	}
	return false;
}

/* What becomes of the vm_exit at i. */
static void refer_exit(struct reference *reference, unsigned int pcpu, const struct step *steps,
		       size_t nr, size_t i)
{
	int vm = owner(steps, nr, i);
	struct pair pair = { .pcpu = pcpu, .vm = vm };

	pair.reason = TRACE_EXIT_REASON(steps[i].record.e);
	for (size_t j = i + 1; j < nr && !steps[j].loss; j++) {
		bool exit = is_event(&steps[j], TRACE_VM_EXIT);
		bool enter = is_event(&steps[j], TRACE_VM_ENTER);

		if ((!exit && !enter) || owner(steps, nr, j) != vm)
			continue;
		if (exit || !time_out(steps, i, j, vm, &pair.out))
			break;
		pair.cycles = steps[j].record.tsc - steps[i].record.tsc;
		pair.has_detail = find_detail(steps, nr, i, j, vm, &pair.detail);
		if (!pair.has_detail)
			pair.detail = 0;
		reference->pairs[reference->nr++] = pair;
		return;
	}
	reference->unmatched_exits++;
}

static void refer(struct reference *reference, unsigned int pcpu, const struct step *steps,
		  size_t nr)
{
	size_t before = reference->nr, enters = 0;

	for (size_t i = 0; i < nr; i++) {
		enters += is_event(&steps[i], TRACE_VM_ENTER);
		if (is_event(&steps[i], TRACE_VM_EXIT))
			refer_exit(reference, pcpu, steps, nr, i);
	}
	/* Each pair took one. */
	reference->unmatched_enters += enters - (reference->nr - before);
}

/* --- random captures --- */

static uint64_t seed;

static unsigned int chance(unsigned int of)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned int)(seed >> 20) % of;
}

struct generator {
	struct step *steps;
	size_t nr, room;
	uint64_t tsc;
	bool names_vcpus, backwards, drops;
	bool hidden; /* records are lost now */
	uint64_t lost;
	int vm; /* -3: idle */
	bool in_exit[4], started[4];
};

static void put(struct generator *g, struct step step)
{
	g->tsc += 1 + chance(5000);
	if (g->backwards && chance(15) == 0)
		g->tsc -= chance(9000);
	step.record.tsc = g->tsc;
	if (g->hidden) {
		g->lost++;
		return;
	}
	if (g->nr < g->room)
		g->steps[g->nr++] = step;
}

static void put_sched(struct generator *g, int next)
{
	char name[2][16] = { "idle", "idle" };
	struct step step = SCHED(0, "");

	if (g->vm >= 0)
		snprintf(name[0], sizeof(name[0]), "vm%d:", g->vm);
	if (next >= 0)
		snprintf(name[1], sizeof(name[1]), "vm%d:", next);
	memcpy(step.record.str, name[0], 4);
	memcpy(step.record.str + 4, name[1], 4);
	put(g, step);
	g->vm = next;
}

static void put_exit(struct generator *g)
{
	static const uint16_t reasons[] = { EXIT_HLT, EXIT_WRMSR, EXIT_EXTERNAL_INTERRUPT,
					    EXIT_EPT_VIOLATION, EXIT_PAUSE };
	uint16_t reason = reasons[chance(COUNT_OF(reasons))];

	if (!g->drops || chance(30))
		put(g, (struct step)EXIT(0, reason | (uint64_t)chance(2) << 31));
	if (chance(5) == 0)
		put(g, (struct step)TIMER(0));
	if (chance(20) == 0)
		return;
	if (reason == EXIT_WRMSR)
		put(g, (struct step)RECORD(0, TRACE_VMEXIT_WRMSR, TRACE_2L, chance(5), chance(5)));
	if (reason == EXIT_EXTERNAL_INTERRUPT)
		put(g, (struct step)RECORD(0, TRACE_VMEXIT_EXTERNAL_INTERRUPT, TRACE_2L, chance(5),
					   chance(5)));
	if (reason == EXIT_EPT_VIOLATION)
		put(g, (struct step)RECORD(0, TRACE_VMEXIT_EPT_VIOLATION, TRACE_2L, chance(5),
					   chance(5)));
}

static void put_enter(struct generator *g)
{
	if (g->drops && chance(30) == 0)
		return;
	if (g->names_vcpus)
		put(g, (struct step)ENTER_OF(0, (uint64_t)g->vm, (uint64_t)g->vm + 1));
	else
		put(g, (struct step)ENTER(0));
}

static void maybe_lose(struct generator *g)
{
	if (chance(g->hidden ? 4 : 60))
		return;
	g->hidden = !g->hidden;
	if (!g->hidden && g->nr < g->room)
		g->steps[g->nr++] = (struct step){ .loss = true, .lost = g->lost };
	g->lost = 0;
}

static void generate(struct generator *g)
{
	bool switches = chance(4) > 0, losses = chance(2) > 0;

	g->vm = switches ? -3 + (int)chance(2) * 3 : 1;
	while (g->nr < g->room) {
		if (losses)
			maybe_lose(g);
		if (g->vm < 0) {
			put_sched(g, (int)chance(4));
			continue;
		}
		if (switches && chance(6) == 0) {
			put_sched(g, chance(3) ? (g->vm + 1 + (int)chance(3)) % 4 : -3);
			continue;
		}
		put_enter(g);
		put_exit(g);
	}
}

/* --- comparing --- */

static int compare_values(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool pair_is(const struct pair *pair, const struct analysis_key *key)
{
	return pair->pcpu == (unsigned int)key->pcpu && pair->vm == key->vm &&
	       pair->reason == key->reason && pair->has_detail == (key->detail != DETAIL_NONE) &&
	       pair->detail == key->value;
}

/* All figures of the row are those of the reference's pairs with its key. Returns how many. */
static size_t check_row(const struct analysis_row *row, const struct reference *reference,
			uint64_t *values)
{
	static const unsigned int per_milles[] = { 500, 990, 999 };
	uint64_t cycles = 0, out = 0;
	size_t n = 0;

	for (size_t i = 0; i < reference->nr; i++) {
		if (!pair_is(&reference->pairs[i], &row->key))
			continue;
		cycles += reference->pairs[i].cycles;
		out += reference->pairs[i].out;
		values[n++] = reference->pairs[i].cycles;
	}
	assert_int_equal(row->cycles.count, n);
	assert_int_equal(row->cycles.sum, cycles);
	assert_int_equal(row->hv, cycles - out);
	qsort(values, n, sizeof(values[0]), compare_values);
	assert_int_equal(row->cycles.min, values[0]);
	assert_int_equal(row->cycles.max, values[n - 1]);
	for (size_t p = 0; p < COUNT_OF(per_milles); p++) {
		uint64_t wanted = values[(n * per_milles[p] + 999) / 1000 - 1];
		uint64_t got = histogram_percentile(&row->cycles, per_milles[p]);

		assert_true((got > wanted ? got - wanted : wanted - got) <= wanted / 250);
	}
	return n;
}

static void check_against(const struct analysis *analysis, const struct reference *reference)
{
	const struct analysis_choice choice = { .by = (1U << NR_BY) - 1 };
	uint64_t *values = calloc(reference->nr + 1, sizeof(*values));
	struct analysis_row *rows;
	uint64_t enters, exits;
	unsigned int nr;
	size_t found = 0;

	assert_int_equal(analysis_rows_make(analysis, &choice, &rows, &nr), 0);
	for (unsigned int i = 0; i < nr; i++)
		found += check_row(&rows[i], reference, values);
	assert_int_equal(found, reference->nr);
	unmatched(analysis, &enters, &exits);
	assert_int_equal(enters, reference->unmatched_enters);
	assert_int_equal(exits, reference->unmatched_exits);
	analysis_rows_free(rows, nr);
	free(values);
}

static void check_vcpus(const struct analysis *analysis, unsigned int pcpu, bool named)
{
	const struct analysis_account *a = analysis_pcpu(analysis, pcpu)->accounts;

	for (; a; a = a->next)
		if (a->exits && a->vm >= 0)
			assert_int_equal(a->vcpu, named ? a->vm + 1 : ANALYSIS_NONE);
}

static void run_random(size_t room)
{
	struct analysis *analysis = new_analysis((1U << NR_DETAILS) - 1, 0, 0);
	struct reference reference = { .pairs = calloc(room * 2, sizeof(*reference.pairs)) };
	bool names_vcpus = chance(2), backwards = chance(3) == 0, drops = chance(2);
	uint64_t lost = 0;
	struct error error;

	for (uint16_t pcpu = 0; pcpu < 2; pcpu++) {
		struct generator g = { .steps = calloc(room, sizeof(*g.steps)),
				       .room = room,
				       .tsc = 1ULL << 40,
				       .names_vcpus = names_vcpus,
				       .backwards = backwards,
				       .drops = drops };

		generate(&g);
		feed(analysis, pcpu, g.steps, g.nr, 1 + chance(700));
		refer(&reference, pcpu, g.steps, g.nr);
		for (size_t i = 0; i < g.nr; i++)
			lost += g.steps[i].lost;
		free(g.steps);
	}
	assert_int_equal(analysis_finish(analysis, &error), 0);
	check_against(analysis, &reference);
	for (uint16_t pcpu = 0; pcpu < 2; pcpu++) {
		const struct analysis_pcpu *p = analysis_pcpu(analysis, pcpu);

		lost -= p->lost;
		check_vcpus(analysis, pcpu, names_vcpus);
		assert_int_equal(p->breaks, 0);
		if (!backwards)
			assert_conserved(p);
	}
	assert_int_equal(lost, 0);
	analysis_free(analysis);
	free(reference.pairs);
}

static void test_random_against_reference(void **state)
{
	(void)state;
	seed = 0x2545f4914f6cdd1dULL;
	for (int round = 0; round < 300; round++)
		run_random(1 + chance(1500));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_against_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
