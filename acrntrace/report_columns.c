// SPDX-License-Identifier: BSD-3-Clause
/* The columns of acrntrace report: one list for table, JSON, CSV and --help. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "acrntrace/report.h"
#include "formats/events.h"

/* --- what rows are told apart by --- */

static void set_id(struct view_value *value, int id)
{
	value->known = id >= 0;
	value->number = (uint64_t)id;
}

static void set_vm(struct view_value *value, int vm)
{
	set_id(value, vm);
	if (vm < 0)
		return;
	snprintf(value->text, sizeof(value->text), "vm%d", vm);
	value->shown = value->text;
}

static void set_vm_name(const struct stream_header *header, struct view_value *value, int vm)
{
	value->known = false;
	for (unsigned int i = 0; i < header->nr_vms; i++) {
		if (header->vms[i].id != vm || !header->vms[i].name[0])
			continue;
		value->known = true;
		snprintf(value->text, sizeof(value->text), "%s", header->vms[i].name);
	}
}

static void get_vm(const void *row, const void *context, struct view_value *value)
{
	(void)context;
	set_vm(value, ((const struct analysis_row *)row)->key.vm);
}

static void get_vm_name(const void *row, const void *context, struct view_value *value)
{
	set_vm_name(((const struct report_context *)context)->header, value,
		    ((const struct analysis_row *)row)->key.vm);
}

static void get_vcpu(const void *row, const void *context, struct view_value *value)
{
	(void)context;
	set_id(value, ((const struct analysis_row *)row)->key.vcpu);
}

static void get_pcpu(const void *row, const void *context, struct view_value *value)
{
	(void)context;
	set_id(value, ((const struct analysis_row *)row)->key.pcpu);
}

static void get_reason(const void *row, const void *context, struct view_value *value)
{
	int reason = ((const struct analysis_row *)row)->key.reason;
	const char *name = reason >= 0 ? exit_reason_name((uint16_t)reason) : NULL;

	(void)context;
	value->known = reason >= 0;
	if (name)
		snprintf(value->text, sizeof(value->text), "%s", name);
	else if (reason == ANALYSIS_REASON_OTHER)
		snprintf(value->text, sizeof(value->text), "other");
	else
		snprintf(value->text, sizeof(value->text), "reason %d", reason);
	value->shown = name ? exit_reason_short_name((uint16_t)reason) : NULL;
}

static void get_reason_id(const void *row, const void *context, struct view_value *value)
{
	int reason = ((const struct analysis_row *)row)->key.reason;

	(void)context;
	set_id(value, reason == ANALYSIS_REASON_OTHER ? -1 : reason);
}

static void set_detail(const void *row, enum analysis_detail detail, struct view_value *value)
{
	const struct analysis_key *key = &((const struct analysis_row *)row)->key;

	value->known = key->detail == detail;
	value->number = key->value;
	if (key->detail == DETAIL_OTHER)
		value->shown = "other";
}

#define GET_DETAIL(name, detail)                                                               \
	static void get_##name(const void *row, const void *context, struct view_value *value) \
	{                                                                                      \
		(void)context;                                                                 \
		set_detail(row, detail, value);                                                \
	}
GET_DETAIL(vector, DETAIL_VECTOR)
GET_DETAIL(port, DETAIL_PORT)
GET_DETAIL(msr, DETAIL_MSR)
GET_DETAIL(gpa, DETAIL_GPA)
GET_DETAIL(leaf, DETAIL_LEAF)

static void get_hypercall(const void *row, const void *context, struct view_value *value)
{
	(void)context;
	set_detail(row, DETAIL_HYPERCALL, value);
	if (value->known)
		value->shown = hypercall_name(value->number);
}

static void get_hypercall_name(const void *row, const void *context, struct view_value *value)
{
	const char *name;

	(void)context;
	set_detail(row, DETAIL_HYPERCALL, value);
	name = value->known ? hypercall_name(value->number) : NULL;
	value->known = name != NULL;
	if (name)
		snprintf(value->text, sizeof(value->text), "%s", name);
}

/* --- figures --- */

static void get_count(const void *row, const void *context, struct view_value *value)
{
	(void)context;
	value->number = ((const struct analysis_row *)row)->cycles.count;
}

static void set_share(struct view_value *value, uint64_t part, uint64_t whole)
{
	value->known = whole > 0;
	value->real = whole ? (double)part / (double)whole : 0;
}

static void get_rate(const void *row, const void *c, struct view_value *value)
{
	const struct report_context *context = c;
	double seconds = (double)context->elapsed;

	seconds /= context->header->tsc_khz ? (double)context->header->tsc_khz * 1000 : 1;
	value->known = context->header->tsc_khz && context->elapsed;
	if (value->known)
		value->real = (double)((const struct analysis_row *)row)->cycles.count / seconds;
}

static void get_exit_share(const void *row, const void *context, struct view_value *value)
{
	set_share(value, ((const struct analysis_row *)row)->cycles.count,
		  ((const struct report_context *)context)->all_exits);
}

static void get_run_share(const void *row, const void *context, struct view_value *value)
{
	(void)context;
	set_share(value, ((const struct analysis_row *)row)->hv,
		  ((const struct analysis_row *)row)->run);
}

static void get_cycles(const void *row, const void *context, struct view_value *value)
{
	(void)context;
	value->number = ((const struct analysis_row *)row)->cycles.sum;
}

static void get_hv(const void *row, const void *context, struct view_value *value)
{
	(void)context;
	value->number = ((const struct analysis_row *)row)->hv;
}

static void get_out(const void *row, const void *context, struct view_value *value)
{
	const struct analysis_row *r = row;

	(void)context;
	value->number = r->cycles.sum - r->hv;
}

/* Figures that an empty row does not have. */
static void set_figure(const struct analysis_row *row, struct view_value *value, uint64_t number)
{
	value->known = row->cycles.count > 0;
	value->number = number;
}

static void get_min(const void *row, const void *context, struct view_value *value)
{
	(void)context;
	set_figure(row, value, ((const struct analysis_row *)row)->cycles.min);
}

static void get_max(const void *row, const void *context, struct view_value *value)
{
	(void)context;
	set_figure(row, value, ((const struct analysis_row *)row)->cycles.max);
}

static void get_mean(const void *row, const void *context, struct view_value *value)
{
	const struct histogram *h = &((const struct analysis_row *)row)->cycles;
	uint64_t mean = h->count ? h->sum / h->count : 0;

	(void)context;
	if (h->count && h->sum % h->count >= h->count - h->sum % h->count)
		mean++;
	set_figure(row, value, mean);
}

#define GET_PERCENTILE(name, per_mille)                                                        \
	static void get_##name(const void *row, const void *context, struct view_value *value) \
	{                                                                                      \
		const struct histogram *h = &((const struct analysis_row *)row)->cycles;       \
                                                                                               \
		(void)context;                                                                 \
		set_figure(row, value, histogram_percentile(h, per_mille));                    \
	}
GET_PERCENTILE(p50, 500)
GET_PERCENTILE(p99, 990)
GET_PERCENTILE(p999, 999)

/* The first NR_BY_COLUMNS are those of --by, each with the data that go with it. */
const struct view_column report_columns[] = {
	{ "VM", "vm", VIEW_NUMBER, "VM (- where it never became known)", 0, get_vm },
	{ "VM_NAME", "vm_name", VIEW_TEXT, "its name", -1, get_vm_name },
	{ "VCPU", "vcpu", VIEW_NUMBER, "vCPU (- where the capture does not say)", 0, get_vcpu },
	{ "PCPU", "pcpu", VIEW_NUMBER, "pCPU", 0, get_pcpu },
	{ "REASON", "reason", VIEW_TEXT, "exit reason", 0, get_reason },
	{ "REASON_ID", "reason_id", VIEW_NUMBER, "its number", -1, get_reason_id },
	{ "VECTOR", "vector", VIEW_HEX, "vector of the exception or interrupt", 0, get_vector },
	{ "PORT", "port", VIEW_HEX, "I/O port", 0, get_port },
	{ "MSR", "msr", VIEW_HEX, "MSR", 0, get_msr },
	{ "HYPERCALL", "hypercall", VIEW_HEX, "hypercall", 0, get_hypercall },
	{ "HYPERCALL_NAME", "hypercall_name", VIEW_TEXT, "its name", -1, get_hypercall_name },
	{ "GPA", "gpa", VIEW_HEX, "guest-physical address of the EPT violation", 0, get_gpa },
	{ "LEAF", "leaf", VIEW_HEX, "CPUID leaf", 0, get_leaf },
#define NR_BY_COLUMNS 13
	{ "COUNT", "count", VIEW_NUMBER, "exits that have their vm_enter", 0, get_count },
	{ "RATE", "rate", VIEW_RATE, "exits a second", 9, get_rate },
	{ "EXIT%", "exit_share", VIEW_SHARE, "share of all exits of the capture", 3,
	  get_exit_share },
	{ "TIME", "cycles", VIEW_CYCLES, "from vm_exit to the vCPU's next vm_enter, all exits", 7,
	  get_cycles },
	{ "HV", "hv_cycles", VIEW_CYCLES, "of TIME: in the hypervisor, on the pCPU", 1, get_hv },
	{ "OUT", "scheduled_out_cycles", VIEW_CYCLES, "of TIME: scheduled out", 8, get_out },
	{ "RUN%", "run_share", VIEW_SHARE, "HV, of the time the vCPUs were on a pCPU", 2,
	  get_run_share },
	{ "MIN", "min_cycles", VIEW_CYCLES, "shortest exit", 12, get_min },
	{ "MEAN", "mean_cycles", VIEW_CYCLES, "mean length of an exit", 5, get_mean },
	{ "P50", "p50_cycles", VIEW_CYCLES, "half of the exits are not longer", 10, get_p50 },
	{ "P99", "p99_cycles", VIEW_CYCLES, "99 % of the exits are not longer", 4, get_p99 },
	{ "P99.9", "p999_cycles", VIEW_CYCLES, "99.9 % of the exits are not longer", 11, get_p999 },
	{ "MAX", "max_cycles", VIEW_CYCLES, "longest exit", 1, get_max },
};
const unsigned int nr_report_columns = sizeof(report_columns) / sizeof(report_columns[0]);

const struct view_column *report_column(const char *name)
{
	for (unsigned int i = 0; i < nr_report_columns; i++)
		if (strcasecmp(name, report_columns[i].name) == 0 ||
		    strcasecmp(name, report_columns[i].key) == 0)
			return &report_columns[i];
	return NULL;
}

bool report_is_key(const struct view_column *column)
{
	return column < report_columns + NR_BY_COLUMNS;
}

/* The column of a --by key, and what of JSON goes with it. */
static unsigned int add_by_columns(enum analysis_by by, bool vm_names,
				   const struct view_column **columns)
{
	const struct view_column *column = report_column(analysis_by_name(by));
	unsigned int nr = 0;

	columns[nr++] = column;
	if (column[1].rank < 0 && (by != BY_VM || vm_names))
		columns[nr++] = column + 1;
	return nr;
}

int report_choose_columns(const enum analysis_by *by_order, unsigned int nr_by, const char *list,
			  const struct stream_header *header, const struct view_column **columns,
			  unsigned int *nr, unsigned int *nr_keys, struct error *error)
{
	char name[32];

	*nr = 0;
	for (unsigned int i = 0; i < nr_by; i++)
		*nr += add_by_columns(by_order[i], header->nr_vms > 0, columns + *nr);
	*nr_keys = *nr;
	if (!list)
		for (unsigned int i = NR_BY_COLUMNS; i < nr_report_columns; i++)
			if (report_columns[i].type != VIEW_RATE || header->tsc_khz)
				columns[(*nr)++] = &report_columns[i];
	while (list) {
		size_t length = strcspn(list, ",");
		const struct view_column *column;

		snprintf(name, sizeof(name), "%.*s", (int)length, list);
		column = report_column(name);
		if (!column || report_is_key(column))
			return error_set(error, EINVAL,
					 "--columns: %.*s: no such column; --help lists them",
					 (int)length, list);
		if (*nr == REPORT_MAX_COLUMNS)
			return error_set(error, EINVAL, "--columns: more than %u columns",
					 REPORT_MAX_COLUMNS);
		columns[(*nr)++] = column;
		list = list[length] ? list + length + 1 : NULL;
	}
	return 0;
}

/* --- CPU time --- */

static void get_cpu_vm(const void *row, const void *context, struct view_value *value)
{
	(void)context;
	set_vm(value, ((const struct report_cpu *)row)->vm);
}

static void get_cpu_name(const void *row, const void *context, struct view_value *value)
{
	set_vm_name(((const struct report_context *)context)->header, value,
		    ((const struct report_cpu *)row)->vm);
}

static void get_cpu_share(const void *row, const void *context, struct view_value *value)
{
	const struct report_cpu *cpu = row;

	set_share(value, saturated_add(cpu->guest, cpu->hv),
		  ((const struct report_context *)context)->all_cycles);
}

static void get_cpu_guest(const void *row, const void *context, struct view_value *value)
{
	(void)context;
	value->number = ((const struct report_cpu *)row)->guest;
}

static void get_cpu_hv(const void *row, const void *context, struct view_value *value)
{
	(void)context;
	value->number = ((const struct report_cpu *)row)->hv;
}

static void get_cpu_out(const void *row, const void *context, struct view_value *value)
{
	(void)context;
	value->number = ((const struct report_cpu *)row)->out;
}

static const struct view_column cpu_columns[REPORT_CPU_COLUMNS] = {
	{ "VM", "vm", VIEW_NUMBER, "", 0, get_cpu_vm },
	{ "NAME", "name", VIEW_TEXT, "", 1, get_cpu_name },
	{ "GUEST", "guest_cycles", VIEW_CYCLES, "", 0, get_cpu_guest },
	{ "HV", "hv_cycles", VIEW_CYCLES, "", 0, get_cpu_hv },
	{ "OUT", "scheduled_out_cycles", VIEW_CYCLES, "", 0, get_cpu_out },
	{ "CPU%", "cpu_share", VIEW_SHARE, "", 0, get_cpu_share },
};
unsigned int report_cpu_columns(const struct stream_header *header,
				const struct view_column *columns[REPORT_CPU_COLUMNS])
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < REPORT_CPU_COLUMNS; i++)
		if (cpu_columns[i].get != get_cpu_name || header->nr_vms)
			columns[nr++] = &cpu_columns[i];
	return nr;
}

/* --- pCPUs --- */

#define GET_PCPU(name, field)                                               \
	static void get_pcpu_##name(const void *row, const void *context,   \
				    struct view_value *value)               \
	{                                                                   \
		(void)context;                                              \
		value->number = ((const struct analysis_pcpu *)row)->field; \
	}
GET_PCPU(number, pcpu)
GET_PCPU(records, records)
GET_PCPU(span, span)
GET_PCPU(idle, idle)
GET_PCPU(other, other)
GET_PCPU(unknown, unknown)
GET_PCPU(gaps, gaps)
GET_PCPU(breaks, breaks)

static void get_pcpu_idle_share(const void *row, const void *context, struct view_value *value)
{
	(void)context;
	set_share(value, ((const struct analysis_pcpu *)row)->idle,
		  ((const struct analysis_pcpu *)row)->span);
}

static const struct view_column pcpu_columns[] = {
	{ "PCPU", "pcpu", VIEW_NUMBER, "", 0, get_pcpu_number },
	{ "RECORDS", "records", VIEW_NUMBER, "", 0, get_pcpu_records },
	{ "SPAN", "span_cycles", VIEW_CYCLES, "", 0, get_pcpu_span },
	{ "IDLE", "idle_cycles", VIEW_CYCLES, "", 0, get_pcpu_idle },
	{ "IDLE%", "idle_share", VIEW_SHARE, "", 0, get_pcpu_idle_share },
	{ "OTHER", "other_cycles", VIEW_CYCLES, "", 0, get_pcpu_other },
	{ "UNKNOWN", "unknown_cycles", VIEW_CYCLES, "", 0, get_pcpu_unknown },
	{ "GAPS", "gaps", VIEW_NUMBER, "", -1, get_pcpu_gaps },
	{ "BREAKS", "breaks", VIEW_NUMBER, "", -1, get_pcpu_breaks },
};
const struct view_column *const report_pcpu_columns[] = {
	&pcpu_columns[0], &pcpu_columns[1], &pcpu_columns[2], &pcpu_columns[3], &pcpu_columns[4],
	&pcpu_columns[5], &pcpu_columns[6], &pcpu_columns[7], &pcpu_columns[8],
};
const unsigned int nr_report_pcpu_columns =
	sizeof(report_pcpu_columns) / sizeof(report_pcpu_columns[0]);
