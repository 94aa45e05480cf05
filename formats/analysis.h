/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the time of each VM went: pairs a vCPU's vm_exit with its own next vm_enter, says which VM
 * and vCPU that was, and splits the time into what the hypervisor used and what the vCPU was
 * scheduled out. Nothing is guessed: what has no partner is counted as such, and nothing spans
 * lost records.
 *
 * An account is one vCPU on one pCPU; its cells are its exits by reason (and detail). While the VM
 * of a pCPU is not known (until its first sched_next or vm_enter that names it, at the start and
 * behind each loss) the pCPU has an account of its own, which goes to that VM's once it is known.
 */
#ifndef FORMATS_ANALYSIS_H
#define FORMATS_ANALYSIS_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/histogram.h"
#include "formats/source.h"

#define ANALYSIS_MAX_PCPUS 256U
#define ANALYSIS_MAX_ACCOUNTS 1024U /* what would be more goes to VM ANALYSIS_NONE */
#define ANALYSIS_MAX_KEYED 4096U    /* cells with a detail; what would be more: DETAIL_OTHER */
#define ANALYSIS_REASONS 128U	    /* exit reasons with a cell of their own in each account */
#define ANALYSIS_NONE (-1)	    /* VM, vCPU: not known */
#define ANALYSIS_REASON_OTHER 0xffffU

/* What a vmexit_* event says of its exit. */
enum analysis_detail {
	DETAIL_VECTOR,
	DETAIL_PORT,
	DETAIL_MSR,
	DETAIL_HYPERCALL,
	DETAIL_GPA,
	DETAIL_LEAF,
	NR_DETAILS,
	DETAIL_NONE = NR_DETAILS, /* not asked for, or no event said */
	DETAIL_OTHER,		  /* too many different ones: these are put together */
};

struct analysis_cell {
	uint16_t reason; /* basic exit reason, or ANALYSIS_REASON_OTHER */
	uint8_t detail;	 /* enum analysis_detail; which one the reason decides */
	uint64_t value;	 /* of the detail */
	uint64_t hv;	 /* cycles in the hypervisor; the rest of cycles.sum is scheduled out */
	struct histogram cycles; /* of whole exits */
};

/* The exit that a vCPU is in. */
struct analysis_open {
	bool is_open;
	bool broken; /* the TSC ran backwards in it */
	uint8_t detail;
	uint16_t reason;
	uint64_t value;
	uint64_t start;	  /* TSC of its vm_exit */
	uint64_t hv, out; /* cycles up to the pCPU's last change */
};

struct analysis_account {
	int vm;	  /* ANALYSIS_NONE: not known */
	int vcpu; /* ANALYSIS_NONE: not known */
	uint16_t pcpu;
	uint64_t guest, hv, out; /* cycles in the guest, in the hypervisor, scheduled out */
	uint64_t exits;		 /* pairs */
	uint64_t unmatched_exits, unmatched_enters;

	/* For the analysis alone: */
	uint64_t entered; /* first value of its last vm_enter, where it names the vCPU */
	bool is_out;
	uint64_t out_since;
	struct analysis_open open;
	struct analysis_cell *by_reason[ANALYSIS_REASONS + 1]; /* last: ANALYSIS_REASON_OTHER */
	struct analysis_cell **keyed;			       /* hash table of the others */
	uint32_t keyed_room, nr_keyed;
	struct analysis_account *next; /* of the pCPU */
};

struct analysis_pcpu {
	uint16_t pcpu;
	uint64_t records;
	uint64_t first_tsc, last_tsc; /* of all its records, where there are any */
	uint64_t span;		      /* cycles looked at: within --from and --to, without gaps */
	uint64_t idle, other;	      /* cycles of the idle thread, of threads that are no VM's */
	uint64_t unknown;	      /* cycles of which the records do not say whose they are */
	uint64_t gaps;		      /* losses that the source reported */
	uint64_t unknown_gaps;	      /* those of them of which it does not say how many */
	uint64_t lost;		      /* records, in the other ones */
	uint64_t breaks; /* places where records contradict each other: some are missing */
	struct analysis_account *accounts;
};

struct analysis_options {
	unsigned int details; /* 1 << enum analysis_detail: to be told apart */
	uint64_t from, to;    /* TSC: what counts is in [from, to); to 0: no bound */
};

struct analysis;

/* NULL: no memory. */
struct analysis *analysis_new(const struct analysis_options *options);

/* Takes in an item (not ITEM_END). -EINVAL: an impossible pCPU; -ENOMEM. */
int analysis_add(struct analysis *analysis, const struct trace_item *item, struct error *error);

/* What is still open has no partner. Call once, behind the last analysis_add(). */
int analysis_finish(struct analysis *analysis, struct error *error);

/* The pCPU, or NULL where nothing was seen of it. */
const struct analysis_pcpu *analysis_pcpu(const struct analysis *analysis, unsigned int pcpu);

/* Whether ANALYSIS_MAX_KEYED was reached. */
bool analysis_details_limited(const struct analysis *analysis);

/* Calls fn for each cell of the account. A negative errno of fn ends it and is returned. */
typedef int (*analysis_cell_fn)(void *context, const struct analysis_account *account,
				const struct analysis_cell *cell);
int analysis_each_cell(const struct analysis_account *account, analysis_cell_fn fn, void *context);

/* The name of a detail as --by has it, and of the field in events.tsv that holds it. */
const char *analysis_detail_name(enum analysis_detail detail);

/* The detail that an exit for this reason can have (one kind at most), or DETAIL_NONE. */
enum analysis_detail analysis_reason_detail(uint16_t reason);

void analysis_free(struct analysis *analysis);

#endif
