// SPDX-License-Identifier: BSD-3-Clause
/* The accounts of an analysis, and their cells. */
#include <stdlib.h>

#include "formats/analysis_account.h"

struct analysis_account *account_new(struct analysis_budget *budget, struct analysis_pcpu *pcpu,
				     int vm, int vcpu)
{
	struct analysis_account *account;

	/* Each pCPU keeps room for the one whose VM is not known, and one such for good. */
	if (vm != ANALYSIS_NONE && budget->accounts >= ANALYSIS_MAX_ACCOUNTS)
		return NULL;
	account = calloc(1, sizeof(*account));
	if (!account)
		return NULL;
	account->vm = vm;
	account->vcpu = vcpu;
	account->pcpu = pcpu->pcpu;
	account->next = pcpu->accounts;
	pcpu->accounts = account;
	budget->accounts++;
	return account;
}

struct analysis_account *account_find(const struct analysis_pcpu *pcpu, int vm, int vcpu)
{
	struct analysis_account *account = pcpu->accounts;

	while (account && (account->vm != vm || (vcpu != ANALYSIS_NONE && account->vcpu != vcpu)))
		account = account->next;
	return account;
}

static struct analysis_cell *cell_new(uint16_t reason, uint8_t detail, uint64_t value)
{
	struct analysis_cell *cell = calloc(1, sizeof(*cell));

	if (cell) {
		cell->reason = reason;
		cell->detail = detail;
		cell->value = value;
	}
	return cell;
}

static uint32_t key_hash(uint16_t reason, uint8_t detail, uint64_t value)
{
	uint64_t h =
		(value ^ (uint64_t)reason << 40 ^ (uint64_t)detail << 56) * 0x9e3779b97f4a7c15ULL;

	return (uint32_t)(h >> 32);
}

/* Where the keyed cell is, or the empty place where it belongs. */
static struct analysis_cell **keyed_place(const struct analysis_account *account, uint16_t reason,
					  uint8_t detail, uint64_t value)
{
	uint32_t mask = account->keyed_room - 1;
	uint32_t i = key_hash(reason, detail, value) & mask;
	struct analysis_cell *cell;

	while ((cell = account->keyed[i]) &&
	       (cell->reason != reason || cell->detail != detail || cell->value != value))
		i = (i + 1) & mask;
	return &account->keyed[i];
}

/* Room for one more, with at least half of the places empty so that look-ups end soon. */
static int keyed_grow(struct analysis_account *account)
{
	struct analysis_cell **old = account->keyed, **keyed;
	uint32_t old_room = account->keyed_room, room = old_room ? old_room * 2 : 16;

	if (account->nr_keyed < old_room / 2)
		return 0;
	keyed = calloc(room, sizeof(struct analysis_cell *));
	if (!keyed)
		return -ENOMEM;
	account->keyed = keyed;
	account->keyed_room = room;
	for (uint32_t i = 0; i < old_room; i++)
		if (old[i])
			*keyed_place(account, old[i]->reason, old[i]->detail, old[i]->value) =
				old[i];
	free(old);
	return 0;
}

static struct analysis_cell *reason_cell(struct analysis_account *account, uint16_t reason)
{
	uint16_t i = reason < ANALYSIS_REASONS ? reason : ANALYSIS_REASONS;

	if (!account->by_reason[i])
		account->by_reason[i] =
			cell_new(i == reason ? reason : ANALYSIS_REASON_OTHER, DETAIL_NONE, 0);
	return account->by_reason[i];
}

/*
 * The cell of that key. A keyed one when too many are there is put with the others of its reason:
 * there are at most ANALYSIS_REASONS + 1 of those in an account, which the limit does not count.
 */
static struct analysis_cell *find_cell(struct analysis_budget *budget,
				       struct analysis_account *account, uint16_t reason,
				       uint8_t detail, uint64_t value)
{
	struct analysis_cell **place, *cell;

	if (detail == DETAIL_NONE)
		return reason_cell(account, reason);
	if (keyed_grow(account))
		return NULL;
	place = keyed_place(account, reason, detail, value);
	cell = *place;
	if (cell)
		return cell;
	if (detail != DETAIL_OTHER && budget->keyed >= ANALYSIS_MAX_KEYED) {
		budget->keyed_full = true;
		return find_cell(budget, account, reason, DETAIL_OTHER, 0);
	}
	cell = cell_new(reason, detail, value);
	*place = cell;
	if (cell) {
		account->nr_keyed++;
		budget->keyed += detail != DETAIL_OTHER;
	}
	return cell;
}

struct analysis_cell *account_open_cell(struct analysis_budget *budget,
					struct analysis_account *account)
{
	return find_cell(budget, account, account->open.reason, account->open.detail,
			 account->open.value);
}

int analysis_each_cell(const struct analysis_account *account, analysis_cell_fn fn, void *context)
{
	int rc = 0;

	for (unsigned int i = 0; i <= ANALYSIS_REASONS && rc == 0; i++)
		if (account->by_reason[i])
			rc = fn(context, account, account->by_reason[i]);
	for (uint32_t i = 0; i < account->keyed_room && rc == 0; i++)
		if (account->keyed[i])
			rc = fn(context, account, account->keyed[i]);
	return rc;
}

struct merge_target {
	struct analysis_budget *budget;
	struct analysis_account *account;
};

static int merge_cell(void *context, const struct analysis_account *from,
		      const struct analysis_cell *cell)
{
	const struct merge_target *target = context;
	struct analysis_cell *to =
		find_cell(target->budget, target->account, cell->reason, cell->detail, cell->value);

	(void)from;
	if (!to || histogram_merge(&to->cycles, &cell->cycles))
		return -ENOMEM;
	to->hv = saturated_add(to->hv, cell->hv);
	return 0;
}

static void unlink_account(struct analysis_pcpu *pcpu, const struct analysis_account *account)
{
	struct analysis_account **link = &pcpu->accounts;

	while (*link != account)
		link = &(*link)->next;
	*link = account->next;
}

int account_merge(struct analysis_budget *budget, struct analysis_pcpu *pcpu,
		  struct analysis_account *account, struct analysis_account *from)
{
	struct merge_target target = { budget, account };
	int rc = analysis_each_cell(from, merge_cell, &target);

	if (rc)
		return rc;
	account->guest = saturated_add(account->guest, from->guest);
	account->hv = saturated_add(account->hv, from->hv);
	account->out = saturated_add(account->out, from->out);
	account->exits += from->exits;
	account->unmatched_exits += from->unmatched_exits;
	account->unmatched_enters += from->unmatched_enters;
	unlink_account(pcpu, from);
	for (uint32_t i = 0; i < from->keyed_room; i++)
		budget->keyed -= from->keyed[i] && from->keyed[i]->detail != DETAIL_OTHER;
	budget->accounts--;
	account_free(from);
	return 0;
}

static void cell_free(struct analysis_cell *cell)
{
	if (cell)
		histogram_clear(&cell->cycles);
	free(cell);
}

void account_free(struct analysis_account *account)
{
	if (!account)
		return;
	for (unsigned int i = 0; i <= ANALYSIS_REASONS; i++)
		cell_free(account->by_reason[i]);
	for (uint32_t i = 0; i < account->keyed_room; i++)
		cell_free(account->keyed[i]);
	free(account->keyed);
	free(account);
}
