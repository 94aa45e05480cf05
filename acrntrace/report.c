// SPDX-License-Identifier: BSD-3-Clause
/* acrntrace report: where the time of each VM went. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "acrntrace/acrntrace.h"
#include "acrntrace/input.h"
#include "acrntrace/report.h"
#include "formats/timespan.h"

#define PROGRESS_RECORDS 20000000U

/* --- VMs and times --- */

struct chosen_vms {
	int vm[REPORT_MAX_CHOSEN];
	unsigned int nr;
};

static int find_vm(const char *word, const struct stream_header *header)
{
	const char *digits = strncasecmp(word, "vm", 2) == 0 ? word + 2 : word;
	char *end;
	unsigned long number = strtoul(digits, &end, 10);

	for (unsigned int i = 0; i < header->nr_vms; i++)
		if (header->vms[i].name[0] && strcasecmp(word, header->vms[i].name) == 0)
			return header->vms[i].id;
	if (strcasecmp(word, "unknown") == 0)
		return ANALYSIS_NONE;
	return isdigit((unsigned char)*digits) && *end == '\0' && number < 0xffff ? (int)number
										  : -2;
}

static bool vm_exists(const struct analysis *analysis, int vm)
{
	for (unsigned int i = 0; i < ANALYSIS_MAX_PCPUS; i++) {
		const struct analysis_pcpu *pcpu = analysis_pcpu(analysis, i);

		for (const struct analysis_account *account = pcpu ? pcpu->accounts : NULL; account;
		     account = account->next)
			if (account->vm == vm)
				return true;
	}
	return false;
}

static int unknown_vm(const char *word, const struct analysis *analysis)
{
	char list[512] = "";
	size_t at = 0;

	for (int vm = 0; vm < 0xffff && at < sizeof(list) - 8; vm++)
		if (vm_exists(analysis, vm))
			at += (size_t)snprintf(list + at, sizeof(list) - at, "%svm%d",
					       at ? ", " : "", vm);
	return cli_usage("--vm: %s: no such VM in this capture; there %s %s", word,
			 strchr(list, ',') ? "are" : "is", at ? list : "none that is known");
}

static int choose_vms(const char *list, const struct stream_header *header,
		      const struct analysis *analysis, struct chosen_vms *chosen)
{
	char word[64];

	chosen->nr = 0;
	while (list) {
		int vm;

		list = report_next_word(list, word, sizeof(word));
		vm = find_vm(word, header);
		if (vm < -1 || (vm >= 0 && !vm_exists(analysis, vm)))
			return unknown_vm(word, analysis);
		if (chosen->nr == REPORT_MAX_CHOSEN)
			return cli_usage("--vm: more than %u", REPORT_MAX_CHOSEN);
		chosen->vm[chosen->nr++] = vm;
	}
	return 0;
}

/* 0, or an exit status. */
static int find_span(const struct report_options *options, struct input *input,
		     struct analysis_options *span)
{
	bool has_from = options->from.kind != TIME_NONE, has_to = options->to.kind != TIME_NONE;
	uint64_t first = 0, khz;
	struct error error;
	int rc = 0;

	if ((has_from && options->from.kind != TIME_TSC) ||
	    (has_to && options->to.kind != TIME_TSC))
		if (input_first_tsc(input, &first, &error))
			return cli_error("%s", error.text);
	khz = input_header(input)->tsc_khz;
	if (has_from)
		rc = time_resolve(&options->from, first, khz, &span->from, &error);
	if (rc == 0 && has_to)
		rc = time_resolve(&options->to, first, khz, &span->to, &error);
	if (rc == 0 && has_to && span->to <= span->from)
		rc = error_set(&error, EINVAL, "the end must lie behind the start");
	return rc ? cli_usage("--from, --to: %s", error.text) : CLI_OK;
}

/* --- from records to rows --- */

/* On a terminal, says now and then how far it is; the last call (records 0) takes that away. */
static void show_progress(uint64_t records)
{
	static bool shown;

	if (records && isatty(STDERR_FILENO)) {
		fprintf(stderr, "\r%" PRIu64 " million records read", records / 1000000);
		shown = true;
	} else if (!records && shown) {
		fputs("\r\033[K", stderr);
	}
}

/* Reads all there is. What was read before an error stays good. */
static int read_all(struct source *source, struct analysis *analysis, struct error *error)
{
	uint64_t records = 0, next = PROGRESS_RECORDS;
	struct trace_item item = { .kind = ITEM_TRACE };
	int rc = 0;

	while (rc == 0 && (rc = source_next(source, &item, error)) == 0 && item.kind != ITEM_END) {
		rc = analysis_add(analysis, &item, error);
		records += item.kind == ITEM_TRACE ? item.columns.count : 0;
		if (records < next)
			continue;
		show_progress(records);
		next += PROGRESS_RECORDS;
	}
	show_progress(0);
	return rc;
}

struct sort_context {
	const struct report_options *options;
	const struct report_context *report;
};

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_key(const struct analysis_key *key, enum analysis_by by)
{
	return by == BY_VM ? key->vm : by == BY_VCPU ? key->vcpu : by == BY_PCPU ? key->pcpu : 0;
}

/* By all keys but the last one, within them by the time in the hypervisor. */
static int compare_by_default(const struct analysis_row *a, const struct analysis_row *b,
			      const struct report_options *options)
{
	for (unsigned int i = 0; i + 1 < options->nr_by; i++) {
		int x = by_key(&a->key, options->by[i]), y = by_key(&b->key, options->by[i]);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return compare_u64(b->hv, a->hv);
}

static int compare_column(const struct analysis_row *a, const struct analysis_row *b,
			  const struct sort_context *context)
{
	const struct view_column *column = context->options->sort;
	struct view_value x = { .known = true }, y = { .known = true };

	column->get(a, context->report, &x);
	column->get(b, context->report, &y);
	if (x.known != y.known)
		return x.known ? -1 : 1;
	if (!x.known)
		return 0;
	if (column->type == VIEW_TEXT)
		return strcmp(x.text, y.text);
	if (column->type == VIEW_SHARE || column->type == VIEW_RATE)
		return x.real < y.real ? 1 : x.real > y.real ? -1 : 0;
	if (report_is_key(column))
		return compare_u64(x.number, y.number);
	return compare_u64(y.number, x.number);
}

static int compare_rows(const void *a, const void *b, void *context)
{
	const struct sort_context *sort = context;
	const struct analysis_row *x = *(const struct analysis_row *const *)a;
	const struct analysis_row *y = *(const struct analysis_row *const *)b;
	int order = sort->options->sort ? compare_column(x, y, sort)
					: compare_by_default(x, y, sort->options);

	/* The rows lie in the order of their keys: equal ones keep it. */
	return order ? order : x < y ? -1 : x > y;
}

/* --- the report --- */

/* All that one run holds. */
struct run {
	struct report_options options;
	struct input *input;
	struct source *source;
	struct analysis *analysis;
	struct chosen_vms vms;
	struct analysis_choice choice;
	struct analysis_row *rows;
	unsigned int nr_rows;
	const struct analysis_row **order;
	struct report_cpu *cpus;
	const struct analysis_pcpu *pcpus[ANALYSIS_MAX_PCPUS];
	const struct view_column *columns[REPORT_MAX_COLUMNS];
	const struct view_column *cpu_columns[REPORT_CPU_COLUMNS];
	struct report report;
};

static struct report_cpu *cpu_of(struct run *run, int vm)
{
	struct report_cpu *cpus;

	for (unsigned int i = 0; i < run->report.nr_cpus; i++)
		if (run->cpus[i].vm == vm)
			return &run->cpus[i];
	cpus = realloc(run->cpus, (run->report.nr_cpus + 1) * sizeof(*cpus));
	if (!cpus)
		return NULL;
	run->cpus = cpus;
	cpus[run->report.nr_cpus] = (struct report_cpu){ .vm = vm };
	return &cpus[run->report.nr_cpus++];
}

static int add_account(struct run *run, const struct analysis_account *account)
{
	struct report *report = &run->report;
	struct report_cpu *cpu;

	report->context.all_exits += account->exits;
	if (!analysis_choice_has(&run->choice, account))
		return 0;
	report->unmatched_enters += account->unmatched_enters;
	report->unmatched_exits += account->unmatched_exits;
	if (account->vm == ANALYSIS_NONE && account->guest + account->hv + account->out == 0)
		return 0;
	cpu = cpu_of(run, account->vm);
	if (!cpu)
		return -ENOMEM;
	cpu->guest = saturated_add(cpu->guest, account->guest);
	cpu->hv = saturated_add(cpu->hv, account->hv);
	cpu->out = saturated_add(cpu->out, account->out);
	return 0;
}

static int compare_cpus(const void *a, const void *b)
{
	return ((const struct report_cpu *)a)->vm - ((const struct report_cpu *)b)->vm;
}

static uint64_t clip(const struct analysis_options *span, uint64_t tsc)
{
	if (tsc < span->from)
		return span->from;
	return span->to && tsc > span->to ? span->to : tsc;
}

/* What is not in the rows: CPU time, and the whole that shares are of. */
static int sum_up(struct run *run, const struct analysis_options *span)
{
	struct report *report = &run->report;
	uint64_t first = UINT64_MAX, last = 0;
	int rc = 0;

	for (unsigned int i = 0; i < ANALYSIS_MAX_PCPUS; i++) {
		const struct analysis_pcpu *pcpu = analysis_pcpu(run->analysis, i);

		if (!pcpu)
			continue;
		run->pcpus[report->nr_pcpus++] = pcpu;
		report->context.all_cycles = saturated_add(report->context.all_cycles, pcpu->span);
		for (const struct analysis_account *account = pcpu->accounts; account && rc == 0;
		     account = account->next)
			rc = add_account(run, account);
		if (pcpu->records == 0)
			continue;
		first = pcpu->first_tsc < first ? pcpu->first_tsc : first;
		last = pcpu->last_tsc > last ? pcpu->last_tsc : last;
	}
	if (last > first)
		report->context.elapsed = clip(span, last) - clip(span, first);
	if (rc == 0 && report->nr_cpus)
		qsort(run->cpus, report->nr_cpus, sizeof(run->cpus[0]), compare_cpus);
	return rc;
}

static int make_rows(struct run *run)
{
	struct report *report = &run->report;
	struct sort_context sort = { &run->options, &report->context };
	int rc = analysis_rows_make(run->analysis, &run->choice, &run->rows, &run->nr_rows);

	if (rc)
		return rc;
	run->order = calloc(run->nr_rows + 1, sizeof(const struct analysis_row *));
	if (!run->order)
		return -ENOMEM;
	for (unsigned int i = 0; i < run->nr_rows; i++)
		run->order[i] = &run->rows[i];
	qsort_r(run->order, run->nr_rows, sizeof(const struct analysis_row *), compare_rows, &sort);
	report->rows = run->order;
	report->nr_rows = run->nr_rows;
	if (run->options.limit && run->options.limit < run->nr_rows) {
		report->nr_rows = (unsigned int)run->options.limit;
		report->nr_left_out = run->nr_rows - report->nr_rows;
	}
	return analysis_rows_total(run->analysis, &run->choice, run->order, report->nr_rows,
				   &report->total);
}

static void fill_report(struct run *run)
{
	struct report *report = &run->report;

	report->form = run->options.form;
	report->color = cli_use_color(run->options.color, STDOUT_FILENO);
	report->all_columns = run->options.columns != NULL;
	report->loss_counted = run->source->loss_counted;
	report->details_limited = analysis_details_limited(run->analysis);
	report->context.header = input_header(run->input);
	report->view.columns = run->columns;
	report->view.context = &report->context;
	report->view.tsc_khz = input_header(run->input)->tsc_khz;
	report->cpu_view =
		(struct view){ run->cpu_columns,
			       report_cpu_columns(report->context.header, run->cpu_columns), 1,
			       &report->context, report->view.tsc_khz };
	report->cpus = run->cpus;
	report->pcpus = run->pcpus;
}

static int choose(struct run *run, struct error *error)
{
	run->choice.vms = run->vms.vm;
	run->choice.nr_vms = run->vms.nr;
	run->choice.reasons = run->options.reasons;
	run->choice.nr_reasons = run->options.nr_reasons;
	return report_choose_columns(
		run->options.by, run->options.nr_by, run->options.columns, input_header(run->input),
		run->columns, &run->report.view.nr_columns, &run->report.view.nr_keys, error);
}

static int print_report(struct run *run, const struct analysis_options *span)
{
	int rc = sum_up(run, span);

	if (rc == 0)
		rc = make_rows(run);
	fill_report(run);
	if (rc == 0)
		rc = report_print(&run->report, stdout);
	if (rc)
		return cli_error("report: %s", strerror(-rc));
	if (fflush(stdout) || ferror(stdout))
		return cli_error("standard output: %s", strerror(errno));
	return CLI_OK;
}

static bool something_lost(const struct report *report)
{
	for (unsigned int i = 0; i < report->nr_pcpus; i++)
		if (report->pcpus[i]->gaps || report->pcpus[i]->breaks)
			return true;
	return false;
}

/* Reads the input and prints its report; damage comes last, behind the rows of the good part. */
static int report_input(struct run *run, const struct analysis_options *span)
{
	struct error error, damage = { "" };
	int status, read_rc, rc;

	read_rc = read_all(run->source, run->analysis, &damage);
	rc = analysis_finish(run->analysis, &error);
	if (rc)
		return cli_error("%s: %s", input_name(run->input), error.text);
	status = choose_vms(run->options.vms, input_header(run->input), run->analysis, &run->vms);
	if (status)
		return status;
	if (choose(run, &error))
		return cli_usage("%s", error.text);
	run->report.error = read_rc ? damage.text : NULL;
	status = print_report(run, span);
	if (status || read_rc) {
		cli_set_json(false); /* it is in the document already */
		return status ? status : cli_error("%s", damage.text);
	}
	return run->options.fail_on_loss && something_lost(&run->report) ? CLI_LOST : CLI_OK;
}

/* Which details the records must be read for, and whether that takes payload. */
static unsigned int wanted_details(struct run *run)
{
	unsigned int details = 0;

	for (unsigned int i = 0; i < run->options.nr_by; i++) {
		run->choice.by |= 1U << run->options.by[i];
		if (run->options.by[i] >= BY_VECTOR)
			details |= 1U << (run->options.by[i] - BY_VECTOR);
	}
	return details;
}

static int run_report(struct run *run, char *const *paths, int nr)
{
	struct analysis_options span = { .details = wanted_details(run) };
	struct source_filter filter = { .payload = span.details != 0 };
	struct error error;
	int status;

	if (input_open(&run->input, paths, nr, run->options.tsc_khz, &error))
		return cli_error("%s", error.text);
	status = find_span(&run->options, run->input, &span);
	if (status)
		return status;
	if (input_source(run->input, &filter, &run->source, &error))
		return cli_error("%s", error.text);
	run->analysis = analysis_new(&span);
	if (!run->analysis)
		return cli_error("report: no memory");
	return report_input(run, &span);
}

int cmd_report(int argc, char **argv)
{
	struct run *run = calloc(1, sizeof(*run));
	bool done = false;
	int status;

	if (!run)
		return cli_error("report: no memory");
	status = report_parse_options(argc, argv, &run->options, &done);
	if (status == 0 && !done)
		status = run_report(run, argv + optind, argc - optind);
	histogram_clear(&run->report.total.cycles);
	analysis_rows_free(run->rows, run->nr_rows);
	analysis_free(run->analysis);
	source_close(run->source);
	input_close(run->input);
	free(run->order);
	free(run->cpus);
	free(run);
	return status;
}
