/* SPDX-License-Identifier: BSD-3-Clause */
/* The rows of a report: an analysis' cells, chosen and grouped. */
#ifndef FORMATS_ANALYSIS_ROWS_H
#define FORMATS_ANALYSIS_ROWS_H

#include "formats/analysis.h"

/* What rows can be told apart by; a detail d is BY_VECTOR + d. */
enum analysis_by {
	BY_VM,
	BY_VCPU,
	BY_PCPU,
	BY_REASON,
	BY_VECTOR,
	NR_BY = BY_VECTOR + NR_DETAILS,
};

const char *analysis_by_name(enum analysis_by by);

/* What is not grouped by is ANALYSIS_NONE, DETAIL_NONE. */
struct analysis_key {
	int vm, vcpu, pcpu;
	int reason;
	enum analysis_detail detail;
	uint64_t value;
};

struct analysis_row {
	struct analysis_key key;
	uint64_t hv;		 /* cycles in the hypervisor */
	uint64_t run;		 /* cycles the vCPUs of such a key were on a pCPU */
	struct histogram cycles; /* of the exits */
};

struct analysis_choice {
	unsigned int by;     /* 1 << enum analysis_by */
	const int *vms;	     /* only these; ANALYSIS_NONE: those not known */
	unsigned int nr_vms; /* 0: all */
	const uint16_t *reasons;
	unsigned int nr_reasons; /* 0: all */
};

/*
 * Makes the rows, in rising order of their keys; the caller frees them with analysis_rows_free().
 * -ENOMEM.
 */
int analysis_rows_make(const struct analysis *analysis, const struct analysis_choice *choice,
		       struct analysis_row **rows, unsigned int *nr_rows);
void analysis_rows_free(struct analysis_row *rows, unsigned int nr_rows);

/* Adds up the rows; total is all zero before. run is that of the choice. -ENOMEM. */
int analysis_rows_total(const struct analysis *analysis, const struct analysis_choice *choice,
			const struct analysis_row *const *rows, unsigned int nr_rows,
			struct analysis_row *total);

/* Whether the account's VM is one of the choice. */
bool analysis_choice_has(const struct analysis_choice *choice,
			 const struct analysis_account *account);

#endif
