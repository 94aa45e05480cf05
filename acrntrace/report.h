/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of acrntrace report share. */
#ifndef ACRNTRACE_REPORT_H
#define ACRNTRACE_REPORT_H

#include "formats/analysis_rows.h"
#include "formats/cli.h"
#include "formats/stream.h"
#include "formats/timespan.h"
#include "formats/view.h"

#define REPORT_MAX_COLUMNS 48U

/* --- the command line: report_options.c --- */

#define REPORT_MAX_CHOSEN 128U

enum report_form { REPORT_TABLE, REPORT_JSON, REPORT_CSV };

struct report_options {
	enum analysis_by by[NR_BY];
	unsigned int nr_by;
	const char *vms; /* --vm, to be understood once the capture is known */
	uint16_t reasons[REPORT_MAX_CHOSEN];
	unsigned int nr_reasons;
	struct time_point from, to;
	const char *columns;
	const struct view_column *sort;
	uint64_t limit; /* 0: none */
	uint64_t tsc_khz;
	enum report_form form;
	enum cli_color color;
	bool fail_on_loss;
};

/* 0, or an exit status behind a message; *done: help was asked for and printed. */
int report_parse_options(int argc, char **argv, struct report_options *options, bool *done);

/* Takes the next word off a comma-separated list; returns what follows, NULL behind the last. */
const char *report_next_word(const char *list, char *word, size_t size);

/* --- columns: report_columns.c --- */

/* What a column needs to know beside its row. */
struct report_context {
	const struct stream_header *header;
	uint64_t all_exits;  /* in all VMs, for all reasons */
	uint64_t elapsed;    /* cycles from the first record to the last, within --from and --to */
	uint64_t all_cycles; /* pCPU time looked at: the spans of all pCPUs together */
};

extern const struct view_column report_columns[];
extern const unsigned int nr_report_columns;

/* The column of that name or key, in any case; NULL: there is none. */
const struct view_column *report_column(const char *name);

/* Whether it is one that rows can be told apart by. */
bool report_is_key(const struct view_column *column);

/*
 * Puts together the columns of a report: those of by, then the ones named in list (comma-separated;
 * NULL: all that can be known). by_order has the nr_by keys in the order asked for. -EINVAL.
 */
int report_choose_columns(const enum analysis_by *by_order, unsigned int nr_by, const char *list,
			  const struct stream_header *header, const struct view_column **columns,
			  unsigned int *nr, unsigned int *nr_keys, struct error *error);

/* CPU time of a VM, over all pCPUs; its columns take such rows. */
struct report_cpu {
	int vm;
	uint64_t guest, hv, out;
};
#define REPORT_CPU_COLUMNS 6U
/* Fills in the columns and returns how many: the name only where VMs have names. */
unsigned int report_cpu_columns(const struct stream_header *header,
				const struct view_column *columns[REPORT_CPU_COLUMNS]);

/* Columns of struct analysis_pcpu rows. */
extern const struct view_column *const report_pcpu_columns[];
extern const unsigned int nr_report_pcpu_columns;

/* --- printing: report_print.c --- */

struct report {
	enum report_form form;
	bool color;
	bool all_columns;  /* leave none out, however wide the table gets */
	const char *error; /* what ended the reading early, or NULL */
	bool loss_counted;
	bool details_limited;
	struct report_context context;
	struct view view;
	struct view cpu_view;
	const struct analysis_row *const *rows;
	unsigned int nr_rows, nr_left_out;
	struct analysis_row total;
	const struct report_cpu *cpus;
	unsigned int nr_cpus;
	const struct analysis_pcpu *const *pcpus;
	unsigned int nr_pcpus;
	uint64_t unmatched_enters, unmatched_exits;
};

/* Whether all losses are counted; lost is then their sum. */
bool report_lost(const struct report *report, uint64_t *lost);

/* -ENOMEM. */
int report_print(const struct report *report, FILE *out);

#endif
