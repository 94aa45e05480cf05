// SPDX-License-Identifier: BSD-3-Clause
/*
 * The walk over the records of each pCPU. Speed comes from looking at each distinct second word
 * once a chunk, and from an account and a cell per reason that are a pointer away.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/analysis.h"
#include "formats/analysis_account.h"
#include "formats/events.h"

/* What --by calls a detail, and the field of events.tsv that holds it. */
static const struct {
	const char *name;
	const char *field;
} details[NR_DETAILS] = {
	[DETAIL_VECTOR] = { "vector", "vector" }, [DETAIL_PORT] = { "port", "port" },
	[DETAIL_MSR] = { "msr", "msr" },	  [DETAIL_HYPERCALL] = { "hypercall", "call" },
	[DETAIL_GPA] = { "gpa", "gpa" },	  [DETAIL_LEAF] = { "leaf", "leaf" },
};

/* Whose thread a pCPU runs. */
enum who {
	WHO_UNRESOLVED, /* not known yet: current is an account of VM ANALYSIS_NONE */
	WHO_VM,		/* current's */
	WHO_IDLE,
	WHO_OTHER,
};

struct walker {
	struct analysis_pcpu pcpu;
	struct analysis_account *current; /* NULL: a thread that is no VM's */
	struct analysis_account *nobody;  /* of what never became known, or NULL */
	enum who who;
	bool in_guest;
	bool fresh; /* the next record is the first of all, or behind a gap */
	uint64_t
		since; /* TSC of the pCPU's last vm_exit, vm_enter or sched_next, or first record */
	uint64_t first; /* TSC of the first record since the last gap */
};

struct analysis {
	struct analysis_options options; /* to is UINT64_MAX where it was 0 */
	struct analysis_budget budget;
	struct walker *walkers[ANALYSIS_MAX_PCPUS];
	struct word *words; /* one for each second word of a chunk */
	uint32_t words_room;
	uint32_t relevant[CHUNK_RECORDS];
	bool no_memory;
};

/* What is to be done with the records of one second word. */
struct word {
	enum { WORD_NONE, WORD_EXIT, WORD_ENTER, WORD_SCHED, WORD_DETAIL } kind;
	uint8_t detail;
	uint8_t shift; /* of the detail in its u64 */
	uint16_t reason;
	uint64_t mask;
	const uint64_t *next; /* the next record's u64 */
};

static bool in_span(const struct analysis *a, uint64_t tsc)
{
	return tsc - a->options.from < a->options.to - a->options.from;
}

/* The cycles of first..last that are in the span looked at; none where the TSC ran backwards. */
static uint64_t clipped(const struct analysis *a, uint64_t first, uint64_t last)
{
	first = first < a->options.from ? a->options.from : first;
	last = last > a->options.to ? a->options.to : last;
	return last > first ? last - first : 0;
}

/* --- whose records they are --- */

/* What stayed without a VM goes to the pCPU's account for that. */
static void give_up_current(struct analysis *a, struct walker *w)
{
	if (!w->nobody)
		w->nobody = w->current;
	else if (w->current != w->nobody &&
		 account_merge(&a->budget, &w->pcpu, w->nobody, w->current))
		a->no_memory = true;
	w->current = NULL;
}

static void begin_unresolved(struct analysis *a, struct walker *w)
{
	w->current = account_new(&a->budget, &w->pcpu, ANALYSIS_NONE, ANALYSIS_NONE);
	w->who = w->current ? WHO_UNRESOLVED : WHO_OTHER;
	w->in_guest = false;
	a->no_memory |= !w->current;
}

/* The account of a VM on the pCPU, with the vCPU's number where that becomes known now. */
static struct analysis_account *vm_account(const struct walker *w, int vm, int vcpu)
{
	struct analysis_account *account = account_find(&w->pcpu, vm, vcpu);

	if (account || vcpu == ANALYSIS_NONE)
		return account;
	account = account_find(&w->pcpu, vm, ANALYSIS_NONE);
	if (!account || account->vcpu != ANALYSIS_NONE)
		return NULL;
	account->vcpu = vcpu;
	return account;
}

/* The current account turns out to be that VM's. */
static void resolve_current(struct analysis *a, struct walker *w, int vm, int vcpu)
{
	struct analysis_account *account = vm_account(w, vm, vcpu);

	w->who = WHO_VM;
	if (!account && a->budget.accounts > ANALYSIS_MAX_ACCOUNTS) {
		give_up_current(a, w);
		w->current = w->nobody;
		return;
	}
	if (!account) {
		w->current->vm = vm;
		w->current->vcpu = vcpu;
		return;
	}
	account->open = w->current->open;
	w->current->open.is_open = false;
	if (account_merge(&a->budget, &w->pcpu, account, w->current))
		a->no_memory = true;
	w->current = account;
}

static void set_current(struct analysis *a, struct walker *w, int vm, int vcpu)
{
	struct analysis_account *account = vm_account(w, vm, vcpu);

	if (!account)
		account = account_new(&a->budget, &w->pcpu, vm, vcpu);
	if (!account && !w->nobody) {
		w->nobody = account_new(&a->budget, &w->pcpu, ANALYSIS_NONE, ANALYSIS_NONE);
		a->no_memory |= !w->nobody;
	}
	w->current = account ? account : w->nobody;
	w->who = w->current ? WHO_VM : WHO_OTHER;
}

/* --- the way of an exit --- */

static void lose_exit(const struct analysis *a, struct analysis_account *account)
{
	account->unmatched_exits += in_span(a, account->open.start);
	account->open.is_open = false;
}

/* Ends what is open on the pCPU, whose last certain record was at tsc: nothing spans this place. */
static void break_off(struct analysis *a, struct walker *w, uint64_t tsc)
{
	for (struct analysis_account *account = w->pcpu.accounts; account;
	     account = account->next) {
		if (account->open.is_open)
			lose_exit(a, account);
		if (account->is_out)
			account->out += clipped(a, account->out_since, tsc);
		account->is_out = false;
	}
	if (w->who == WHO_UNRESOLVED)
		give_up_current(a, w);
	begin_unresolved(a, w);
}

/* The records contradict each other: some are missing between the last certain one and this. */
static void break_at(struct analysis *a, struct walker *w, uint64_t tsc)
{
	w->pcpu.breaks++;
	w->pcpu.unknown += clipped(a, w->since, tsc);
	break_off(a, w, w->since);
	w->since = tsc;
}

static inline void run_in_hv(const struct analysis *a, struct walker *w,
			     struct analysis_account *account, uint64_t tsc)
{
	struct analysis_open *open = &account->open;

	account->hv += clipped(a, w->since, tsc);
	if (tsc >= w->since)
		open->hv += tsc - w->since;
	else
		open->broken = true;
}

/* The time up to tsc goes to whoever had the pCPU. */
static void run_until(struct analysis *a, struct walker *w, uint64_t tsc)
{
	uint64_t cycles = clipped(a, w->since, tsc);

	if (w->who == WHO_IDLE)
		w->pcpu.idle += cycles;
	else if (w->who == WHO_OTHER)
		w->pcpu.other += cycles;
	else if (w->in_guest)
		w->pcpu.unknown += cycles; /* a vm_exit is missing */
	else
		run_in_hv(a, w, w->current, tsc);
	w->since = tsc;
}

static inline void on_exit_event(struct analysis *a, struct walker *w, uint64_t tsc, uint64_t e)
{
	struct analysis_account *account = w->current;

	if (!account) {
		break_at(a, w, tsc);
		account = w->current;
		if (!account)
			return;
	}
	if (account->open.is_open) {
		lose_exit(a, account);
		w->pcpu.unknown += clipped(a, w->since, tsc);
	} else if (w->in_guest) {
		account->guest += clipped(a, w->since, tsc);
	} else {
		w->pcpu.unknown += clipped(a, w->since, tsc);
	}
	account->open = (struct analysis_open){
		.is_open = true,
		.detail = DETAIL_NONE,
		.reason = TRACE_EXIT_REASON(e),
		.start = tsc,
	};
	w->since = tsc;
	w->in_guest = false;
}

/* The vm_enter names another vCPU than the one that was thought to run. */
static void enter_names(struct analysis *a, struct walker *w, uint64_t tsc, uint64_t e)
{
	int vm = TRACE_ENTER_VM(e), vcpu = TRACE_ENTER_VCPU(e);

	if (w->who == WHO_UNRESOLVED) {
		resolve_current(a, w, vm, vcpu);
	} else if (w->current && w->current->vm == vm && w->current->vcpu == ANALYSIS_NONE) {
		w->current->vcpu = vcpu;
	} else if (!w->current || w->current->vm != vm || w->current->vcpu != vcpu) {
		break_at(a, w, tsc);
		if (w->current)
			resolve_current(a, w, vm, vcpu);
	}
	if (w->current)
		w->current->entered = e;
}

static inline void close_exit(struct analysis *a, struct analysis_account *account, uint64_t tsc)
{
	struct analysis_open *open = &account->open;
	struct analysis_cell *cell = NULL;

	open->is_open = false;
	if (__builtin_expect(open->broken, 0)) {
		account->unmatched_exits += in_span(a, open->start);
		account->unmatched_enters += in_span(a, tsc);
		return;
	}
	if (!in_span(a, open->start))
		return;
	if (open->detail == DETAIL_NONE && open->reason < ANALYSIS_REASONS)
		cell = account->by_reason[open->reason];
	if (!cell)
		cell = account_open_cell(&a->budget, account);
	if (!cell || histogram_add(&cell->cycles, open->hv + open->out)) {
		a->no_memory = true;
		return;
	}
	cell->hv = saturated_add(cell->hv, open->hv);
	account->exits++;
}

static inline void on_enter_event(struct analysis *a, struct walker *w, uint64_t tsc, uint64_t e)
{
	struct analysis_account *account = w->current;

	if ((e & TRACE_ENTER_VALID) && (!account || account->entered != e))
		enter_names(a, w, tsc, e);
	else if (!account)
		break_at(a, w, tsc);
	account = w->current;
	if (!account)
		return;
	if (w->in_guest)
		w->pcpu.unknown += clipped(a, w->since, tsc); /* a vm_exit is missing */
	else
		run_in_hv(a, w, account, tsc);
	if (account->open.is_open)
		close_exit(a, account, tsc);
	else
		account->unmatched_enters += in_span(a, tsc);
	w->since = tsc;
	w->in_guest = true;
}

/* Whether the thread that goes is the one that was thought to run. */
static bool goes_as_known(const struct walker *w, int vm)
{
	switch (w->who) {
	case WHO_IDLE:
		return vm == THREAD_IDLE;
	case WHO_OTHER:
		return vm == THREAD_UNKNOWN;
	case WHO_VM:
		return w->current->vm == vm;
	default:
		return true;
	}
}

/* The unresolved time up to here was some thread's that is no VM's. */
static void resolve_as_no_vm(struct analysis *a, struct walker *w, int vm)
{
	struct analysis_account *account = w->current;

	if (account->exits == 0 && !account->open.is_open && !w->in_guest) {
		*(vm == THREAD_IDLE ? &w->pcpu.idle : &w->pcpu.other) += account->hv;
		account->hv = 0;
	}
	if (account->open.is_open)
		lose_exit(a, account);
	give_up_current(a, w);
}

static void thread_goes(struct analysis *a, struct walker *w, uint64_t tsc, int vm)
{
	if (!goes_as_known(w, vm))
		break_at(a, w, tsc);
	else
		run_until(a, w, tsc);
	if (w->who == WHO_UNRESOLVED && w->current) {
		if (vm < 0)
			resolve_as_no_vm(a, w, vm);
		else
			resolve_current(a, w, vm, ANALYSIS_NONE);
	}
	if (w->who != WHO_VM || !w->current)
		return;
	w->current->is_out = true;
	w->current->out_since = tsc;
}

static void thread_comes(struct analysis *a, struct walker *w, uint64_t tsc, int vm)
{
	struct analysis_account *account;

	w->in_guest = false;
	if (vm < 0) {
		w->who = vm == THREAD_IDLE ? WHO_IDLE : WHO_OTHER;
		w->current = NULL;
		return;
	}
	set_current(a, w, vm, ANALYSIS_NONE);
	account = w->current;
	if (!account || !account->is_out)
		return;
	account->is_out = false;
	account->out += clipped(a, account->out_since, tsc);
	if (tsc >= account->out_since)
		account->open.out += tsc - account->out_since;
	else
		account->open.broken = true;
}

static void on_sched_event(struct analysis *a, struct walker *w, uint64_t tsc, uint64_t e)
{
	char names[8];

	memcpy(names, &e, sizeof(names));
	thread_goes(a, w, tsc, thread_vm(names));
	thread_comes(a, w, tsc, thread_vm(names + 4));
}

static inline void on_detail_event(struct walker *w, const struct word *word, uint64_t value)
{
	struct analysis_open *open;

	if (!w->current)
		return;
	open = &w->current->open;
	if (!open->is_open || open->reason != word->reason || open->detail != DETAIL_NONE)
		return;
	open->detail = word->detail;
	open->value = value >> word->shift & word->mask;
}

/* --- chunks --- */

/* The detail that this event has; NULL: none. */
static const struct trace_event_field *event_detail(const struct trace_event_info *info,
						    enum analysis_detail detail)
{
	for (int i = 0; info->exit_reason >= 0 && i < TRACE_EVENT_FIELDS && info->fields[i].name;
	     i++)
		if (strcmp(info->fields[i].name, details[detail].field) == 0)
			return &info->fields[i];
	return NULL;
}

static void detail_word(struct word *word, const struct trace_event_info *info,
			enum analysis_detail detail, const struct trace_payload *payload)
{
	const struct trace_event_field *field = event_detail(info, detail);
	enum field_source source;

	if (!field)
		return;
	source = field->source;
	word->next = source == FIELD_E || source == FIELD_A || source == FIELD_B ? payload->e
										 : payload->f;
	if (!word->next)
		return;
	word->kind = WORD_DETAIL;
	word->detail = (uint8_t)detail;
	word->reason = (uint16_t)info->exit_reason;
	word->mask = source == FIELD_E || source == FIELD_F ? UINT64_MAX : UINT32_MAX;
	word->shift = source == FIELD_B || source == FIELD_D ? 32 : 0;
}

static void classify_detail(const struct analysis *a, struct word *word, uint64_t second_word,
			    const struct trace_payload *payload)
{
	const struct trace_event_info *info = trace_event_by_id(TRACE_WORD_EVENT(second_word));

	if (!info || info->n_data != TRACE_WORD_N_DATA(second_word))
		return;
	for (unsigned int d = 0; d < NR_DETAILS; d++)
		if (a->options.details >> d & 1 && word->kind == WORD_NONE)
			detail_word(word, info, (enum analysis_detail)d, payload);
}

static int classify(struct analysis *a, const struct trace_columns *columns, struct error *error)
{
	if (columns->words > a->words_room) {
		struct word *words = realloc(a->words, columns->words * sizeof(*words));

		if (!words)
			return error_set(error, ENOMEM, "no memory");
		a->words = words;
		a->words_room = columns->words;
	}
	for (uint32_t i = 0; i < columns->words; i++) {
		uint64_t event = TRACE_WORD_EVENT(columns->word[i]);
		struct word *word = &a->words[i];

		*word = (struct word){ .kind = WORD_NONE, .next = columns->payload[i].e };
		if (word->next && event == TRACE_VM_EXIT)
			word->kind = WORD_EXIT;
		else if (word->next && event == TRACE_VM_ENTER)
			word->kind = WORD_ENTER;
		else if (word->next && event == TRACE_SCHED_NEXT)
			word->kind = WORD_SCHED;
		else if (a->options.details)
			classify_detail(a, word, columns->word[i], &columns->payload[i]);
	}
	return 0;
}

/*
 * The places of the records that matter, so that the walk's branches are spared most of what they
 * would guess wrong: exits and enters take turns then. Without a branch itself.
 */
static uint32_t find_relevant(struct analysis *a, const struct trace_columns *columns)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < columns->count; i++) {
		a->relevant[nr] = i;
		nr += a->words[columns->word_of[i]].kind != WORD_NONE;
	}
	return nr;
}

static void walk(struct analysis *a, struct walker *w, const struct trace_columns *columns)
{
	uint32_t nr = find_relevant(a, columns);

	for (uint32_t n = 0; n < nr; n++) {
		uint32_t i = a->relevant[n];
		struct word *word = &a->words[columns->word_of[i]];
		uint64_t tsc = columns->tsc[i];

		if (word->kind == WORD_EXIT)
			on_exit_event(a, w, tsc, *word->next++);
		else if (word->kind == WORD_ENTER)
			on_enter_event(a, w, tsc, *word->next++);
		else if (word->kind == WORD_DETAIL)
			on_detail_event(w, word, *word->next++);
		else
			on_sched_event(a, w, tsc, *word->next++);
	}
}

/* The records end here for now: what the last one began lasts until it. */
static void end_segment(struct analysis *a, struct walker *w)
{
	if (w->fresh)
		return;
	run_until(a, w, w->pcpu.last_tsc);
	w->pcpu.span += clipped(a, w->first, w->pcpu.last_tsc);
	break_off(a, w, w->pcpu.last_tsc);
	w->fresh = true;
}

static struct walker *get_walker(struct analysis *a, uint16_t pcpu, struct error *error)
{
	struct walker *w;

	if (pcpu >= ANALYSIS_MAX_PCPUS) {
		error_set(error, EINVAL, "pCPU %u: more pCPUs than the %u that can be", pcpu,
			  ANALYSIS_MAX_PCPUS);
		return NULL;
	}
	if (a->walkers[pcpu])
		return a->walkers[pcpu];
	w = calloc(1, sizeof(*w));
	if (!w) {
		error_set(error, ENOMEM, "no memory");
		return NULL;
	}
	w->pcpu.pcpu = pcpu;
	w->fresh = true;
	a->walkers[pcpu] = w;
	begin_unresolved(a, w);
	return w;
}

static int add_trace(struct analysis *a, struct walker *w, const struct trace_columns *columns,
		     struct error *error)
{
	int rc;

	if (columns->count == 0 || columns->count > CHUNK_RECORDS)
		return error_set(error, EINVAL, "pCPU %u: a chunk of %u records", columns->pcpu,
				 columns->count);
	rc = classify(a, columns, error);
	if (rc)
		return rc;
	if (w->pcpu.records == 0)
		w->pcpu.first_tsc = columns->tsc[0];
	if (w->fresh)
		w->first = w->since = columns->tsc[0];
	w->fresh = false;
	walk(a, w, columns);
	w->pcpu.records += columns->count;
	w->pcpu.last_tsc = columns->tsc[columns->count - 1];
	return 0;
}

/* A gap counts where a part of it may be in the span. */
static void add_loss(struct analysis *a, struct walker *w, const struct trace_loss *loss)
{
	bool behind = loss->from_tsc >= a->options.to;
	bool before = loss->to_tsc && loss->to_tsc < a->options.from;

	end_segment(a, w);
	if (behind || before)
		return;
	w->pcpu.gaps++;
	w->pcpu.unknown_gaps += loss->unknown;
	if (!loss->unknown)
		w->pcpu.lost = saturated_add(w->pcpu.lost, loss->count);
}

static int result(const struct analysis *a, struct error *error)
{
	return a->no_memory ? error_set(error, ENOMEM, "no memory") : 0;
}

int analysis_add(struct analysis *a, const struct trace_item *item, struct error *error)
{
	bool trace = item->kind == ITEM_TRACE;
	struct walker *w = get_walker(a, trace ? item->columns.pcpu : item->loss.pcpu, error);
	int rc = result(a, error);

	if (!w)
		return -EINVAL;
	if (rc)
		return rc;
	if (trace)
		rc = add_trace(a, w, &item->columns, error);
	else
		add_loss(a, w, &item->loss);
	return rc ? rc : result(a, error);
}

int analysis_finish(struct analysis *a, struct error *error)
{
	for (unsigned int i = 0; i < ANALYSIS_MAX_PCPUS; i++)
		if (a->walkers[i])
			end_segment(a, a->walkers[i]);
	return result(a, error);
}

/* --- what others ask --- */

struct analysis *analysis_new(const struct analysis_options *options)
{
	struct analysis *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->options = *options;
	if (a->options.to == 0)
		a->options.to = UINT64_MAX;
	return a;
}

const struct analysis_pcpu *analysis_pcpu(const struct analysis *a, unsigned int pcpu)
{
	return pcpu < ANALYSIS_MAX_PCPUS && a->walkers[pcpu] ? &a->walkers[pcpu]->pcpu : NULL;
}

bool analysis_details_limited(const struct analysis *a)
{
	return a->budget.keyed_full;
}

const char *analysis_detail_name(enum analysis_detail detail)
{
	return detail < NR_DETAILS ? details[detail].name : NULL;
}

enum analysis_detail analysis_reason_detail(uint16_t reason)
{
	for (unsigned int i = 0; i < nr_trace_events; i++)
		for (unsigned int d = 0; trace_events[i].exit_reason == reason && d < NR_DETAILS;
		     d++)
			if (event_detail(&trace_events[i], (enum analysis_detail)d))
				return (enum analysis_detail)d;
	return DETAIL_NONE;
}

void analysis_free(struct analysis *a)
{
	if (!a)
		return;
	for (unsigned int i = 0; i < ANALYSIS_MAX_PCPUS; i++) {
		struct walker *w = a->walkers[i];

		while (w && w->pcpu.accounts) {
			struct analysis_account *account = w->pcpu.accounts;

			w->pcpu.accounts = account->next;
			account_free(account);
		}
		free(w);
	}
	free(a->words);
	free(a);
}
