/* SPDX-License-Identifier: BSD-3-Clause */
/* The accounts of an analysis: making, finding and merging them, and their cells. */
#ifndef FORMATS_ANALYSIS_ACCOUNT_H
#define FORMATS_ANALYSIS_ACCOUNT_H

#include "formats/analysis.h"

/* What all accounts of an analysis share of the memory that it may take. */
struct analysis_budget {
	uint32_t accounts;
	uint32_t keyed;
	bool keyed_full;
};

/*
 * A new account at the head of the pCPU's list. NULL: no memory, or ANALYSIS_MAX_ACCOUNTS are
 * there.
 */
struct analysis_account *account_new(struct analysis_budget *budget, struct analysis_pcpu *pcpu,
				     int vm, int vcpu);

/* The account of that VM on the pCPU (vcpu ANALYSIS_NONE: whichever was made last), or NULL. */
struct analysis_account *account_find(const struct analysis_pcpu *pcpu, int vm, int vcpu);

/* The cell for the account's open exit, made where it is not there. NULL: no memory. */
struct analysis_cell *account_open_cell(struct analysis_budget *budget,
					struct analysis_account *account);

/*
 * Moves all figures of from, but not its open exit, to account and frees it. -ENOMEM: from stays,
 * with what could not be moved.
 */
int account_merge(struct analysis_budget *budget, struct analysis_pcpu *pcpu,
		  struct analysis_account *account, struct analysis_account *from);

void account_free(struct analysis_account *account);

#endif
