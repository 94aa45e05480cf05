// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <string.h>

#include "formats/analysis_rows.h"

const char *analysis_by_name(enum analysis_by by)
{
	static const char *const names[] = { "vm", "vcpu", "pcpu", "reason" };

	return by < BY_VECTOR ? names[by]
			      : analysis_detail_name((enum analysis_detail)(by - BY_VECTOR));
}

bool analysis_choice_has(const struct analysis_choice *choice,
			 const struct analysis_account *account)
{
	for (unsigned int i = 0; i < choice->nr_vms; i++)
		if (choice->vms[i] == account->vm)
			return true;
	return choice->nr_vms == 0;
}

static bool chosen_reason(const struct analysis_choice *choice, uint16_t reason)
{
	for (unsigned int i = 0; i < choice->nr_reasons; i++)
		if (choice->reasons[i] == reason)
			return true;
	return choice->nr_reasons == 0;
}

/* A cell with its key in the rows. */
struct keyed {
	struct analysis_key key;
	const struct analysis_cell *cell;
};

struct collection {
	const struct analysis_choice *choice;
	struct keyed *items; /* NULL: only to be counted */
	unsigned int nr;
};

static struct analysis_key make_key(unsigned int by, const struct analysis_account *account,
				    const struct analysis_cell *cell)
{
	bool detail = cell->detail == DETAIL_OTHER || by >> (BY_VECTOR + cell->detail) & 1;

	return (struct analysis_key){
		.vm = by >> BY_VM & 1 ? account->vm : ANALYSIS_NONE,
		.vcpu = by >> BY_VCPU & 1 ? account->vcpu : ANALYSIS_NONE,
		.pcpu = by >> BY_PCPU & 1 ? account->pcpu : ANALYSIS_NONE,
		.reason = by >> BY_REASON & 1 ? cell->reason : ANALYSIS_NONE,
		.detail = detail ? (enum analysis_detail)cell->detail : DETAIL_NONE,
		.value = detail ? cell->value : 0,
	};
}

static int collect_cell(void *context, const struct analysis_account *account,
			const struct analysis_cell *cell)
{
	struct collection *collection = context;

	if (cell->cycles.count == 0 || !chosen_reason(collection->choice, cell->reason))
		return 0;
	if (collection->items)
		collection->items[collection->nr] = (struct keyed){
			make_key(collection->choice->by, account, cell),
			cell,
		};
	collection->nr++;
	return 0;
}

static void collect(const struct analysis *analysis, struct collection *collection)
{
	collection->nr = 0;
	for (unsigned int i = 0; i < ANALYSIS_MAX_PCPUS; i++) {
		const struct analysis_pcpu *pcpu = analysis_pcpu(analysis, i);

		for (const struct analysis_account *account = pcpu ? pcpu->accounts : NULL; account;
		     account = account->next)
			if (analysis_choice_has(collection->choice, account))
				analysis_each_cell(account, collect_cell, collection);
	}
}

static int compare_keys(const void *a, const void *b)
{
	const struct analysis_key *x = a, *y = b;

	if (x->vm != y->vm)
		return x->vm < y->vm ? -1 : 1;
	if (x->vcpu != y->vcpu)
		return x->vcpu < y->vcpu ? -1 : 1;
	if (x->pcpu != y->pcpu)
		return x->pcpu < y->pcpu ? -1 : 1;
	if (x->reason != y->reason)
		return x->reason < y->reason ? -1 : 1;
	if (x->detail != y->detail)
		return x->detail < y->detail ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

/* The time on a pCPU of all vCPUs that a row with that key is about. */
static uint64_t run_time(const struct analysis *analysis, const struct analysis_choice *choice,
			 const struct analysis_key *key)
{
	uint64_t run = 0;

	for (unsigned int i = 0; i < ANALYSIS_MAX_PCPUS; i++) {
		const struct analysis_pcpu *pcpu = analysis_pcpu(analysis, i);

		if (!pcpu || (choice->by >> BY_PCPU & 1 && key->pcpu != pcpu->pcpu))
			continue;
		for (const struct analysis_account *account = pcpu->accounts; account;
		     account = account->next) {
			if (!analysis_choice_has(choice, account) ||
			    (choice->by >> BY_VM & 1 && key->vm != account->vm) ||
			    (choice->by >> BY_VCPU & 1 && key->vcpu != account->vcpu))
				continue;
			run = saturated_add(run, saturated_add(account->guest, account->hv));
		}
	}
	return run;
}

/* Cells of the same key stand together; they become one row. */
static int merge_items(const struct keyed *items, unsigned int nr, struct analysis_row *rows,
		       unsigned int *nr_rows)
{
	for (unsigned int i = 0; i < nr; i++) {
		struct analysis_row *row = *nr_rows ? &rows[*nr_rows - 1] : NULL;

		if (!row || compare_keys(&row->key, &items[i].key) != 0) {
			row = &rows[(*nr_rows)++];
			row->key = items[i].key;
		}
		if (histogram_merge(&row->cycles, &items[i].cell->cycles))
			return -ENOMEM;
		row->hv = saturated_add(row->hv, items[i].cell->hv);
	}
	return 0;
}

int analysis_rows_make(const struct analysis *analysis, const struct analysis_choice *choice,
		       struct analysis_row **result, unsigned int *nr_rows)
{
	struct collection collection = { .choice = choice };
	struct analysis_row *rows;
	int rc = -ENOMEM;

	*nr_rows = 0;
	collect(analysis, &collection);
	rows = calloc(collection.nr + 1, sizeof(*rows));
	collection.items = calloc(collection.nr + 1, sizeof(*collection.items));
	if (rows && collection.items) {
		collect(analysis, &collection);
		qsort(collection.items, collection.nr, sizeof(collection.items[0]), compare_keys);
		rc = merge_items(collection.items, collection.nr, rows, nr_rows);
	}
	free(collection.items);
	if (rc) {
		analysis_rows_free(rows, *nr_rows);
		return rc;
	}
	for (unsigned int i = 0; i < *nr_rows; i++)
		rows[i].run = run_time(analysis, choice, &rows[i].key);
	*result = rows;
	return 0;
}

void analysis_rows_free(struct analysis_row *rows, unsigned int nr_rows)
{
	for (unsigned int i = 0; rows && i < nr_rows; i++)
		histogram_clear(&rows[i].cycles);
	free(rows);
}

int analysis_rows_total(const struct analysis *analysis, const struct analysis_choice *choice,
			const struct analysis_row *const *rows, unsigned int nr_rows,
			struct analysis_row *total)
{
	struct analysis_choice all = *choice;

	all.by = 0;
	total->key = (struct analysis_key){ ANALYSIS_NONE, ANALYSIS_NONE, ANALYSIS_NONE,
					    ANALYSIS_NONE, DETAIL_NONE,	  0 };
	total->run = run_time(analysis, &all, &total->key);
	for (unsigned int i = 0; i < nr_rows; i++) {
		if (histogram_merge(&total->cycles, &rows[i]->cycles))
			return -ENOMEM;
		total->hv = saturated_add(total->hv, rows[i]->hv);
	}
	return 0;
}
