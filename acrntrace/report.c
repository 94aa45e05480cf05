// SPDX-License-Identifier: BSD-3-Clause
/* acrntrace report: where the time of each VM went. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "acrntrace/acrntrace.h"
#include "acrntrace/input.h"
#include "acrntrace/report.h"
#include "formats/events.h"
#include "formats/timespan.h"

#define MAX_CHOSEN 128U
#define PROGRESS_RECORDS 20000000U

struct options {
	enum analysis_by by[NR_BY];
	unsigned int nr_by;
	const char *vms; /* --vm, to be understood once the header is known */
	uint16_t reasons[MAX_CHOSEN];
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

/* --- the command line --- */

static int print_help(void)
{
	printf("Usage: acrntrace report [OPTION]... INPUT...\n"
	       "Say where the time of each VM went: its exits by reason, and its CPU time.\n\n"
	       "INPUT is a stream file, - (a stream on standard input), an upstream capture\n"
	       "directory, or upstream's per-pCPU files.\n\n"
	       "  --by LIST          rows by any of");
	for (unsigned int i = 0; i < NR_BY; i++)
		printf("%s %s", i ? "," : "", analysis_by_name((enum analysis_by)i));
	printf("\n                     (default vm,reason)\n"
	       "  --vm LIST          only these VMs: numbers, vm1, names, or unknown\n"
	       "  --reason LIST      only these exit reasons: names or numbers\n"
	       "  --from TIME        only exits that begin at or after TIME, and\n"
	       "  --to TIME          before TIME; TIME is since the first record: 1.5 (seconds),\n"
	       "                     20ms, 300us, 5ns, 123c (TSC cycles); or tsc:N, a TSC value\n"
	       "  --sort COLUMN      largest first (what --by names: smallest first)\n"
	       "  --limit N          only the first N rows\n"
	       "  --columns LIST     only these columns, also where they do not fit\n"
	       "  --json, --csv      exact numbers, as JSON or CSV\n"
	       "  --color WHEN       auto, always or never\n"
	       "  --tsc-khz N        the TSC's frequency, where the input does not know it\n"
	       "  --fail-on-loss     exit with 3 where records were lost\n"
	       "  -h, --help         this text\n"
	       "\nColumns:\n");
	view_columns_help(report_columns, nr_report_columns, stdout);
	return CLI_OK;
}

/* Takes the next word off a comma-separated list; NULL behind the last one. */
static const char *next_word(const char *list, char *word, size_t size)
{
	size_t length = strcspn(list, ",");

	snprintf(word, size, "%.*s", (int)length, list);
	return list[length] ? list + length + 1 : NULL;
}

static int parse_by(const char *list, struct options *options)
{
	char word[32];

	options->nr_by = 0;
	while (list) {
		unsigned int by = 0, i;

		list = next_word(list, word, sizeof(word));
		while (by < NR_BY && strcasecmp(word, analysis_by_name((enum analysis_by)by)) != 0)
			by++;
		if (by == NR_BY)
			return cli_usage("--by: %s: rows can be told apart by vm, vcpu, pcpu, "
					 "reason, vector, port, msr, hypercall, gpa and leaf",
					 word);
		for (i = 0; i < options->nr_by && options->by[i] != by; i++)
			;
		if (i == options->nr_by)
			options->by[options->nr_by++] = (enum analysis_by)by;
	}
	return 0;
}

/* Equal but for case and for what is no letter or digit: "ept-violation", "EPT violation". */
static bool same_name(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a && !isalnum((unsigned char)*a))
			a++;
		while (*b && !isalnum((unsigned char)*b))
			b++;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (!*a)
			return true;
	}
}

static int find_reason(const char *word)
{
	char *end;
	unsigned long number = strtoul(word, &end, 0);

	if (isdigit((unsigned char)*word) && *end == '\0' && number < ANALYSIS_REASON_OTHER)
		return (int)number;
	for (unsigned int i = 0; i < nr_exit_reasons; i++)
		if (exit_reasons[i].name && (same_name(word, exit_reasons[i].name) ||
					     same_name(word, exit_reasons[i].short_name)))
			return (int)i;
	return -1;
}

static int unknown_reason(const char *word)
{
	char list[900];
	size_t at = 0;

	for (unsigned int i = 0; i < nr_exit_reasons && at < sizeof(list); i++)
		if (exit_reasons[i].name)
			at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", at ? ", " : "",
					       exit_reasons[i].short_name);
	return cli_usage("--reason: %s: no such exit reason; there are numbers and %s", word, list);
}

static int parse_reasons(const char *list, struct options *options)
{
	char word[64];

	while (list) {
		int reason;

		list = next_word(list, word, sizeof(word));
		reason = find_reason(word);
		if (reason < 0)
			return unknown_reason(word);
		if (options->nr_reasons == MAX_CHOSEN)
			return cli_usage("--reason: more than %u", MAX_CHOSEN);
		options->reasons[options->nr_reasons++] = (uint16_t)reason;
	}
	return 0;
}

static int parse_time(const char *text, const char *option, struct time_point *point)
{
	struct error error;

	if (time_parse(text, point, &error))
		return cli_usage("%s: %s", option, error.text);
	if (point->kind == TIME_NS && point->value == 0)
		point->kind = TIME_CYCLES; /* needs no frequency */
	return 0;
}

enum {
	OPT_BY = 256,
	OPT_VM,
	OPT_REASON,
	OPT_FROM,
	OPT_TO,
	OPT_SORT,
	OPT_LIMIT,
	OPT_COLUMNS,
	OPT_JSON,
	OPT_CSV,
	OPT_COLOR,
	OPT_KHZ,
	OPT_FAIL
};

static const struct option long_options[] = {
	{ "by", required_argument, NULL, OPT_BY },
	{ "vm", required_argument, NULL, OPT_VM },
	{ "reason", required_argument, NULL, OPT_REASON },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "to", required_argument, NULL, OPT_TO },
	{ "sort", required_argument, NULL, OPT_SORT },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "columns", required_argument, NULL, OPT_COLUMNS },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "csv", no_argument, NULL, OPT_CSV },
	{ "color", required_argument, NULL, OPT_COLOR },
	{ "tsc-khz", required_argument, NULL, OPT_KHZ },
	{ "fail-on-loss", no_argument, NULL, OPT_FAIL },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int parse_sort(const char *name, struct options *options)
{
	options->sort = report_column(name);
	if (!options->sort)
		return cli_usage("--sort: %s: no such column; --help lists them", name);
	return 0;
}

static int parse_option(int c, struct options *options)
{
	struct error error;
	int rc = 0;

	switch (c) {
	case OPT_BY:
		return parse_by(optarg, options);
	case OPT_VM:
		options->vms = optarg;
		break;
	case OPT_REASON:
		return parse_reasons(optarg, options);
	case OPT_FROM:
		return parse_time(optarg, "--from", &options->from);
	case OPT_TO:
		return parse_time(optarg, "--to", &options->to);
	case OPT_SORT:
		return parse_sort(optarg, options);
	case OPT_LIMIT:
		rc = cli_parse_number(optarg, "--limit", 1, UINT32_MAX, &options->limit, &error);
		break;
	case OPT_COLUMNS:
		options->columns = optarg;
		break;
	case OPT_JSON:
		options->form = REPORT_JSON;
		break;
	case OPT_CSV:
		options->form = REPORT_CSV;
		break;
	case OPT_COLOR:
		rc = cli_parse_color(optarg, &options->color, &error);
		break;
	case OPT_KHZ:
		rc = cli_parse_number(optarg, "--tsc-khz", 1, TSC_KHZ_MAX, &options->tsc_khz,
				      &error);
		break;
	default:
		options->fail_on_loss = true;
		break;
	}
	return rc ? cli_usage("%s", error.text) : 0;
}

/* 0, or an exit status; *done where there is nothing left to do. */
static int parse_options(int argc, char **argv, struct options *options, bool *done)
{
	int c, status = 0;

	*options = (struct options){ .by = { BY_VM, BY_REASON }, .nr_by = 2 };
	/* An error in what follows is to be JSON whatever the order of the options. */
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			cli_set_json(true);
	opterr = 0;
	while (status == 0 && (c = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
		if (c == 'h') {
			*done = true;
			return print_help();
		}
		if (c == ':')
			return cli_usage("%s: needs a value; see acrntrace report --help",
					 argv[optind - 1]);
		if (c == '?')
			return cli_usage("%s: no such option; see acrntrace report --help",
					 argv[optind - 1]);
		status = parse_option(c, options);
	}
	if (status == 0 && optind == argc)
		status = cli_usage("report: no input; name a capture, or see acrntrace report "
				   "--help");
	return status;
}

/* --- VMs and times --- */

struct chosen_vms {
	int vm[MAX_CHOSEN];
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

		list = next_word(list, word, sizeof(word));
		vm = find_vm(word, header);
		if (vm < -1 || (vm >= 0 && !vm_exists(analysis, vm)))
			return unknown_vm(word, analysis);
		if (chosen->nr == MAX_CHOSEN)
			return cli_usage("--vm: more than %u", MAX_CHOSEN);
		chosen->vm[chosen->nr++] = vm;
	}
	return 0;
}

/* 0, or an exit status. */
static int find_span(const struct options *options, struct input *input,
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
	const struct options *options;
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
			      const struct options *options)
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
	struct options options;
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
	status = parse_options(argc, argv, &run->options, &done);
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
